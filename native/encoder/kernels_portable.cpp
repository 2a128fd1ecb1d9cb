#include "encoder/kernels_body.h"

namespace gossamer::encoder {

namespace {

// Vectors of the compiler's, of the width that every processor of 64 bits has.
struct Portable {
  typedef float Float __attribute__((vector_size(16)));
  typedef int32_t Int __attribute__((vector_size(16)));
  static constexpr size_t kLanes = 4, kRows = 4, kCodeRows = 4, kVectors = 2;
  static constexpr bool kUnsigned = false;

  static Float fma(Float a, Float b, Float c) { return a * b + c; }
  static Int dot4(Int sum, Int codes, Int weights) {
    // Each byte, from the lowest, moved to the top of its lane and back down with its sign.
    for (int shift = 24; shift >= 0; shift -= 8) sum += (codes << shift >> 24) * (weights << shift >> 24);
    return sum;
  }
};

}  // namespace

Kernels kernels_portable() { return {Body<Portable>::floats(), Body<Portable>::codes()}; }

}  // namespace gossamer::encoder
