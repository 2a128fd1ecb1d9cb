#include <immintrin.h>

#include "index/scan.h"

namespace gossamer {

size_t scan_avx512(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row,
                   uint16_t* out_bound) {
  const __m512i limit = _mm512_set1_epi16(static_cast<short>(threshold));
  size_t found = 0;
  for (size_t i = 0; i < n; i += 32) {
    const __m512i v = _mm512_loadu_si512(acc + i);
    uint32_t mask = _mm512_cmpge_epu16_mask(v, limit);
    if (accept != nullptr) mask &= static_cast<uint32_t>(accept[i / 64] >> (i % 64));
    for (; mask != 0; mask &= mask - 1) {
      const size_t at = i + static_cast<size_t>(__builtin_ctz(mask));
      out_row[found] = static_cast<uint16_t>(at);
      out_bound[found++] = acc[at];
    }
    _mm512_storeu_si512(acc + i, _mm512_setzero_si512());
  }
  return found;
}

}  // namespace gossamer
