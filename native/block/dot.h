// A sparse row and a dense query, for each width of column number and kind of value: their inner product, and where they meet.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gossamer::block {

enum class ValueKind : uint8_t { f32, f16, u8 };

inline size_t bytes_of(ValueKind kind) { return kind == ValueKind::f32 ? 4 : kind == ValueKind::f16 ? 2 : 1; }

// `columns`: n of u16, or of u32 where wide; `values`: n of the kind, u8 without its scale. `query` has 65,536 floats, or where
// wide `limit` + 1: larger column numbers, which only damaged bytes hold, count as `limit`.
using DotKernel = float (*)(const void* columns, const void* values, size_t n, const float* query, uint32_t limit);

// The entries whose column has a query value other than 0, in order: their query values and row values (u8 as numbers). Both
// outputs have room for n + 16. Gives back how many there are.
using MatchKernel = size_t (*)(const void* columns, const void* values, size_t n, const float* query, uint32_t limit,
                               float* weights, float* impacts);

struct RowKernels {
  DotKernel dot;
  MatchKernel match;
};

RowKernels row_kernels(bool wide, ValueKind kind);  // those for cpu_level()

// The kernels of a family, a class with `template <class Column, class Value>` static functions dot and match.
template <class Family, class Column>
RowKernels kernels_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::f32: return {Family::template dot<Column, float>, Family::template match<Column, float>};
    case ValueKind::f16: return {Family::template dot<Column, uint16_t>, Family::template match<Column, uint16_t>};
    case ValueKind::u8: break;
  }
  return {Family::template dot<Column, uint8_t>, Family::template match<Column, uint8_t>};
}

template <class Family>
RowKernels kernels_of(bool wide, ValueKind kind) {
  return wide ? kernels_of<Family, uint32_t>(kind) : kernels_of<Family, uint16_t>(kind);
}

RowKernels row_kernels_portable(bool wide, ValueKind kind);
RowKernels row_kernels_avx2(bool wide, ValueKind kind);
RowKernels row_kernels_avx512(bool wide, ValueKind kind);

uint16_t to_half(float value);   // round to nearest even; beyond its range the largest
float from_half(uint16_t half);

}  // namespace gossamer::block
