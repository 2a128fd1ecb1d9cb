// Splits compounds into the parts whose frequencies have the largest geometric mean, if that beats the whole's.
// Koehn and Knight, "Empirical Methods for Compound Splitting" (2003).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analysis/analyzer.h"
#include "hash.h"

namespace gossamer {

class Compounds {
 public:
  explicit Compounds(const std::vector<std::pair<std::string, uint64_t>>& frequencies);

  // The parts of a word as ranges of its code points, without linking elements; empty when it stays whole.
  std::vector<Range> split(std::span<const char32_t> word) const;

 private:
  double weight(std::string_view part) const;

  std::unordered_map<std::string, double, StringHash, std::equal_to<>> logarithms_;  // of the frequencies
};

}  // namespace gossamer
