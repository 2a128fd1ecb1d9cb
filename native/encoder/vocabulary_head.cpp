#include "encoder/vocabulary_head.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace gossamer::encoder {

namespace {

// Sums of products in float32 may differ from real ones by this share of |h| |e|, for a thousand products.
constexpr double kRounding = 1e-4;

double norm_of(const float* values, size_t n) {
  double squares = 0;
  for (size_t i = 0; i < n; ++i) squares += double{values[i]} * double{values[i]};
  return std::sqrt(squares);
}

double norm_of(const CodeRows& rows, size_t row) {
  int64_t squares = 0;
  for (size_t i = 0; i < rows.stride; ++i) squares += rows.at[row * rows.stride + i] * rows.at[row * rows.stride + i];
  return std::sqrt(static_cast<double>(squares)) * double{rows.scales[row]};
}

CodeRows part(const CodeRows& rows, size_t first, size_t last) {
  return {rows.at + first * rows.stride, rows.stride, last - first, rows.scales + first, rows.sums + first};
}

float weigh(float logit, Sparsity::Weight weight) {
  if (weight == Sparsity::Weight::relu) return logit;
  const float once = std::log1p(logit);
  return weight == Sparsity::Weight::log1p ? once : std::log1p(once);
}

// Logits of words that have one above 0, in any order, become the text's vector.
void finish(Row& row, const Sparsity& sparsity) {
  float top = 0;
  for (Entry& entry : row) top = std::max(top, entry.weight = weigh(entry.weight, sparsity.weight));
  const float least = std::max(sparsity.threshold, sparsity.prune * top);
  std::erase_if(row, [least](const Entry& entry) { return !(entry.weight > least); });
  if (row.size() > sparsity.most) {
    std::nth_element(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(sparsity.most), row.end(),
                     [](const Entry& a, const Entry& b) { return a.weight != b.weight ? a.weight > b.weight : a.word < b.word; });
    row.resize(sparsity.most);
  }
  std::sort(row.begin(), row.end(), [](const Entry& a, const Entry& b) { return a.word < b.word; });
}

}  // namespace

WordOrder words_in_order(const Weights& words, std::span<const float> bias) {
  std::vector<float> bound(words.outputs);
  std::vector<float> weights(words.inputs);
  for (size_t word = 0; word < words.outputs; ++word) {
    for (size_t k = 0; k < words.inputs; ++k) weights[k] = words.at(word, k);
    const double norm = norm_of(weights.data(), weights.size()), plus = bias.empty() ? 0 : double{bias[word]};
    const double exact = plus > 0 ? 0 : norm > 0 ? -plus / norm : std::numeric_limits<double>::infinity();
    bound[word] = static_cast<float>(exact);
  }
  WordOrder made;
  made.order.resize(words.outputs);
  std::iota(made.order.begin(), made.order.end(), 0u);
  std::stable_sort(made.order.begin(), made.order.end(), [&](uint32_t a, uint32_t b) { return bound[a] < bound[b]; });
  for (const uint32_t word : made.order) made.bounds.push_back(bound[word]);
  return made;
}

VocabularyHead::VocabularyHead(const Shape& shape, const Linear& transform, Norm norm, std::shared_ptr<const Matrix> words,
                               std::vector<uint32_t> order, std::vector<float> bounds)
    : shape_(shape),
      transform_(std::array{transform.weights}, std::array{transform.bias}),
      norm_(std::move(norm)),
      words_(std::move(words)),
      order_(std::move(order)),
      bounds_(std::move(bounds)) {}

// The states that count, end to end in scratch.rows.
Starts VocabularyHead::gather(std::span<const uint32_t> ids, const Starts& starts, const Counted& counted,
                              Scratch& scratch) const {
  const size_t stride = padded(shape_.width);
  float* const rows = scratch.rows.grow(ids.size() * stride);
  Starts kept{0};
  size_t count = 0;
  for (size_t text = 0; text + 1 < starts.size(); ++text) {
    for (size_t row = starts[text]; row < starts[text + 1]; ++row) {
      if (!counted.has(row - starts[text], starts[text + 1] - starts[text], ids[row])) continue;
      std::copy_n(scratch.hidden.data() + row * stride, stride, rows + count++ * stride);
    }
    kept.push_back(count);
  }
  return kept;
}

void VocabularyHead::transform(const float* states, size_t count, Scratch& scratch) const {
  const size_t stride = padded(shape_.width);
  float* const rows = scratch.transformed.grow(count * stride);
  transform_.multiply({states, stride, count}, rows, stride, scratch.rounded);
  activate(shape_.activation, rows, count * stride);
  const std::vector<float> nothing(shape_.width);
  for (size_t i = 0; i < count; ++i)
    kernels().floats.add_and_normalise(rows + i * stride, nothing.data(), norm_.scale.data(), norm_.shift.data(), shape_.epsilon,
                                       shape_.width, rows + i * stride);
}

size_t VocabularyHead::panels_within(float norm) const {
  const auto outputs = static_cast<size_t>(std::upper_bound(bounds_.begin(), bounds_.end(), norm) - bounds_.begin());
  return (outputs + words_->panel() - 1) / words_->panel();
}

std::vector<Row> VocabularyHead::apply(std::span<const uint32_t> ids, const Starts& starts, const Counted& counted,
                                       const std::vector<bool>& left_out, const Sparsity& sparsity, Scratch& scratch) const {
  const size_t stride = padded(shape_.width), texts = starts.size() - 1;
  const Starts kept = gather(ids, starts, counted, scratch);
  const size_t count = kept.back();
  transform(scratch.rows.data(), count, scratch);
  const float* const rows = scratch.transformed.data();
  CodeRows codes{};
  if (words_->rounded()) codes = scratch.rounded.round({rows, stride, count}, shape_.width);

  std::vector<size_t> panels(texts);  // that each text needs
  for (size_t text = 0; text < texts; ++text) {
    double norm = 0;
    for (size_t i = kept[text]; i < kept[text + 1]; ++i)
      norm = std::max(norm, words_->rounded() ? norm_of(codes, i) : norm_of(rows + i * stride, shape_.width));
    panels[text] = kept[text] == kept[text + 1] ? 0 : panels_within(static_cast<float>(norm * (1 + kRounding)));
  }

  std::vector<Row> vectors(texts);
  const size_t width = words_->panel();
  for (size_t p = 0; p < words_->panels(); ++p)
    for (size_t text = 0; text < texts; ++text) {
      if (p >= panels[text]) continue;
      float best[kWidest];
      if (words_->rounded()) words_->largest(part(codes, kept[text], kept[text + 1]), p, best);
      else words_->largest(FloatRows{rows + kept[text] * stride, stride, kept[text + 1] - kept[text]}, p, best);
      for (size_t i = 0, output = p * width; i < width && output < order_.size(); ++i, ++output)
        if (best[i] > 0 && (left_out.empty() || !left_out[order_[output]])) vectors[text].push_back({order_[output], best[i]});
    }
  for (Row& row : vectors) finish(row, sparsity);
  return vectors;
}

}  // namespace gossamer::encoder
