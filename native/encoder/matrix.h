// The weights of a linear map as the kernels want them, in float32 or int8.
//
// int8 is symmetric: weight = code * scale with one float16 scale an output; activations are rounded the same way, row by
// row, when they come (Dettmers et al., "LLM.int8()", 2022, without outliers: sums of a model this size have none).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "encoder/buffer.h"
#include "encoder/kernels.h"

namespace gossamer::encoder {

// Row-major weights as a checkpoint has them, (outputs, inputs): floats, or codes with scales.
struct Weights {
  size_t outputs = 0, inputs = 0;
  const float* floats = nullptr;
  const int8_t* codes = nullptr;
  const uint16_t* scales = nullptr;  // float16, one an output

  bool rounded() const { return codes != nullptr; }
  float at(size_t output, size_t input) const;
};

// Rows of activations rounded to int8.
struct Rounded {
  Buffer<int8_t> codes;
  Buffer<float> scales;
  Buffer<int32_t> sums;

  CodeRows round(FloatRows rows, size_t depth);
};

class Matrix {
 public:
  Matrix() = default;
  // The outputs of several maps of one input, side by side; `biases` as many as weights, each empty or one value an output.
  Matrix(std::span<const Weights> weights, std::span<const std::span<const float>> biases);
  explicit Matrix(const Weights& weights) : Matrix(std::span(&weights, 1), std::array<std::span<const float>, 1>{}) {}
  // One map whose outputs come in another order: output `order[i]` of the weights is output i.
  Matrix(const Weights& weights, std::span<const float> bias, std::span<const uint32_t> order);

  size_t outputs() const { return outputs_; }
  size_t inputs() const { return inputs_; }
  bool rounded() const { return codes_.size() != 0; }
  size_t panel() const { return rounded() ? kernels().codes.panel : kernels().floats.panel; }
  size_t panels() const { return (outputs_ + panel() - 1) / panel(); }

  // out[row][0 .. padded(outputs)) for every row, zeros beyond the outputs; out_stride at least padded(outputs).
  void multiply(FloatRows rows, float* out, size_t out_stride, Rounded& scratch) const;

  // The largest value of each output of a panel over the rows.
  void largest(FloatRows rows, size_t panel, float* best) const;
  void largest(CodeRows rows, size_t panel, float* best) const;

  void weights_of(size_t output, float* out) const;  // its `inputs` weights

 private:
  size_t start_of(size_t output) const;  // the place of its first weight; `step` gives the others
  size_t step(size_t input) const { return rounded() ? (input / 4 * panel() * 4) + input % 4 : input * panel(); }

  size_t outputs_ = 0, inputs_ = 0, depth_ = 0;  // depth: inputs, for codes a multiple of 4
  Buffer<float> floats_, bias_, scales_;
  Buffer<int8_t> codes_;
};

}  // namespace gossamer::encoder
