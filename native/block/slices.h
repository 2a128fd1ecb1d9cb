// A loop over many rows on several threads that can be ended from the calling one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "block/rows.h"
#include "index/builder.h"

namespace gossamer::block {

// Calls work(from, to) for slices of [0, n) of at most `size`; which thread takes which is not determined.
template <class Work>
void in_slices(uint32_t n, unsigned threads, const Pulse& pulse, Work&& work, uint32_t size = 4096) {
  const uint32_t slices = (n + size - 1) / size;
  std::atomic<uint32_t> next{0};
  run_parallel(std::max(1u, std::min(threads, slices)), [&](unsigned thread) {
    try {
      for (uint32_t slice; (slice = next.fetch_add(1)) < slices;) {
        work(slice * size, std::min(n, (slice + 1) * size));
        if (thread == 0 && pulse) pulse();
      }
    } catch (...) {
      next = slices;  // the others end as well
      throw;
    }
  });
}

}  // namespace gossamer::block
