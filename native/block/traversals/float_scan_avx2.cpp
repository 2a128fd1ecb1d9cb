#include <immintrin.h>

#include "block/traversals/float_scan.h"

namespace gossamer::block {

size_t float_scan_avx2(const float* sums, size_t from, size_t n, float least) {
  const __m256 bound = _mm256_set1_ps(least);
  for (; from + 8 <= n; from += 8)
    if (const int found = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(sums + from), bound, _CMP_GE_OQ)); found != 0)
      return from + static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(found)));
  while (from < n && !(sums[from] >= least)) ++from;
  return from;
}

}  // namespace gossamer::block
