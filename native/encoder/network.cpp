#include "encoder/network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace gossamer::encoder {

namespace {

constexpr size_t kQueries = 64;  // rows whose scores are computed at a time: with 512 keys they fit into the second-level cache

// (count, depth) of rows becomes panels of `count` outputs.
void pack_outputs(FloatRows rows, size_t depth, size_t panel, float* out) {
  for (size_t first = 0; first < rows.count; first += panel)
    for (size_t k = 0; k < depth; ++k, out += panel)
      for (size_t i = 0; i < panel; ++i) out[i] = first + i < rows.count ? rows.at[(first + i) * rows.stride + k] : 0;
}

// (count, width) of rows becomes panels of `width` outputs and `count` inputs.
void pack_inputs(FloatRows rows, size_t width, size_t panel, float* out) {
  for (size_t first = 0; first < width; first += panel)
    for (size_t i = 0; i < rows.count; ++i, out += panel) {
      const size_t used = std::min(panel, width - first);
      std::copy_n(rows.at + i * rows.stride + first, used, out);
      std::fill(out + used, out + panel, 0.0f);
    }
}

constexpr std::array<float, kWidest> kNoBias{};

void add_and_normalise(const float* x, size_t x_stride, float* hidden, size_t stride, const Norm& norm, const Shape& shape,
                       size_t rows) {
  for (size_t i = 0; i < rows; ++i)
    kernels().floats.add_and_normalise(x + i * x_stride, hidden + i * stride, norm.scale.data(), norm.shift.data(),
                                       shape.epsilon, shape.width, hidden + i * stride);
}

}  // namespace

void activate(Activation activation, float* values, size_t n) {
  (activation == Activation::gelu ? kernels().floats.gelu : kernels().floats.relu)(values, n);
}

Layer::Layer(const LayerWeights& w, const Shape& shape)
    : shape_(shape),
      projections_(std::array{w.query.weights, w.key.weights, w.value.weights}, std::array{w.query.bias, w.key.bias, w.value.bias}),
      attention_(std::array{w.attention.weights}, std::array{w.attention.bias}),
      up_(std::array{w.up.weights}, std::array{w.up.bias}),
      down_(std::array{w.down.weights}, std::array{w.down.bias}),
      attention_norm_(w.attention_norm),
      output_norm_(w.output_norm) {}

void Layer::apply(const Starts& starts, Scratch& scratch) const {
  const size_t rows = starts.back(), stride = padded(shape_.width), wide = padded(3 * shape_.width);
  float* const hidden = scratch.hidden.data();
  projections_.multiply({hidden, stride, rows}, scratch.projected.grow(rows * wide), wide, scratch.rounded);
  scratch.mixed.grow(rows * (stride + kWidest));
  for (size_t text = 0; text + 1 < starts.size(); ++text)
    for (size_t head = 0; head < shape_.heads; ++head) attend(starts[text], starts[text + 1] - starts[text], head, scratch);

  float* const sums = scratch.projected.data();
  attention_.multiply({scratch.mixed.data(), stride + kWidest, rows}, sums, wide, scratch.rounded);
  add_and_normalise(sums, wide, hidden, stride, attention_norm_, shape_, rows);

  const size_t inner = padded(shape_.inner);
  up_.multiply({hidden, stride, rows}, scratch.inner.grow(rows * inner), inner, scratch.rounded);
  activate(shape_.activation, scratch.inner.data(), rows * inner);
  down_.multiply({scratch.inner.data(), inner, rows}, sums, wide, scratch.rounded);
  add_and_normalise(sums, wide, hidden, stride, output_norm_, shape_, rows);
}

// One head of one text: softmax(Q K' / sqrt(d)) V by the kernels that multiply weights. A head's output may run into the columns
// of the next head, which writes them later, and that of the last one into the padding.
void Layer::attend(size_t first, size_t count, size_t head, Scratch& scratch) const {
  const FloatKernels& kernel = kernels().floats;
  const size_t width = shape_.width, depth = width / shape_.heads, wide = padded(3 * width), mixed = padded(width) + kWidest;
  const float* const queries = scratch.projected.data() + first * wide + head * depth;
  const size_t keys = padded(count), outputs = padded(depth);
  pack_outputs({queries + width, wide, count}, depth, kernel.panel, scratch.keys.grow(keys * depth));
  pack_inputs({queries + 2 * width, wide, count}, depth, kernel.panel, scratch.values.grow(outputs * count));
  float* const scores = scratch.scores.grow(kQueries * keys);
  const float factor = 1 / std::sqrt(static_cast<float>(depth));
  for (size_t from = 0; from < count; from += kQueries) {
    const size_t rows = std::min(kQueries, count - from);
    for (size_t key = 0; key < count; key += kernel.panel)
      kernel.multiply({queries + from * wide, wide, rows}, depth, scratch.keys.data() + key * depth, kNoBias.data(),
                      scores + key, keys);
    for (size_t i = 0; i < rows; ++i) kernel.softmax(scores + i * keys, count, factor);
    for (size_t column = 0; column < depth; column += kernel.panel)
      kernel.multiply({scores, keys, rows}, count, scratch.values.data() + column * count, kNoBias.data(),
                      scratch.mixed.data() + (first + from) * mixed + head * depth + column, mixed);
  }
}

Network::Network(const Shape& shape, std::shared_ptr<const Matrix> words, std::vector<uint32_t> slots, std::vector<float> position,
                 Norm norm, std::vector<Layer> layers)
    : shape_(shape),
      words_(std::move(words)),
      slots_(std::move(slots)),
      position_(std::move(position)),
      norm_(std::move(norm)),
      layers_(std::move(layers)) {}

void Network::run(std::span<const uint32_t> ids, const Starts& starts, Scratch& scratch) const {
  float* const hidden = scratch.hidden.grow(ids.size() * stride());
  for (size_t text = 0; text + 1 < starts.size(); ++text)
    for (size_t row = starts[text]; row < starts[text + 1]; ++row) {
      float* const at = hidden + row * stride();
      words_->weights_of(slots_.empty() ? ids[row] : slots_[ids[row]], at);
      kernels().floats.add_and_normalise(at, position_.data() + (row - starts[text]) * shape_.width, norm_.scale.data(),
                                         norm_.shift.data(), shape_.epsilon, shape_.width, at);
    }
  for (const Layer& layer : layers_) layer.apply(starts, scratch);
}

}  // namespace gossamer::encoder
