// The whole vectors, row by row: exact scores come from here. Columns are those that occur, numbered ascending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "block/fetch.h"
#include "block/match.h"
#include "index/layout.h"

namespace gossamer::block {

class Forward {
 public:
  Forward() = default;
  Forward(std::span<const uint64_t> offsets, std::span<const uint8_t> columns, std::span<const uint8_t> values,
          std::span<const float> scales, uint32_t columns_in_all, ValueKind kind);

  uint32_t rows() const { return static_cast<uint32_t>(offsets_.size() - 1); }
  size_t size(uint32_t row) const { return static_cast<size_t>(offsets_[row + 1] - offsets_[row]); }

  // How many weights a dense query has: one for every column number that a row could hold, and one more.
  size_t query_size() const { return column_bytes_ == 4 ? size_t{limit_} + 1 : 65536; }

  // The score: the sum over ascending columns in float64, onto `sum`. `matched`: whether a column has a query value other than 0.
  double exact(uint32_t row, const DenseQuery& query, bool& matched, double sum = 0) const;
  // What n entries of a row, at most kAtOnce, add to it: those from `entry` on, whose columns (u16 up to 65,536, else u32) are
  // given.
  static constexpr size_t kAtOnce = 256;
  void add(uint32_t row, uint64_t entry, const void* columns, size_t n, const DenseQuery& query, double& sum, bool& matched) const;

  uint32_t column(uint64_t entry) const;
  float value(uint32_t row, uint64_t entry) const;
  uint64_t begin(uint32_t row) const { return offsets_[row]; }

  // A row's values as they are stored, u8 without their scale.
  const void* values(uint32_t row) const { return values_.data() + offsets_[row] * value_bytes_; }
  float scale(uint32_t row) const { return kind_ == ValueKind::u8 ? scales_[row] : 1.0f; }
  ValueKind kind() const { return kind_; }

  void prefetch_place(uint32_t row) const { fetch(offsets_.data() + row, 2 * sizeof(uint64_t)); }
  void prefetch(uint32_t row) const {
    fetch(columns_.data() + offsets_[row] * column_bytes_, size(row) * column_bytes_);
    prefetch_values(row);
  }
  void prefetch_values(uint32_t row) const { fetch(values_.data() + offsets_[row] * value_bytes_, size(row) * value_bytes_); }

 private:
  std::span<const uint64_t> offsets_;
  std::span<const uint8_t> columns_, values_;
  std::span<const float> scales_;
  size_t column_bytes_ = 2, value_bytes_ = 4;
  ValueKind kind_ = ValueKind::f32;
  uint32_t limit_ = 0;
  MatchKernel match_ = nullptr;
};

}  // namespace gossamer::block
