// The threshold scan over float accumulators.
#pragma once

#include <cstddef>

namespace gossamer::block {

// The first i in [from, n) with sums[i] >= least; n where there is none.
using FloatScan = size_t (*)(const float* sums, size_t from, size_t n, float least);
FloatScan float_scan();  // the one for cpu_level()

size_t float_scan_avx2(const float* sums, size_t from, size_t n, float least);
size_t float_scan_avx512(const float* sums, size_t from, size_t n, float least);

}  // namespace gossamer::block
