#include <immintrin.h>

#include "block/traversals/float_scan.h"

namespace gossamer::block {

size_t float_scan_avx512(const float* sums, size_t from, size_t n, float least) {
  const __m512 bound = _mm512_set1_ps(least);
  for (; from + 16 <= n; from += 16)
    if (const unsigned found = _mm512_cmp_ps_mask(_mm512_loadu_ps(sums + from), bound, _CMP_GE_OQ); found != 0)
      return from + static_cast<size_t>(__builtin_ctz(found));
  while (from < n && !(sums[from] >= least)) ++from;
  return from;
}

}  // namespace gossamer::block
