#include "block/traversals/add_codes.h"

namespace gossamer::block {

// The compiler makes vector code of this for the instruction set of this file.
void add_codes_avx2(float* sums, const uint8_t* codes, size_t n, float weight) {
  for (size_t i = 0; i < n; ++i) sums[i] += weight * static_cast<float>(codes[i]);
}

}  // namespace gossamer::block
