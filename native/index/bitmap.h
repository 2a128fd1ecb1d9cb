// Which rows of a segment, or of a space, count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/layout.h"

namespace gossamer {

// A bitmap over rows, padded to whole windows; empty means that every row is accepted.
struct Bitmap {
  std::vector<uint64_t> words;
  static Bitmap none(uint32_t rows) {
    return {std::vector<uint64_t>((size_t{rows} + kWindowRows - 1) / kWindowRows * (kWindowRows / 64), 0)};
  }
  void set(uint32_t i) { words[i / 64] |= uint64_t{1} << (i % 64); }
  bool operator[](uint32_t i) const { return words.empty() || (words[i / 64] >> (i % 64) & 1) != 0; }
};

}  // namespace gossamer
