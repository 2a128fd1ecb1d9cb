#include <immintrin.h>

#include "encoder/kernels_body.h"

namespace gossamer::encoder {

namespace {

struct Avx2 {
  typedef float Float __attribute__((vector_size(32)));
  typedef int32_t Int __attribute__((vector_size(32)));
  static constexpr size_t kLanes = 8, kRows = 6, kCodeRows = 4, kVectors = 2;
  static constexpr bool kUnsigned = false;

  static GOSSAMER_INLINE Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  // vpmaddubsw wants one side unsigned: the sign of the codes goes over to the weights. A pair of products is at most
  // 2 * 127 * 127 and does not saturate.
  static GOSSAMER_INLINE Int dot4(Int sum, Int codes, Int weights) {
    const auto x = reinterpret_cast<__m256i>(codes), w = reinterpret_cast<__m256i>(weights);
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(w, x));
    return sum + reinterpret_cast<Int>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace

Kernels kernels_avx2() { return {Body<Avx2>::floats(), Body<Avx2>::codes()}; }

}  // namespace gossamer::encoder
