#include "block/forward.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace gossamer::block {

Forward::Forward(std::span<const uint64_t> offsets, std::span<const uint8_t> columns, std::span<const uint8_t> values,
                 std::span<const float> scales, uint32_t columns_in_all, ValueKind kind)
    : offsets_(offsets), columns_(columns), values_(values), scales_(scales), column_bytes_(columns_in_all > 65536 ? 4 : 2),
      value_bytes_(bytes_of(kind)), kind_(kind), limit_(columns_in_all), match_(match_kernel(columns_in_all > 65536, kind)) {
  if (offsets.empty() || offsets[0] != 0) throw Damaged("section forward.offsets: does not start with 0");
  for (size_t i = 0; i + 1 < offsets.size(); ++i)
    if (offsets[i] > offsets[i + 1]) throw Damaged("section forward.offsets: out of order");
  const uint64_t entries = offsets.back();
  if (entries > columns.size()) throw Damaged("section forward.offsets: more entries than columns");  // nor does a product wrap
  if (columns.size() != entries * column_bytes_) throw Damaged("section forward.columns: wrong size");
  if (values.size() != entries * value_bytes_) throw Damaged("section forward.values: wrong size");
  if (scales.size() != (kind == ValueKind::u8 ? offsets.size() - 1 : 0)) throw Damaged("section forward.scales: wrong size");
}

uint32_t Forward::column(uint64_t entry) const {
  if (column_bytes_ == 4) {
    uint32_t wide;
    std::memcpy(&wide, columns_.data() + entry * 4, 4);
    return std::min(wide, limit_);
  }
  uint16_t narrow;
  std::memcpy(&narrow, columns_.data() + entry * 2, 2);
  return narrow;
}

float Forward::value(uint32_t row, uint64_t entry) const {
  switch (kind_) {
    case ValueKind::f32: {
      float value;
      std::memcpy(&value, values_.data() + entry * 4, 4);
      return value;
    }
    case ValueKind::f16: {
      uint16_t half;
      std::memcpy(&half, values_.data() + entry * 2, 2);
      return from_half(half);
    }
    case ValueKind::u8: break;
  }
  return static_cast<float>(values_[entry]) * scales_[row];
}

double Forward::exact(uint32_t row, const DenseQuery& query, bool& matched, double sum) const {
  matched = false;
  for (uint64_t from = offsets_[row]; from < offsets_[row + 1]; from += kAtOnce)
    add(row, from, columns_.data() + from * column_bytes_, std::min<uint64_t>(kAtOnce, offsets_[row + 1] - from), query, sum,
        matched);
  return sum;
}

void Forward::add(uint32_t row, uint64_t entry, const void* columns, size_t n, const DenseQuery& query, double& sum,
                  bool& matched) const {
  std::array<float, kAtOnce + 16> weights, impacts;
  const float row_scale = scale(row);
  const size_t found = match_(columns, values_.data() + entry * value_bytes_, n, query, limit_, weights.data(), impacts.data());
  for (size_t i = 0; i < found; ++i) sum += double{weights[i]} * double{impacts[i] * row_scale};
  matched = matched || found > 0;
}

}  // namespace gossamer::block
