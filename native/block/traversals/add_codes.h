// Bounds from 8-bit codes, the inner loop of block-max pruning.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gossamer::block {

// sums[i] += weight * codes[i] for i in [0, n).
using AddCodes = void (*)(float* sums, const uint8_t* codes, size_t n, float weight);
AddCodes add_codes();  // the one for cpu_level()

void add_codes_avx2(float* sums, const uint8_t* codes, size_t n, float weight);
void add_codes_avx512(float* sums, const uint8_t* codes, size_t n, float weight);

}  // namespace gossamer::block
