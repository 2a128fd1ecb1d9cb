// The threshold scan over accumulators: which rows of a block reached the bound, clearing the block on the way.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gossamer {

// Writes the indices i (ascending) with acc[i] >= threshold that `accept` lets through (bit i; null lets all), and those
// acc[i] (room for n each), and sets acc[0, n) to zero. n is a multiple of 64 and at most 65536; threshold >= 1. Returns how
// many were written.
using ScanKernel = size_t (*)(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row,
                              uint16_t* out_bound);

ScanKernel scan_kernel();  // the one for cpu_level()

size_t scan_portable(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row, uint16_t* out_bound);
size_t scan_avx2(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row, uint16_t* out_bound);
size_t scan_avx512(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row, uint16_t* out_bound);
size_t scan_neon(uint16_t* acc, size_t n, uint16_t threshold, const uint64_t* accept, uint16_t* out_row, uint16_t* out_bound);

}  // namespace gossamer
