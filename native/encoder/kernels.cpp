#include "encoder/kernels.h"

#include "cpu.h"

namespace gossamer::encoder {

namespace {

Kernels choose() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512: return {float_kernels_avx512(), cpu_has_vnni() ? code_kernels_avx512() : kernels_avx2().codes};
    case CpuLevel::avx2: return kernels_avx2();
#elif defined(__aarch64__)
    case CpuLevel::neon: return kernels_neon();
#endif
    default: return kernels_portable();
  }
}

}  // namespace

const Kernels& kernels() {
  static const Kernels chosen = choose();
  return chosen;
}

}  // namespace gossamer::encoder
