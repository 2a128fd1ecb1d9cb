// What the forward pass of a transformer does with numbers, for one instruction set. The algorithms stand once, in
// kernels_body.h; each instruction set is a thin file; kernels.cpp picks by cpu_level().
//
// Weights lie in panels of `panel` outputs: all inputs of one panel, then the next panel. One panel times a few rows stays in
// registers for all inputs (the outer product of Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication",
// 2008), and one panel stays in the first-level cache for all rows. A row's result depends on no other row.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gossamer::encoder {

struct FloatRows {
  const float* at;
  size_t stride, count;  // floats from row to row; rows
};

// Rows rounded to int8 in [-127, 127]: value = code * scale. The stride is a multiple of 4, codes beyond the depth are 0.
struct CodeRows {
  const int8_t* at;
  size_t stride, count;
  const float* scales;
  const int32_t* sums;  // of the codes of each row
};

struct FloatKernels {
  size_t panel;
  // out[row][0 .. panel) = bias + rows . panel; `panel_at`: depth x panel floats.
  void (*multiply)(FloatRows rows, size_t depth, const float* panel_at, const float* bias, float* out, size_t out_stride);
  // best[0 .. panel) = bias + the largest product over the rows, of which there is at least one.
  void (*largest)(FloatRows rows, size_t depth, const float* panel_at, const float* bias, float* best);
  void (*gelu)(float* values, size_t n);  // x Phi(x), by erf
  void (*relu)(float* values, size_t n);
  // out = (v - mean) / sqrt(variance + epsilon) * scale + shift, where v = x + residual; `out` may be `x`.
  void (*add_and_normalise)(const float* x, const float* residual, const float* scale, const float* shift, float epsilon,
                            size_t n, float* out);
  void (*softmax)(float* values, size_t n, float factor);  // of factor * values
  float (*quantise)(const float* values, size_t n, int8_t* codes, int32_t* sum);  // the scale
};

// `panel_at`: (depth / 4, panel, 4) codes, `scales` one an output. Sums of products are exact integers, alike everywhere.
struct CodeKernels {
  size_t panel;
  void (*multiply)(CodeRows rows, size_t quads, const int8_t* panel_at, const float* scales, const float* bias, float* out,
                   size_t out_stride);
  void (*largest)(CodeRows rows, size_t quads, const int8_t* panel_at, const float* scales, const float* bias, float* best);
};

struct Kernels {
  FloatKernels floats;
  CodeKernels codes;
};

constexpr size_t kWidest = 64;  // a multiple of every panel
constexpr size_t padded(size_t n) { return (n + kWidest - 1) / kWidest * kWidest; }

const Kernels& kernels();  // those for cpu_level()

Kernels kernels_portable();
Kernels kernels_neon();
Kernels kernels_avx2();
FloatKernels float_kernels_avx512();
CodeKernels code_kernels_avx512();  // needs VNNI

}  // namespace gossamer::encoder
