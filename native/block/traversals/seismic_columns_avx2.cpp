#include <immintrin.h>

#include <array>

#include "block/traversals/seismic_columns.h"

namespace gossamer::block {

namespace {

struct Spread {
  std::array<std::array<uint8_t, 16>, 256> shuffle{};  // puts eight gaps into eight u16
};

constexpr Spread spread() {
  Spread table;
  for (unsigned control = 0; control < 256; ++control) {
    uint8_t from = 0;
    for (unsigned i = 0; i < 8; ++i) {
      table.shuffle[control][2 * i] = from++;
      table.shuffle[control][2 * i + 1] = (control >> i & 1) != 0 ? from++ : uint8_t{0x80};
    }
  }
  return table;
}

constexpr Spread kSpread = spread();

template <class Value>
__m256 load_values(const Value* at) {
  if constexpr (sizeof(Value) == 4) return _mm256_loadu_ps(at);
  else if constexpr (sizeof(Value) == 2) return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  else return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}

template <class Value>
float dot(const uint8_t* codes, const void* values, size_t n, const float* query) {
  const auto* v = static_cast<const Value*>(values);
  const uint8_t* gap = codes + (n + 7) / 8;
  const __m128i last = _mm_set1_epi16(0x0f0e);  // the eighth u16, everywhere
  __m128i before = _mm_setzero_si128();
  // The columns of eight gaps: a prefix sum in three steps, plus the last column before.
  const auto columns = [&](size_t i) {
    const uint8_t control = codes[i / 8];
    __m128i sum = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(gap)),
                                   _mm_loadu_si128(reinterpret_cast<const __m128i*>(kSpread.shuffle[control].data())));
    gap += 8 + _mm_popcnt_u32(control);
    sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 2));
    sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 4));
    sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 8));
    sum = _mm_add_epi16(sum, before);
    before = _mm_shuffle_epi8(sum, last);
    return _mm256_cvtepu16_epi32(sum);
  };
  __m256 sum = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 8 <= n; i += 8) sum = _mm256_fmadd_ps(_mm256_i32gather_ps(query, columns(i), 4), load_values(v + i), sum);
  float lanes[8];
  _mm256_storeu_ps(lanes, sum);
  float total = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  if (i == n) return total;
  alignas(32) uint32_t rest[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(rest), columns(i));
  for (size_t lane = 0; i < n; ++i, ++lane) {
    if constexpr (sizeof(Value) == 2) total += query[rest[lane]] * _cvtsh_ss(v[i]);
    else total += query[rest[lane]] * static_cast<float>(v[i]);
  }
  return total;
}

}  // namespace

CodedDot coded_dot_avx2(ValueKind kind) {
  switch (kind) {
    case ValueKind::f32: return dot<float>;
    case ValueKind::f16: return dot<uint16_t>;
    case ValueKind::u8: break;
  }
  return dot<uint8_t>;
}

}  // namespace gossamer::block
