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

}  // namespace

size_t decode_avx2(const uint8_t* control, const uint8_t* gaps, size_t n, uint16_t before, uint16_t* columns) {
  const uint8_t* gap = gaps;
  const __m128i last = _mm_set1_epi16(0x0f0e);  // the eighth u16, everywhere
  __m128i base = _mm_set1_epi16(static_cast<int16_t>(before));
  for (size_t i = 0; i < n; i += 8) {  // a prefix sum in three steps, plus the last column before
    const uint8_t wide = control[i / 8];
    __m128i sum = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(gap)),
                                   _mm_loadu_si128(reinterpret_cast<const __m128i*>(kSpread.shuffle[wide].data())));
    gap += 8 + _mm_popcnt_u32(wide);
    sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 2));
    sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 4));
    sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 8));
    sum = _mm_add_epi16(sum, base);
    base = _mm_shuffle_epi8(sum, last);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(columns + i), sum);
  }
  return static_cast<size_t>(gap - gaps);
}

}  // namespace gossamer::block
