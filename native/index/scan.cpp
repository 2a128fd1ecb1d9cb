#include "index/scan.h"

#include "cpu.h"

namespace gossamer {

size_t scan_portable(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row,
                   uint16_t* out_bound) {
  size_t found = 0;
  for (size_t i = 0; i < n; ++i) {
    if (acc[i] >= threshold && (accept == nullptr || (accept[i / 64] >> (i % 64) & 1) != 0)) {
      out_row[found] = static_cast<uint16_t>(i);
      out_bound[found++] = acc[i];
    }
    acc[i] = 0;
  }
  return found;
}

ScanKernel scan_kernel() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512: return scan_avx512;
    case CpuLevel::avx2: return scan_avx2;
#elif defined(__aarch64__)
    case CpuLevel::neon: return scan_neon;
#endif
    default: return scan_portable;
  }
}

}  // namespace gossamer
