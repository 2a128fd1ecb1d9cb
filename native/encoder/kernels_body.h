// The algorithms of kernels.h over the vectors of an instruction set, a struct Isa:
//   Float, Int     vectors of kLanes floats and of kLanes int32
//   fma(a, b, c)   a * b + c
//   dot4(sum, codes, weights)   adds, in each int32 lane, four products of int8; `codes` are those of one row in every lane
//   kRows, kCodeRows, kVectors  how many rows and vectors of outputs stay in registers
//   kUnsigned      whether dot4 takes weights + 128 for weights, so that 128 * sum(codes) must go
// Everything here has internal linkage: the same template is compiled for several instruction sets in one program.
#pragma once

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <type_traits>

#include "encoder/kernels.h"

#define GOSSAMER_INLINE inline __attribute__((always_inline))

namespace gossamer::encoder {

namespace {

template <class Isa>
struct Body {
  using Float = typename Isa::Float;
  using Int = typename Isa::Int;
  static constexpr size_t kLanes = Isa::kLanes, kVectors = Isa::kVectors, kPanel = kLanes * kVectors;

  static GOSSAMER_INLINE Float load(const float* at) {
    Float value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  static GOSSAMER_INLINE void store(float* at, Float value) { std::memcpy(at, &value, sizeof value); }
  static GOSSAMER_INLINE Float splat(float value) { return value - Float{}; }
  static GOSSAMER_INLINE Int splat(int32_t value) { return value - Int{}; }
  static GOSSAMER_INLINE Float larger(Float a, Float b) { return a > b ? a : b; }
  static GOSSAMER_INLINE Float smaller(Float a, Float b) { return a < b ? a : b; }
  static GOSSAMER_INLINE Float to_float(Int value) { return __builtin_convertvector(value, Float); }

  static float sum(Float value) {
    float lanes[kLanes], total = 0;
    std::memcpy(lanes, &value, sizeof value);
    for (const float lane : lanes) total += lane;
    return total;
  }
  static float largest(Float value) {
    float lanes[kLanes];
    std::memcpy(lanes, &value, sizeof value);
    float most = lanes[0];
    for (const float lane : lanes) most = lane > most ? lane : most;
    return most;
  }

  // Calls each(vector at, lanes in use) for n values; `rest` fills the lanes beyond.
  template <class Each>
  static GOSSAMER_INLINE void over(const float* values, size_t n, float rest, Each each) {
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) each(i, load(values + i), kLanes);
    if (i == n) return;
    Float part = splat(rest);
    std::memcpy(&part, values + i, (n - i) * sizeof(float));
    each(i, part, n - i);
  }
  static GOSSAMER_INLINE void store_part(float* at, Float value, size_t lanes) {
    if (lanes == kLanes) store(at, value);
    else std::memcpy(at, &value, lanes * sizeof(float));
  }

  // e^x within two units in the last place, for x <= 0: 2^n times a polynomial of the rest (Cephes' coefficients).
  static GOSSAMER_INLINE Float exp(Float x) {
    x = larger(x, splat(-87.0f));
    constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which its low bits then hold
    const Float shifted = Isa::fma(x, splat(1.44269504088896341f), splat(kRound));
    const Float whole = shifted - kRound;
    Float rest = Isa::fma(whole, splat(-0.693359375f), x);
    rest = Isa::fma(whole, splat(2.12194440e-4f), rest);
    Float power = splat(1.9875691500e-4f);
    for (const float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
      power = Isa::fma(power, rest, splat(c));
    power = Isa::fma(power, rest * rest, rest + 1.0f);
    Int bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    Int of_power;
    std::memcpy(&of_power, &power, sizeof power);
    of_power += bits << 23;
    std::memcpy(&power, &of_power, sizeof power);
    return power;
  }

  // 1 - erf(|x|) within 1.5e-7: Abramowitz & Stegun, "Handbook of Mathematical Functions" (1964), 7.1.26.
  static GOSSAMER_INLINE Float erfc_of_size(Float size) {
    const Float t = 1.0f / Isa::fma(size, splat(0.3275911f), splat(1.0f));
    Float sum = splat(1.061405429f);
    for (const float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f}) sum = Isa::fma(sum, t, splat(c));
    return sum * t * exp(-size * size);
  }

  static void gelu(float* values, size_t n) {
    over(values, n, 0, [&](size_t i, Float x, size_t lanes) {
      const Float size = larger(x, -x);
      // x Phi(x) = max(x, 0) - |x| / 2 erfc(|x| / sqrt 2): no difference of nearly equal numbers on either side.
      const Float tail = 0.5f * size * erfc_of_size(size * 0.70710678118654752f);
      store_part(values + i, larger(x, Float{}) - tail, lanes);
    });
  }

  static void relu(float* values, size_t n) {
    over(values, n, 0, [&](size_t i, Float x, size_t lanes) { store_part(values + i, larger(x, Float{}), lanes); });
  }

  static void add_and_normalise(const float* x, const float* residual, const float* scale, const float* shift, float epsilon,
                                size_t n, float* out) {
    Float total{};
    over(x, n, 0, [&](size_t i, Float value, size_t lanes) {
      Float more{};
      std::memcpy(&more, residual + i, lanes * sizeof(float));
      value += more;
      total += value;
      store_part(out + i, value, lanes);
    });
    const float mean = sum(total) / static_cast<float>(n);
    Float squares{};
    over(out, n, mean, [&](size_t, Float value, size_t) { squares = Isa::fma(value - mean, value - mean, squares); });
    const float factor = 1.0f / std::sqrt(sum(squares) / static_cast<float>(n) + epsilon);
    over(out, n, 0, [&](size_t i, Float value, size_t lanes) {
      Float by{}, plus{};
      std::memcpy(&by, scale + i, lanes * sizeof(float));
      std::memcpy(&plus, shift + i, lanes * sizeof(float));
      store_part(out + i, Isa::fma((value - mean) * factor, by, plus), lanes);
    });
  }

  static void softmax(float* values, size_t n, float factor) {
    Float most = splat(-std::numeric_limits<float>::infinity()), total{};
    over(values, n, -std::numeric_limits<float>::infinity(), [&](size_t, Float x, size_t) { most = larger(x, most); });
    const float top = largest(most);
    over(values, n, 0, [&](size_t i, Float x, size_t lanes) {
      const Float power = exp((x - top) * factor);
      store_part(values + i, power, lanes);
      if (lanes == kLanes) total += power;
    });
    float whole = sum(total);
    for (size_t i = n / kLanes * kLanes; i < n; ++i) whole += values[i];
    const float share = 1.0f / whole;
    over(values, n, 0, [&](size_t i, Float x, size_t lanes) { store_part(values + i, x * share, lanes); });
  }

  static float quantise(const float* values, size_t n, int8_t* codes, int32_t* sum_of_codes) {
    typedef int8_t Bytes __attribute__((vector_size(kLanes)));
    Float most{};
    over(values, n, 0, [&](size_t, Float x, size_t) { most = larger(most, larger(x, -x)); });
    const float top = largest(most), scale = top / 127.0f, factor = top > 0 ? 127.0f / top : 0.0f;
    constexpr float kRound = 12582912.0f;
    Int total{};
    over(values, n, 0, [&](size_t i, Float x, size_t lanes) {
      const Float shifted = x * factor + kRound;
      Int bits;
      std::memcpy(&bits, &shifted, sizeof bits);
      const Int code = bits - 0x4B400000;
      total += code;
      const Bytes bytes = __builtin_convertvector(code, Bytes);
      std::memcpy(codes + i, &bytes, lanes);
    });
    int32_t lanes[kLanes], whole = 0;
    std::memcpy(lanes, &total, sizeof lanes);
    for (const int32_t lane : lanes) whole += lane;
    *sum_of_codes = whole;
    return scale;
  }

  // Calls tile(number of rows as a type, first row) until all rows are done; the last tile is as small as it must be.
  template <size_t kMost, class Tile>
  static GOSSAMER_INLINE void in_tiles(size_t rows, Tile tile) {
    size_t row = 0;
    for (; row + kMost <= rows; row += kMost) tile(std::integral_constant<size_t, kMost>{}, row);
    if constexpr (kMost > 1) last_tile<kMost - 1>(rows - row, row, tile);
  }
  template <size_t kRows, class Tile>
  static GOSSAMER_INLINE void last_tile(size_t left, size_t row, Tile& tile) {
    if (left == kRows) tile(std::integral_constant<size_t, kRows>{}, row);
    else if constexpr (kRows > 1) last_tile<kRows - 1>(left, row, tile);
  }

  // Calls sink(row, vector, sums) for a tile of rows times one panel.
  template <size_t kRows, class Sink>
  static GOSSAMER_INLINE void float_tile(const float* rows, size_t stride, size_t depth, const float* panel, Sink sink) {
    Float sums[kRows][kVectors];
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = Float{};
    for (size_t k = 0; k < depth; ++k, panel += kPanel) {
      Float weights[kVectors];
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) weights[v] = load(panel + v * kLanes);
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        const Float x = splat(rows[r * stride + k]);
#pragma GCC unroll 8
        for (size_t v = 0; v < kVectors; ++v) sums[r][v] = Isa::fma(x, weights[v], sums[r][v]);
      }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) sink(r, v, sums[r][v]);
  }

  template <size_t kRows, class Sink>
  static GOSSAMER_INLINE void code_tile(const CodeRows& rows, size_t first, size_t quads, const int8_t* panel, Sink sink) {
    const int8_t* const codes = rows.at + first * rows.stride;
    Int sums[kRows][kVectors];
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] = splat(Isa::kUnsigned ? -128 * rows.sums[first + r] : 0);
    for (size_t k = 0; k < quads; ++k, panel += kPanel * 4) {
      Int weights[kVectors];
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) std::memcpy(&weights[v], panel + v * sizeof(Int), sizeof(Int));
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) {
        int32_t four;
        std::memcpy(&four, codes + r * rows.stride + 4 * k, 4);
        const Int x = splat(four);
#pragma GCC unroll 8
        for (size_t v = 0; v < kVectors; ++v) sums[r][v] = Isa::dot4(sums[r][v], x, weights[v]);
      }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) sink(r, v, to_float(sums[r][v]));
  }

  static void multiply(FloatRows rows, size_t depth, const float* panel, const float* bias, float* out, size_t out_stride) {
    in_tiles<Isa::kRows>(rows.count, [&](auto size, size_t first) __attribute__((always_inline)) {
      float_tile<size()>(rows.at + first * rows.stride, rows.stride, depth, panel, [&](size_t r, size_t v, Float value) __attribute__((always_inline)) {
        store(out + (first + r) * out_stride + v * kLanes, value + load(bias + v * kLanes));
      });
    });
  }

  static void largest_of_rows(FloatRows rows, size_t depth, const float* panel, const float* bias, float* best) {
    Float most[kVectors];
    for (Float& of_vector : most) of_vector = splat(-std::numeric_limits<float>::infinity());
    in_tiles<Isa::kRows>(rows.count, [&](auto size, size_t first) __attribute__((always_inline)) {
      float_tile<size()>(rows.at + first * rows.stride, rows.stride, depth, panel,
                         [&](size_t, size_t v, Float value) __attribute__((always_inline)) { most[v] = larger(value, most[v]); });
    });
    for (size_t v = 0; v < kVectors; ++v) store(best + v * kLanes, most[v] + load(bias + v * kLanes));
  }

  static void multiply_codes(CodeRows rows, size_t quads, const int8_t* panel, const float* scales, const float* bias, float* out,
                             size_t out_stride) {
    in_tiles<Isa::kCodeRows>(rows.count, [&](auto size, size_t first) __attribute__((always_inline)) {
      code_tile<size()>(rows, first, quads, panel, [&](size_t r, size_t v, Float value) __attribute__((always_inline)) {
        const Float scale = load(scales + v * kLanes) * rows.scales[first + r];
        store(out + (first + r) * out_stride + v * kLanes, value * scale + load(bias + v * kLanes));
      });
    });
  }

  static void largest_of_codes(CodeRows rows, size_t quads, const int8_t* panel, const float* scales, const float* bias,
                               float* best) {
    Float most[kVectors];
    for (Float& of_vector : most) of_vector = splat(-std::numeric_limits<float>::infinity());
    in_tiles<Isa::kCodeRows>(rows.count, [&](auto size, size_t first) __attribute__((always_inline)) {
      code_tile<size()>(rows, first, quads, panel, [&](size_t r, size_t v, Float value) __attribute__((always_inline)) {
        most[v] = larger(value * rows.scales[first + r], most[v]);
      });
    });
    for (size_t v = 0; v < kVectors; ++v)
      store(best + v * kLanes, most[v] * load(scales + v * kLanes) + load(bias + v * kLanes));
  }

  static FloatKernels floats() { return {kPanel, multiply, largest_of_rows, gelu, relu, add_and_normalise, softmax, quantise}; }
  static CodeKernels codes() { return {kPanel, multiply_codes, largest_of_codes}; }
};

}  // namespace

}  // namespace gossamer::encoder
