#include "block/traversals/float_scan.h"

#include "cpu.h"

namespace gossamer::block {

namespace {

size_t float_scan_portable(const float* sums, size_t from, size_t n, float least) {
  while (from < n && !(sums[from] >= least)) ++from;
  return from;
}

}  // namespace

FloatScan float_scan() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512: return float_scan_avx512;
    case CpuLevel::avx2: return float_scan_avx2;
#endif
    default: return float_scan_portable;
  }
}

}  // namespace gossamer::block
