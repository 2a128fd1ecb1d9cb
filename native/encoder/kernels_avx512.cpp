#include <immintrin.h>

#include "encoder/kernels_body.h"

namespace gossamer::encoder {

namespace {

struct Avx512 {
  typedef float Float __attribute__((vector_size(64)));
  typedef int32_t Int __attribute__((vector_size(64)));
  static constexpr size_t kLanes = 16, kRows = 12, kVectors = 2;

  static GOSSAMER_INLINE Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace

FloatKernels float_kernels_avx512() { return Body<Avx512>::floats(); }

}  // namespace gossamer::encoder
