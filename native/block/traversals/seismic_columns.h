// Column numbers of whole vectors in one or two bytes each, after Bruch, Fontana, Nardini, Rulli & Venturini, "Forward Index
// Compression for Learned Sparse Retrieval" (2026), whose DotVByte this follows in its idea. A query has few of a row's columns:
// they are decoded first, and then only those that it has are multiplied.
//
// A row of n columns is ceil(n/8) control bytes, then its gaps, each to the column before (the first to 0): one byte where its
// bit of the control bytes is 0, else two, low first. Eight gaps are spread by one shuffle that the control byte picks. After the
// last row stand kColumnPadding bytes, which a vector load may touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "block/forward.h"

namespace gossamer::block {

inline constexpr size_t kColumnPadding = 16;

// Writes n columns, and up to seven more that mean nothing, from where `control` and `gaps` stand in a row; `before`: the column
// before. Gives back how many bytes of gaps they took.
using DecodeKernel = size_t (*)(const uint8_t* control, const uint8_t* gaps, size_t n, uint16_t before, uint16_t* columns);

DecodeKernel decode_kernel();  // the one for cpu_level()
size_t decode_portable(const uint8_t* control, const uint8_t* gaps, size_t n, uint16_t before, uint16_t* columns);
size_t decode_avx2(const uint8_t* control, const uint8_t* gaps, size_t n, uint16_t before, uint16_t* columns);

// Appends a row; columns ascending, below 65,536.
void encode_columns(std::span<const uint16_t> columns, std::vector<uint8_t>& codes);

// The coded columns of all rows, beside the values of the forward file.
class ColumnCodes {
 public:
  ColumnCodes() = default;
  // Throws Damaged where the sections do not fit the rows.
  ColumnCodes(std::span<const uint64_t> start, std::span<const uint8_t> codes, const Forward& forward);

  bool present() const { return forward_ != nullptr; }
  size_t size(uint32_t row) const { return forward_->size(row); }
  // As Forward's; throws Damaged where a row's codes are too short.
  double exact(uint32_t row, const DenseQuery& query, bool& matched) const;
  void prefetch_place(uint32_t row) const {
    fetch(start_.data() + row, 2 * sizeof(uint64_t));
    forward_->prefetch_place(row);
  }
  void prefetch(uint32_t row) const;

 private:
  const uint8_t* checked(uint32_t row) const;
  std::span<const uint64_t> start_;
  std::span<const uint8_t> codes_;
  const Forward* forward_ = nullptr;
  DecodeKernel decode_ = nullptr;
};

}  // namespace gossamer::block
