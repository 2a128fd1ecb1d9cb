#include "block/build.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "block/list_builder.h"

namespace gossamer::block {

namespace {

constexpr uint32_t kDirect = 1u << 26;                // columns below this are numbered by a table
constexpr uint64_t kTogether = uint64_t{16} << 20;  // postings that a thread sorts at once

// Forward values as they are stored, and read back as float32.
struct Stored {
  std::vector<uint8_t> bytes;
  std::vector<float> scales;
  std::vector<float> decoded;
};

Stored store(const Matrix& matrix, ValueKind kind) {
  Stored stored;
  const size_t entries = matrix.values.size();
  stored.bytes.resize(entries * bytes_of(kind));
  if (kind == ValueKind::f32) {
    if (entries > 0) std::memcpy(stored.bytes.data(), matrix.values.data(), entries * 4);
    return stored;
  }
  stored.decoded.resize(entries);
  for (size_t row = 0; row < matrix.rows(); ++row) {
    const auto from = static_cast<size_t>(matrix.indptr[row]), to = static_cast<size_t>(matrix.indptr[row + 1]);
    float largest = 0;
    for (size_t i = from; i < to; ++i) largest = std::max(largest, matrix.values[i]);
    const float scale = largest / 255.0f;
    if (kind == ValueKind::u8) stored.scales.push_back(scale);
    for (size_t i = from; i < to; ++i) {
      if (kind == ValueKind::u8) {
        const float code = scale > 0 ? std::clamp(std::nearbyint(matrix.values[i] / scale), 1.0f, 255.0f) : 0;
        stored.bytes[i] = static_cast<uint8_t>(code);
        stored.decoded[i] = code * scale;
      } else {
        const uint16_t half = to_half(matrix.values[i]);
        std::memcpy(stored.bytes.data() + 2 * i, &half, 2);
        stored.decoded[i] = from_half(half);
      }
    }
  }
  return stored;
}

class Builder : RowSource {
 public:
  Builder(const Matrix& matrix, const BuildOptions& options) : matrix_(matrix), options_(options) {}

  std::vector<Section> run() {
    Stored stored = store(matrix_, options_.values);
    values_ = options_.values == ValueKind::f32 ? matrix_.values : std::span<const float>(stored.decoded);
    number_terms();
    layers_ = Layers::up_to(values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end()));
    ListBuilder lists(*this, postings_, layers_, kTogether * options_.threads, options_.threads);
    std::vector<uint16_t> data;
    lists.write([&data](std::span<const uint16_t> part) { data.insert(data.end(), part.begin(), part.end()); });
    std::vector<Section> out;
    const auto add = [&out]<class T>(const char* name, std::vector<T>&& values) {
      out.push_back(make_section(name, std::move(values)));
    };
    add("forward.offsets", std::vector<uint64_t>(matrix_.indptr.begin(), matrix_.indptr.end()));
    if (columns_.size() > 65536) add("forward.columns", terms_of<uint32_t>());
    else add("forward.columns", terms_of<uint16_t>());
    add("forward.values", std::move(stored.bytes));
    if (options_.values == ValueKind::u8) add("forward.scales", std::move(stored.scales));
    add("columns", std::move(columns_));
    add("layers", std::vector<float>(layers_.top.begin(), layers_.top.end()));
    add("lists.offsets", std::move(lists.offsets));
    add("lists", std::move(data));
    add("steps.offsets", std::move(lists.step_offsets));
    std::vector<uint32_t> steps(lists.steps.size() * 3);
    if (!steps.empty()) std::memcpy(steps.data(), lists.steps.data(), steps.size() * 4);
    add("steps", std::move(steps));
    return out;
  }

 private:
  // Columns that occur get numbers, ascending.
  void number_terms() {
    uint32_t largest = 0;
    for (uint32_t column : matrix_.indices) largest = std::max(largest, column);
    if (largest < kDirect) {
      term_.assign(matrix_.indices.empty() ? 0 : size_t{largest} + 1, 0);
      for (uint32_t column : matrix_.indices) term_[column] = 1;
      for (uint32_t column = 0; column < term_.size(); ++column)
        if (std::exchange(term_[column], static_cast<uint32_t>(columns_.size())) != 0) columns_.push_back(column);
    } else {  // far apart: a table by column could be larger than the vectors
      columns_.assign(matrix_.indices.begin(), matrix_.indices.end());
      std::sort(columns_.begin(), columns_.end());
      columns_.erase(std::unique(columns_.begin(), columns_.end()), columns_.end());
    }
    postings_.assign(columns_.size() + 1, 0);
    for (uint32_t column : matrix_.indices) ++postings_[term(column) + 1];
    for (size_t t = 0; t < columns_.size(); ++t) postings_[t + 1] += postings_[t];
  }

  uint32_t term(uint32_t column) const {
    if (!term_.empty()) return term_[column];
    return static_cast<uint32_t>(std::lower_bound(columns_.begin(), columns_.end(), column) - columns_.begin());
  }

  template <class T>
  std::vector<T> terms_of() const {
    std::vector<T> terms(matrix_.indices.size());
    for (size_t i = 0; i < terms.size(); ++i) terms[i] = static_cast<T>(term(matrix_.indices[i]));
    return terms;
  }

  void each(uint32_t from, uint32_t to, const Row& f) const override {
    std::vector<uint32_t> terms;
    const uint32_t low = columns_[from], high = columns_[to - 1];
    for (size_t row = 0; row < matrix_.rows(); ++row) {
      const auto* begin = matrix_.indices.data() + matrix_.indptr[row];
      const auto* end = matrix_.indices.data() + matrix_.indptr[row + 1];
      begin = std::lower_bound(begin, end, low);
      terms.clear();
      for (const auto* c = begin; c < end && *c <= high; ++c) terms.push_back(term(*c));
      f(static_cast<uint32_t>(row), terms, values_.subspan(static_cast<size_t>(begin - matrix_.indices.data()), terms.size()));
    }
  }

  const Matrix& matrix_;
  const BuildOptions& options_;
  std::span<const float> values_;
  Layers layers_;
  std::vector<uint32_t> term_, columns_;
  std::vector<uint64_t> postings_;  // before each term
};

}  // namespace

std::vector<Section> build(const Matrix& matrix, const BuildOptions& options) { return Builder(matrix, options).run(); }

}  // namespace gossamer::block
