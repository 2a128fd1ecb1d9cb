#include "block/traversals/seismic_columns.h"

#include <algorithm>
#include <array>
#include <bit>

#include "cpu.h"

namespace gossamer::block {

size_t decode_portable(const uint8_t* control, const uint8_t* gaps, size_t n, uint16_t before, uint16_t* columns) {
  const uint8_t* gap = gaps;
  for (size_t i = 0; i < n; ++i) {
    const bool two = (control[i / 8] >> i % 8 & 1) != 0;
    columns[i] = before = static_cast<uint16_t>(before + gap[0] + (two ? gap[1] << 8 : 0));
    gap += two ? 2 : 1;
  }
  return static_cast<size_t>(gap - gaps);
}

DecodeKernel decode_kernel() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512:
    case CpuLevel::avx2: return decode_avx2;
#endif
    default: return decode_portable;
  }
}

void encode_columns(std::span<const uint16_t> columns, std::vector<uint8_t>& codes) {
  const size_t control = codes.size();
  codes.resize(control + (columns.size() + 7) / 8, 0);
  uint16_t before = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto gap = static_cast<uint16_t>(columns[i] - before);
    before = columns[i];
    codes.push_back(static_cast<uint8_t>(gap));
    if (gap < 256) continue;
    codes[control + i / 8] = static_cast<uint8_t>(codes[control + i / 8] | 1u << i % 8);
    codes.push_back(static_cast<uint8_t>(gap >> 8));
  }
}

ColumnCodes::ColumnCodes(std::span<const uint64_t> start, std::span<const uint8_t> codes, const Forward& forward)
    : start_(start), codes_(codes), forward_(&forward), decode_(decode_kernel()) {
  if (start.size() != size_t{forward.rows()} + 1 || start[0] != 0) throw Damaged("section seismic.columns.start: wrong size");
  for (size_t row = 0; row + 1 < start.size(); ++row)
    if (start[row] > start[row + 1]) throw Damaged("section seismic.columns.start: out of order");
  if (codes.size() < kColumnPadding || start.back() != codes.size() - kColumnPadding)
    throw Damaged("section seismic.columns: wrong size");
}

const uint8_t* ColumnCodes::checked(uint32_t row) const {
  const size_t n = forward_->size(row), room = static_cast<size_t>(start_[row + 1] - start_[row]), controls = (n + 7) / 8;
  const uint8_t* codes = codes_.data() + start_[row];
  if (room < controls + n) throw Damaged("section seismic.columns: a row is cut short");
  size_t needed = controls + n;
  for (size_t i = 0; i < controls; ++i) needed += static_cast<size_t>(std::popcount(codes[i]));
  if (room < needed) throw Damaged("section seismic.columns: a row is cut short");
  return codes;
}

double ColumnCodes::exact(uint32_t row, const DenseQuery& query, bool& matched) const {
  constexpr size_t kAtOnce = Forward::kAtOnce;
  std::array<uint16_t, kAtOnce + 8> columns;
  const uint8_t* const codes = checked(row);
  const size_t size = forward_->size(row);
  const uint8_t* gaps = codes + (size + 7) / 8;
  uint16_t before = 0;
  double sum = 0;
  matched = false;
  for (size_t from = 0; from < size; from += kAtOnce) {
    const size_t n = std::min(kAtOnce, size - from);
    gaps += decode_(codes + from / 8, gaps, n, before, columns.data());
    before = columns[n - 1];
    forward_->add(row, forward_->begin(row) + from, columns.data(), n, query, sum, matched);
  }
  return sum;
}

void ColumnCodes::prefetch(uint32_t row) const {
  fetch(codes_.data() + start_[row], static_cast<size_t>(start_[row + 1] - start_[row]));
  forward_->prefetch_values(row);
}

}  // namespace gossamer::block
