#include "block/build.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "block/lists.h"
#include "index/builder.h"

namespace gossamer::block {

namespace {

constexpr uint32_t kDirect = 1u << 26;                // columns below this are numbered by a table
constexpr uint64_t kTogether = uint64_t{16} << 20;  // postings of a range of terms that one thread sorts at once

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

class Builder {
 public:
  Builder(const Matrix& matrix, const BuildOptions& options) : matrix_(matrix), options_(options) {}

  std::vector<Section> run() {
    Stored stored = store(matrix_, options_.values);
    values_ = options_.values == ValueKind::f32 ? matrix_.values : std::span<const float>(stored.decoded);
    number_terms();
    layers_ = Layers::up_to(values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end()));
    write_lists();
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
    add("lists.offsets", std::move(list_offsets_));
    add("lists", std::move(data_));
    add("steps.offsets", std::move(step_offsets_));
    std::vector<uint32_t> steps(steps_.size() * 3);
    if (!steps_.empty()) std::memcpy(steps.data(), steps_.data(), steps.size() * 4);
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

  // Ranges of terms with at most kTogether postings (or one term); as many at once as there are threads, written in order.
  void write_lists() {
    struct Part {
      uint32_t from, to;
      std::vector<uint16_t> data;
      std::vector<uint64_t> ends;
      std::vector<Step> steps;
      std::vector<uint32_t> step_ends;
    };
    const auto terms = static_cast<uint32_t>(columns_.size());
    list_offsets_ = {0};
    step_offsets_ = {0};
    const uint64_t share = std::min(kTogether, postings_.back() / options_.threads + 1);
    for (uint32_t next = 0; next < terms;) {
      std::vector<Part> parts;
      while (parts.size() < options_.threads && next < terms) {
        Part part{next, next + 1, {}, {}, {}, {}};
        while (part.to < terms && postings_[part.to + 1] - postings_[part.from] <= share) ++part.to;
        next = part.to;
        parts.push_back(std::move(part));
      }
      run_parallel(static_cast<unsigned>(parts.size()), [&](unsigned p) {
        Part& part = parts[p];
        for_range(part.from, part.to, [&](std::span<Posting> postings) {
          write_list(postings, layers_, part.data, part.steps);
          part.ends.push_back(part.data.size());
          part.step_ends.push_back(static_cast<uint32_t>(part.steps.size()));
        });
      });
      for (Part& part : parts) {
        const uint64_t base = data_.size();
        const auto step_base = static_cast<uint32_t>(steps_.size());
        data_.insert(data_.end(), part.data.begin(), part.data.end());
        steps_.insert(steps_.end(), part.steps.begin(), part.steps.end());
        for (uint64_t end : part.ends) list_offsets_.push_back(base + end);
        for (uint32_t end : part.step_ends) step_offsets_.push_back(step_base + end);
      }
    }
  }

  // Calls f(postings) for each term of [from, to), rows ascending: one counting sort over the rows.
  template <class F>
  void for_range(uint32_t from, uint32_t to, F&& f) const {
    std::vector<Posting> sorted(postings_[to] - postings_[from]);
    std::vector<uint64_t> at;
    for (uint32_t t = from; t < to; ++t) at.push_back(postings_[t] - postings_[from]);
    const uint32_t low = columns_[from], high = columns_[to - 1];
    for (size_t row = 0; row < matrix_.rows(); ++row) {
      const auto* begin = matrix_.indices.data() + matrix_.indptr[row];
      const auto* end = matrix_.indices.data() + matrix_.indptr[row + 1];
      for (const auto* c = std::lower_bound(begin, end, low); c < end && *c <= high; ++c)
        sorted[at[term(*c) - from]++] = {static_cast<uint32_t>(row), layers_.of(values_[c - matrix_.indices.data()])};
    }
    for (uint32_t t = from; t < to; ++t)
      f(std::span(sorted).subspan(postings_[t] - postings_[from], postings_[t + 1] - postings_[t]));
  }

  const Matrix& matrix_;
  const BuildOptions& options_;
  std::span<const float> values_;
  Layers layers_;
  std::vector<uint32_t> term_, columns_;
  std::vector<uint64_t> postings_;  // before each term
  std::vector<uint64_t> list_offsets_;
  std::vector<uint16_t> data_;
  std::vector<uint32_t> step_offsets_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Section> build(const Matrix& matrix, const BuildOptions& options) { return Builder(matrix, options).run(); }

}  // namespace gossamer::block
