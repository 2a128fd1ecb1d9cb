#include <immintrin.h>

#include "block/match.h"

namespace gossamer::block {

namespace {

template <class Column>
__m256i load_columns(const Column* at, __m256i limit) {
  if constexpr (sizeof(Column) == 4) return _mm256_min_epu32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)), limit);
  else return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

template <class Value>
float decoded(Value value) {
  if constexpr (sizeof(Value) == 2) return _cvtsh_ss(value);
  else return static_cast<float>(value);
}

struct Avx2 {
  template <class Column, class Value>
  static size_t match(const void* columns, const void* values, size_t n, const DenseQuery& dense, uint32_t limit, float* weights,
                      float* impacts) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    const float* const query = dense.weights();
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

MatchKernel match_kernel_avx2(bool wide, ValueKind kind) { return kernel_of<Avx2>(wide, kind); }

}  // namespace gossamer::block
