#include <immintrin.h>

#include "block/dot.h"

namespace gossamer::block {

namespace {

template <class Column>
__m512i load_columns(const Column* at, __mmask16 mask, __m512i limit) {
  if constexpr (sizeof(Column) == 4) return _mm512_min_epu32(_mm512_maskz_loadu_epi32(mask, at), limit);
  else return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, at));
}

template <class Value>
__m512 load_values(const Value* at, __mmask16 mask) {
  if constexpr (sizeof(Value) == 4) return _mm512_maskz_loadu_ps(mask, at);
  else if constexpr (sizeof(Value) == 2) return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, at));
  else return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, at)));
}

struct Avx512 {
  template <class Column, class Value>
  static float dot(const void* columns, const void* values, size_t n, const float* query, uint32_t limit) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    const __m512i most = _mm512_set1_epi32(static_cast<int>(limit));
    __m512 sum = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
      const auto mask = static_cast<__mmask16>(n - i >= 16 ? 0xffffu : (1u << (n - i)) - 1);
      const __m512 q = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, load_columns(c + i, mask, most), query, 4);
      sum = _mm512_fmadd_ps(q, load_values(v + i, mask), sum);
    }
    return _mm512_reduce_add_ps(sum);
  }

  template <class Column, class Value>
  static size_t match(const void* columns, const void* values, size_t n, const float* query, uint32_t limit, float* weights,
                      float* impacts) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    const __m512i most = _mm512_set1_epi32(static_cast<int>(limit));
    size_t found = 0;
    for (size_t i = 0; i < n; i += 16) {
      const auto mask = static_cast<__mmask16>(n - i >= 16 ? 0xffffu : (1u << (n - i)) - 1);
      const __m512 q = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, load_columns(c + i, mask, most), query, 4);
      const __mmask16 met = _mm512_cmp_ps_mask(q, _mm512_setzero_ps(), _CMP_NEQ_UQ);
      _mm512_storeu_ps(weights + found, _mm512_maskz_compress_ps(met, q));
      _mm512_storeu_ps(impacts + found, _mm512_maskz_compress_ps(met, load_values(v + i, mask)));
      found += static_cast<size_t>(__builtin_popcount(met));
    }
    return found;
  }
};

}  // namespace

RowKernels row_kernels_avx512(bool wide, ValueKind kind) { return kernels_of<Avx512>(wide, kind); }

}  // namespace gossamer::block
