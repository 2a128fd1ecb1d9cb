#include <immintrin.h>

#include "encoder/kernels_body.h"

namespace gossamer::encoder {

namespace {

struct Vnni {
  typedef float Float __attribute__((vector_size(64)));
  typedef int32_t Int __attribute__((vector_size(64)));
  static constexpr size_t kLanes = 16, kCodeRows = 12, kVectors = 2;
  static constexpr bool kUnsigned = true;

  static GOSSAMER_INLINE Int dot4(Int sum, Int codes, Int weights) {
    const Int unsigned_weights = weights ^ static_cast<int32_t>(0x80808080u);
    return reinterpret_cast<Int>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), reinterpret_cast<__m512i>(unsigned_weights),
                                                     reinterpret_cast<__m512i>(codes)));
  }
};

}  // namespace

CodeKernels code_kernels_avx512() { return Body<Vnni>::codes(); }

}  // namespace gossamer::encoder
