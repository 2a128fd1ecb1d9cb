#include "block/traversals/add_codes.h"

#include "cpu.h"

namespace gossamer::block {

namespace {

void add_codes_portable(float* sums, const uint8_t* codes, size_t n, float weight) {
  for (size_t i = 0; i < n; ++i) sums[i] += weight * static_cast<float>(codes[i]);
}

}  // namespace

AddCodes add_codes() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512: return add_codes_avx512;
    case CpuLevel::avx2: return add_codes_avx2;
#endif
    default: return add_codes_portable;
  }
}

}  // namespace gossamer::block
