#include "encoder/matrix.h"

#include "block/match.h"

namespace gossamer::encoder {

float Weights::at(size_t output, size_t input) const {
  if (!rounded()) return floats[output * inputs + input];
  return static_cast<float>(codes[output * inputs + input]) * block::from_half(scales[output]);
}

CodeRows Rounded::round(FloatRows rows, size_t depth) {
  const size_t stride = (depth + 3) / 4 * 4;
  codes.grow(rows.count * stride);
  scales.grow(rows.count);
  sums.grow(rows.count);
  for (size_t i = 0; i < rows.count; ++i) {
    scales[i] = kernels().floats.quantise(rows.at + i * rows.stride, depth, codes.data() + i * stride, &sums[i]);
    for (size_t k = depth; k < stride; ++k) codes[i * stride + k] = 0;
  }
  return {codes.data(), stride, rows.count, scales.data(), sums.data()};
}

// A panel holds (depth, panel) floats, or (depth / 4, panel, 4) codes.
size_t Matrix::start_of(size_t output) const {
  const size_t width = panel(), column = output % width;
  return (output - column) * depth_ + column * (rounded() ? 4 : 1);
}

Matrix::Matrix(std::span<const Weights> weights, std::span<const std::span<const float>> biases) {
  for (const Weights& part : weights) outputs_ += part.outputs;
  inputs_ = weights.front().inputs;
  const bool rounding = weights.front().rounded();
  depth_ = rounding ? (inputs_ + 3) / 4 * 4 : inputs_;
  const size_t room = padded(outputs_);
  bias_ = Buffer<float>(room);
  if (rounding) {
    codes_ = Buffer<int8_t>(room * depth_);
    scales_ = Buffer<float>(room);
  } else {
    floats_ = Buffer<float>(room * depth_);
  }
  size_t first = 0;
  for (size_t part = 0; part < weights.size(); first += weights[part++].outputs) {
    const Weights& of_part = weights[part];
    for (size_t output = 0; output < of_part.outputs; ++output) {
      if (!biases[part].empty()) bias_[first + output] = biases[part][output];
      if (rounding) scales_[first + output] = block::from_half(of_part.scales[output]);
      const size_t to = start_of(first + output), from = output * inputs_;
      if (rounding)
        for (size_t k = 0; k < inputs_; ++k) codes_[to + step(k)] = of_part.codes[from + k];
      else
        for (size_t k = 0; k < inputs_; ++k) floats_[to + step(k)] = of_part.floats[from + k];
    }
  }
}

Matrix::Matrix(const Weights& weights, std::span<const float> bias, std::span<const uint32_t> order) {
  std::vector<Weights> rows;
  std::vector<std::span<const float>> biases;
  for (const uint32_t from : order) {
    rows.push_back({1, weights.inputs, weights.rounded() ? nullptr : weights.floats + from * weights.inputs,
                    weights.rounded() ? weights.codes + from * weights.inputs : nullptr,
                    weights.rounded() ? weights.scales + from : nullptr});
    biases.push_back(bias.empty() ? bias : bias.subspan(from, 1));
  }
  *this = Matrix(rows, biases);
}

void Matrix::multiply(FloatRows rows, float* out, size_t out_stride, Rounded& scratch) const {
  const size_t width = panel();
  if (rounded()) {
    const CodeRows codes = scratch.round(rows, inputs_);
    for (size_t p = 0; p < panels(); ++p)
      kernels().codes.multiply(codes, depth_ / 4, codes_.data() + p * width * depth_, scales_.data() + p * width,
                               bias_.data() + p * width, out + p * width, out_stride);
    return;
  }
  for (size_t p = 0; p < panels(); ++p)
    kernels().floats.multiply(rows, depth_, floats_.data() + p * width * depth_, bias_.data() + p * width, out + p * width,
                              out_stride);
}

void Matrix::largest(FloatRows rows, size_t p, float* best) const {
  const size_t width = panel();
  kernels().floats.largest(rows, depth_, floats_.data() + p * width * depth_, bias_.data() + p * width, best);
}

void Matrix::largest(CodeRows rows, size_t p, float* best) const {
  const size_t width = panel();
  kernels().codes.largest(rows, depth_ / 4, codes_.data() + p * width * depth_, scales_.data() + p * width,
                          bias_.data() + p * width, best);
}

void Matrix::weights_of(size_t output, float* out) const {
  const size_t start = start_of(output);
  if (rounded())
    for (size_t k = 0; k < inputs_; ++k) out[k] = static_cast<float>(codes_[start + step(k)]) * scales_[output];
  else
    for (size_t k = 0; k < inputs_; ++k) out[k] = floats_[start + step(k)];
}

}  // namespace gossamer::encoder
