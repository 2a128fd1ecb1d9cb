// Column numbers of whole vectors in one or two bytes each, decoded and multiplied in one loop, after Bruch, Fontana, Nardini,
// Rulli & Venturini, "Forward Index Compression for Learned Sparse Retrieval" (2026), whose DotVByte this follows in its idea.
//
// A row of n columns is ceil(n/8) control bytes, then its gaps, each to the column before (the first to 0): one byte where its
// bit of the control bytes is 0, else two, low first. Eight gaps are spread by one shuffle that the control byte picks. After the
// last row stand kColumnPadding bytes, which a vector load may touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "block/dot.h"
#include "block/forward.h"

namespace gossamer::block {

inline constexpr size_t kColumnPadding = 16;

// `codes`: a row as above; `values`: n of a kind, u8 without its scale; `query`: 65,536 floats.
using CodedDot = float (*)(const uint8_t* codes, const void* values, size_t n, const float* query);

CodedDot coded_dot(ValueKind kind);  // the one for cpu_level()
CodedDot coded_dot_portable(ValueKind kind);
CodedDot coded_dot_avx2(ValueKind kind);

// Appends a row; columns ascending, below 65,536.
void encode_columns(std::span<const uint16_t> columns, std::vector<uint8_t>& codes);
void decode_columns(const uint8_t* codes, size_t n, uint16_t* columns);

// The coded columns of all rows, beside the values of the forward file.
class ColumnCodes {
 public:
  ColumnCodes() = default;
  // Throws Damaged where the sections do not fit the rows.
  ColumnCodes(std::span<const uint64_t> start, std::span<const uint8_t> codes, const Forward& forward);

  bool present() const { return forward_ != nullptr; }
  size_t size(uint32_t row) const { return forward_->size(row); }
  // As Forward::about, Forward::exact and Forward::prefetch; throw Damaged where a row's codes are too short.
  float about(uint32_t row, const float* query) const;
  double exact(uint32_t row, const float* query, bool& matched) const;
  void prefetch(uint32_t row) const;

 private:
  const uint8_t* checked(uint32_t row) const;
  std::span<const uint64_t> start_;
  std::span<const uint8_t> codes_;
  const Forward* forward_ = nullptr;
  CodedDot dot_ = nullptr;
};

}  // namespace gossamer::block
