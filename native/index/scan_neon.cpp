#include <arm_neon.h>

#include "index/scan.h"

namespace gossamer {

size_t scan_neon(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row,
                   uint16_t* out_bound) {
  const uint16x8_t limit = vdupq_n_u16(threshold);
  size_t found = 0;
  for (size_t i = 0; i < n; i += 8) {
    const uint16x8_t v = vld1q_u16(acc + i);
    // one byte a lane, so that the eight lanes fit a 64-bit mask
    uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vmovn_u16(vcgeq_u16(v, limit))), 0);
    while (mask != 0) {
      const unsigned lane = static_cast<unsigned>(__builtin_ctzll(mask)) / 8;
      if (accept == nullptr || (accept[i / 64] >> (i % 64 + lane) & 1) != 0) {
        out_row[found] = static_cast<uint16_t>(i + lane);
        out_bound[found++] = acc[i + lane];
      }
      mask &= ~(uint64_t{0xff} << (lane * 8));
    }
    vst1q_u16(acc + i, vdupq_n_u16(0));
  }
  return found;
}

}  // namespace gossamer
