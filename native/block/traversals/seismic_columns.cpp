#include "block/traversals/seismic_columns.h"

#include <bit>

#include "cpu.h"

namespace gossamer::block {

namespace {

// Calls f(i, column) for each of n columns.
template <class F>
void each_column(const uint8_t* codes, size_t n, F&& f) {
  const uint8_t* gap = codes + (n + 7) / 8;
  uint16_t column = 0;
  for (size_t i = 0; i < n; ++i) {
    const bool two = (codes[i / 8] >> i % 8 & 1) != 0;
    column = static_cast<uint16_t>(column + gap[0] + (two ? gap[1] << 8 : 0));
    gap += two ? 2 : 1;
    f(i, column);
  }
}

template <class Value>
float portable(const uint8_t* codes, const void* values, size_t n, const float* query) {
  const auto* v = static_cast<const Value*>(values);
  float sum[4] = {0, 0, 0, 0};
  each_column(codes, n, [&](size_t i, uint16_t column) {
    if constexpr (sizeof(Value) == 2) sum[i % 4] += query[column] * from_half(v[i]);
    else sum[i % 4] += query[column] * static_cast<float>(v[i]);
  });
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

}  // namespace

CodedDot coded_dot_portable(ValueKind kind) {
  switch (kind) {
    case ValueKind::f32: return portable<float>;
    case ValueKind::f16: return portable<uint16_t>;
    case ValueKind::u8: break;
  }
  return portable<uint8_t>;
}

CodedDot coded_dot(ValueKind kind) {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512:
    case CpuLevel::avx2: return coded_dot_avx2(kind);
#endif
    default: return coded_dot_portable(kind);
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

void decode_columns(const uint8_t* codes, size_t n, uint16_t* columns) {
  each_column(codes, n, [columns](size_t i, uint16_t column) { columns[i] = column; });
}

ColumnCodes::ColumnCodes(std::span<const uint64_t> start, std::span<const uint8_t> codes, const Forward& forward)
    : start_(start), codes_(codes), forward_(&forward), dot_(coded_dot(forward.kind())) {
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

float ColumnCodes::about(uint32_t row, const float* query) const {
  return dot_(checked(row), forward_->values(row), forward_->size(row), query) * forward_->scale(row);
}

double ColumnCodes::exact(uint32_t row, const float* query, bool& matched) const {
  double sum = 0;
  matched = false;
  const uint64_t begin = forward_->begin(row);
  each_column(checked(row), forward_->size(row), [&](size_t i, uint16_t column) {
    const float q = query[column];
    if (q == 0) return;
    matched = true;
    sum += double{q} * double{forward_->value(row, begin + i)};
  });
  return sum;
}

void ColumnCodes::prefetch(uint32_t row) const {
  fetch(codes_.data() + start_[row], static_cast<size_t>(start_[row + 1] - start_[row]));
  forward_->prefetch_values(row);
}

}  // namespace gossamer::block
