#include <arm_neon.h>

#include "encoder/kernels_body.h"

namespace gossamer::encoder {

namespace {

struct Neon {
  typedef float Float __attribute__((vector_size(16)));
  typedef int32_t Int __attribute__((vector_size(16)));
  static constexpr size_t kLanes = 4, kRows = 6, kCodeRows = 6, kVectors = 4;
  static constexpr bool kUnsigned = false;

  static GOSSAMER_INLINE Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
  // Without the dot product of ARMv8.2, which not every processor has: products of 16 bits, added in pairs twice.
  static GOSSAMER_INLINE Int dot4(Int sum, Int codes, Int weights) {
    const int8x16_t x = vreinterpretq_s8_s32(codes), w = vreinterpretq_s8_s32(weights);
    const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(x), vget_low_s8(w))), high = vpaddlq_s16(vmull_high_s8(x, w));
    return sum + vpaddq_s32(low, high);
  }
};

}  // namespace

Kernels kernels_neon() { return {Body<Neon>::floats(), Body<Neon>::codes()}; }

}  // namespace gossamer::encoder
