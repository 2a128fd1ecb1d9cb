#include <immintrin.h>

#include "block/dot.h"

namespace gossamer::block {

namespace {

template <class Column>
__m256i load_columns(const Column* at, __m256i limit) {
  if constexpr (sizeof(Column) == 4) return _mm256_min_epu32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)), limit);
  else return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

template <class Value>
__m256 load_values(const Value* at) {
  if constexpr (sizeof(Value) == 4) return _mm256_loadu_ps(at);
  else if constexpr (sizeof(Value) == 2) return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  else return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}

template <class Value>
float decoded(Value value) {
  if constexpr (sizeof(Value) == 2) return _cvtsh_ss(value);
  else return static_cast<float>(value);
}

struct Avx2 {
  template <class Column, class Value>
  static float dot(const void* columns, const void* values, size_t n, const float* query, uint32_t limit) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    const __m256i most = _mm256_set1_epi32(static_cast<int>(limit));
    __m256 sum = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
      sum = _mm256_fmadd_ps(_mm256_i32gather_ps(query, load_columns(c + i, most), 4), load_values(v + i), sum);
    float lanes[8];
    _mm256_storeu_ps(lanes, sum);
    float total = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
    for (; i < n; ++i) total += query[sizeof(Column) == 4 && c[i] > limit ? limit : c[i]] * decoded(v[i]);
    return total;
  }

  template <class Column, class Value>
  static size_t match(const void* columns, const void* values, size_t n, const float* query, uint32_t limit, float* weights,
                      float* impacts) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    const __m256i most = _mm256_set1_epi32(static_cast<int>(limit));
    size_t found = 0, i = 0;
    const auto take = [&](size_t at) {
      weights[found] = query[sizeof(Column) == 4 && c[at] > limit ? limit : c[at]];
      impacts[found++] = decoded(v[at]);
    };
    for (; i + 8 <= n; i += 8) {
      const __m256 q = _mm256_i32gather_ps(query, load_columns(c + i, most), 4);
      auto mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(q, _mm256_setzero_ps(), _CMP_NEQ_UQ)));
      for (; mask != 0; mask &= mask - 1) take(i + static_cast<size_t>(__builtin_ctz(mask)));
    }
    for (; i < n; ++i)
      if (query[sizeof(Column) == 4 && c[i] > limit ? limit : c[i]] != 0) take(i);
    return found;
  }
};

}  // namespace

RowKernels row_kernels_avx2(bool wide, ValueKind kind) { return kernels_of<Avx2>(wide, kind); }

}  // namespace gossamer::block
