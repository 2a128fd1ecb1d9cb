#include <immintrin.h>

#include "index/scan.h"

namespace gossamer {

size_t scan_avx2(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row,
                   uint16_t* out_bound) {
  const __m256i limit = _mm256_set1_epi16(static_cast<short>(threshold));
  size_t found = 0;
  for (size_t i = 0; i < n; i += 16) {
    auto* at = reinterpret_cast<__m256i*>(acc + i);
    const __m256i v = _mm256_loadu_si256(at);
    // unsigned v >= limit, as max(v, limit) == v; two mask bits a lane
    auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_max_epu16(v, limit), v)));
    mask &= 0x55555555u;
    if (accept != nullptr) mask &= _pdep_u32(static_cast<uint32_t>(accept[i / 64] >> (i % 64)) & 0xffffu, 0x55555555u);
    for (; mask != 0; mask &= mask - 1) {
      const size_t row = i + static_cast<size_t>(__builtin_ctz(mask) / 2);
      out_row[found] = static_cast<uint16_t>(row);
      out_bound[found++] = acc[row];
    }
    _mm256_storeu_si256(at, _mm256_setzero_si256());
  }
  return found;
}

}  // namespace gossamer
