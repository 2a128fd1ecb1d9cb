// The inner product of a sparse row and a dense query, for each width of column number and kind of value.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gossamer::block {

enum class ValueKind : uint8_t { f32, f16, u8 };

inline size_t bytes_of(ValueKind kind) { return kind == ValueKind::f32 ? 4 : kind == ValueKind::f16 ? 2 : 1; }

// `columns`: n of u16, or of u32 where wide; `values`: n of the kind, u8 without its scale. `query` has 65,536 floats, or where
// wide `limit` + 1: larger column numbers, which only damaged bytes hold, count as `limit`.
using DotKernel = float (*)(const void* columns, const void* values, size_t n, const float* query, uint32_t limit);

DotKernel dot_kernel(bool wide, ValueKind kind);  // the one for cpu_level()

// The kernel of a family, a class with `template <class Column, class Value> static float dot(...)`.
template <class Family>
DotKernel kernel_of(bool wide, ValueKind kind) {
  switch (kind) {
    case ValueKind::f32: return wide ? Family::template dot<uint32_t, float> : Family::template dot<uint16_t, float>;
    case ValueKind::f16: return wide ? Family::template dot<uint32_t, uint16_t> : Family::template dot<uint16_t, uint16_t>;
    case ValueKind::u8: break;
  }
  return wide ? Family::template dot<uint32_t, uint8_t> : Family::template dot<uint16_t, uint8_t>;
}

DotKernel dot_portable(bool wide, ValueKind kind);
DotKernel dot_avx2(bool wide, ValueKind kind);
DotKernel dot_avx512(bool wide, ValueKind kind);

uint16_t to_half(float value);   // round to nearest even; beyond its range the largest
float from_half(uint16_t half);

}  // namespace gossamer::block
