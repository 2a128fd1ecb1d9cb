// Normalisation of the few code points that reorder or compose with each other: a starter and what extends it.
// Unicode Standard Annex 15, "Unicode Normalization Forms".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/unicode.h"

namespace gossamer {

class Cluster {
 public:
  // `composed` gives the image of a lone code point, `decomposed` the images that are ordered and composed together.
  Cluster(unicode::Mapping composed, unicode::Mapping decomposed, bool fold)
      : composed_(composed), decomposed_(decomposed), fold_(fold) {}

  bool empty() const { return code_points_.empty(); }
  size_t size() const { return code_points_.size(); }
  uint32_t start() const { return start_; }
  uint32_t end() const { return end_; }

  // Adds the code point of the original text at `offset`.
  void add(char32_t code_point, uint32_t offset) {
    if (code_points_.empty()) start_ = offset;
    code_points_.push_back(code_point);
    end_ = offset + 1;
  }
  void clear() { code_points_.clear(); }

  // The normalised (and folded) cluster; valid until the next call.
  std::span<const char32_t> normalized();

 private:
  struct Part {
    char32_t code_point;
    uint8_t combining;
  };
  void decompose();
  void compose();

  unicode::Mapping composed_, decomposed_;
  bool fold_;
  uint32_t start_ = 0, end_ = 0;
  std::vector<char32_t> code_points_, result_;
  std::vector<Part> parts_;
};

}  // namespace gossamer
