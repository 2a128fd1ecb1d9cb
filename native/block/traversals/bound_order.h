// Numbers of blocks by falling bound: a counting sort by exponent and eight bits of mantissa, so that neighbours in the order
// may be out of it by a 256th.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace gossamer::block {

inline constexpr size_t kFewBounds = 512;  // up to so many a comparison sort is faster

// Blocks whose bound reaches `need`; bounds are not negative.
inline void order_by_bound(std::span<const float> bounds, double need, std::vector<uint32_t>& order) {
  if (bounds.size() <= kFewBounds) {
    order.clear();
    for (uint32_t block = 0; block < bounds.size(); ++block)
      if (!(bounds[block] < need)) order.push_back(block);
    std::sort(order.begin(), order.end(), [bounds](uint32_t a, uint32_t b) { return bounds[a] > bounds[b]; });
    return;
  }
  constexpr uint32_t kBuckets = 4096;  // sixteen powers of two below the largest bound; the rest shares the last
  uint32_t largest = 0;
  for (const float bound : bounds) largest = std::max(largest, std::bit_cast<uint32_t>(bound));
  const auto bucket = [largest](float bound) {
    return std::min(kBuckets - 1, (largest >> 15) - (std::bit_cast<uint32_t>(bound) >> 15));
  };
  std::array<uint32_t, kBuckets + 1> start{};
  for (const float bound : bounds)
    if (!(bound < need)) ++start[bucket(bound) + 1];
  for (size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
  order.resize(start.back());
  for (uint32_t block = 0; block < bounds.size(); ++block)
    if (!(bounds[block] < need)) order[start[bucket(bounds[block])]++] = block;
}

}  // namespace gossamer::block
