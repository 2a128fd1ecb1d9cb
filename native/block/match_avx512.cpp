#include <immintrin.h>

#include "block/match.h"

namespace gossamer::block {

namespace {

template <class Value>
__m512 load_values(const Value* at, __mmask16 mask) {
  if constexpr (sizeof(Value) == 4) return _mm512_maskz_loadu_ps(mask, at);
  else if constexpr (sizeof(Value) == 2) return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, at));
  else return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, at)));
}

template <class Value>
float decoded(Value value) {
  if constexpr (sizeof(Value) == 2) return _cvtsh_ss(value);
  else return static_cast<float>(value);
}

// A table of the filter in two registers.
class Table {
 public:
  explicit Table(const uint16_t* words) : low_(_mm512_loadu_si512(words)), high_(_mm512_loadu_si512(words + 32)) {}
  // Which of 32 keys have their bit set, those outside `mask` left out. The permutation looks at the six lowest bits of a key.
  __mmask32 test(__mmask32 mask, __m512i keys) const {
    const __m512i bit = _mm512_and_si512(_mm512_srli_epi16(keys, 6), _mm512_set1_epi16(15));
    return _mm512_mask_test_epi16_mask(mask, _mm512_permutex2var_epi16(low_, keys, high_),
                                       _mm512_sllv_epi16(_mm512_set1_epi16(1), bit));
  }

 private:
  __m512i low_, high_;
};

struct Avx512 {
  template <class Column, class Value>
  static size_t match(const void* columns, const void* values, size_t n, const DenseQuery& query, uint32_t limit, float* weights,
                      float* impacts) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    if constexpr (sizeof(Column) == 2) return filtered(c, v, n, query, weights, impacts);
    else return gathered(c, v, n, query.weights(), limit, weights, impacts);
  }

  // Looks up the weights of those columns alone that the filter lets pass.
  template <class Value>
  static size_t filtered(const uint16_t* c, const Value* v, size_t n, const DenseQuery& query, float* weights, float* impacts) {
    const float* const q = query.weights();
    const Table first(query.filter().data()), second(query.filter().data() + DenseQuery::kTableWords);
    const auto passing = [&](size_t i) -> uint64_t {
      if (i >= n) return 0;
      const auto mask = static_cast<__mmask32>(n - i >= 32 ? 0xffffffffu : (1u << (n - i)) - 1);
      const __m512i keys = _mm512_maskz_loadu_epi16(mask, c + i);
      return second.test(first.test(mask, keys), _mm512_srli_epi16(keys, DenseQuery::kSecondShift));
    };
    size_t found = 0;
    for (size_t i = 0; i < n; i += 64)
      for (uint64_t left = passing(i) | passing(i + 32) << 32; left != 0; left &= left - 1) {
        const size_t at = i + static_cast<size_t>(__builtin_ctzll(left));
        weights[found] = q[c[at]];
        impacts[found] = decoded(v[at]);
        found += weights[found] != 0 ? 1 : 0;
      }
    return found;
  }

  template <class Value>
  static size_t gathered(const uint32_t* c, const Value* v, size_t n, const float* query, uint32_t limit, float* weights,
                         float* impacts) {
    const __m512i most = _mm512_set1_epi32(static_cast<int>(limit));
    size_t found = 0;
    for (size_t i = 0; i < n; i += 16) {
      const auto mask = static_cast<__mmask16>(n - i >= 16 ? 0xffffu : (1u << (n - i)) - 1);
      const __m512i at = _mm512_min_epu32(_mm512_maskz_loadu_epi32(mask, c + i), most);
      const __m512 q = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, at, query, 4);
      const __mmask16 met = _mm512_cmp_ps_mask(q, _mm512_setzero_ps(), _CMP_NEQ_UQ);
      _mm512_storeu_ps(weights + found, _mm512_maskz_compress_ps(met, q));
      _mm512_storeu_ps(impacts + found, _mm512_maskz_compress_ps(met, load_values(v + i, mask)));
      found += static_cast<size_t>(__builtin_popcount(met));
    }
    return found;
  }
};

}  // namespace

MatchKernel match_kernel_avx512(bool wide, ValueKind kind) { return kernel_of<Avx512>(wide, kind); }

}  // namespace gossamer::block
