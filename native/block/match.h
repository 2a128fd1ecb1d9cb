// Where a sparse row and a dense query meet, for each width of column number and kind of value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gossamer::block {

enum class ValueKind : uint8_t { f32, f16, u8 };

inline size_t bytes_of(ValueKind kind) { return kind == ValueKind::f32 ? 4 : kind == ValueKind::f16 ? 2 : 1; }

// The weight of every column number, 0 for those that the query lacks. They fill more than the fastest cache, and hardly one
// column of a row in thirty has a weight: a filter of 256 bytes, which vector registers hold, says which may have one (after
// Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", 1970).
class DenseQuery {
 public:
  // Two tables of 1,024 bits, by ten of a column number's lower bits each. A column may have a weight where both bits are set.
  static constexpr unsigned kTableWords = 64, kSecondShift = 5;
  using Filter = std::array<uint16_t, 2 * kTableWords>;

  explicit DenseQuery(size_t columns) : weights_(columns, 0.0f) {}
  void set(uint32_t column, float weight) {
    weights_[column] = weight;
    columns_.push_back(column);
    mark(filter_.data(), column);
    mark(filter_.data() + kTableWords, column >> kSecondShift);
  }
  void clear() {
    for (uint32_t column : columns_) weights_[column] = 0;
    columns_.clear();
    filter_ = {};
  }
  const float* weights() const { return weights_.data(); }
  const Filter& filter() const { return filter_; }

 private:
  static void mark(uint16_t* table, uint32_t key) {
    uint16_t& word = table[key % kTableWords];
    word = static_cast<uint16_t>(word | 1u << key / kTableWords % 16);
  }
  std::vector<float> weights_;
  std::vector<uint32_t> columns_;
  Filter filter_{};
};

// The entries of a row whose column has a weight other than 0, in order: their weights and values (u8 as numbers). `columns`: n
// of u16, or of u32 where wide; `values`: n of the kind, u8 without its scale. The query has 65,536 weights, or where wide
// `limit` + 1: larger column numbers, which only damaged bytes hold, count as `limit`. Both outputs have room for n + 16. Gives
// back how many there are.
using MatchKernel = size_t (*)(const void* columns, const void* values, size_t n, const DenseQuery& query, uint32_t limit,
                               float* weights, float* impacts);

MatchKernel match_kernel(bool wide, ValueKind kind);  // the one for cpu_level()

// The kernel of a family, a class with a `template <class Column, class Value>` static function match.
template <class Family, class Column>
MatchKernel kernel_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::f32: return Family::template match<Column, float>;
    case ValueKind::f16: return Family::template match<Column, uint16_t>;
    case ValueKind::u8: break;
  }
  return Family::template match<Column, uint8_t>;
}

template <class Family>
MatchKernel kernel_of(bool wide, ValueKind kind) {
  return wide ? kernel_of<Family, uint32_t>(kind) : kernel_of<Family, uint16_t>(kind);
}

MatchKernel match_kernel_portable(bool wide, ValueKind kind);
MatchKernel match_kernel_avx2(bool wide, ValueKind kind);
MatchKernel match_kernel_avx512(bool wide, ValueKind kind);

uint16_t to_half(float value);   // round to nearest even; beyond its range the largest
float from_half(uint16_t half);

}  // namespace gossamer::block
