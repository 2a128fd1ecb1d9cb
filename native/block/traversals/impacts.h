// The 10th, 100th and 1000th largest value of every term: with them a search knows a score that k rows reach before it reads
// any (Mallia, Suel & Tonellotto, "Faster Learned Sparse Retrieval with Block-Max Pruning", 2024, section 3).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "block/traversals/postings.h"

namespace gossamer::block {

class Impacts {
 public:
  explicit Impacts(const Postings& postings);
  // A sum that k rows reach, 0 where none is known.
  float reached(std::span<const QueryTerm> terms, size_t k) const;
  size_t bytes() const { return kth_.size() * sizeof(kth_[0]); }

 private:
  static constexpr std::array<size_t, 3> kRanks = {10, 100, 1000};
  std::vector<std::array<float, 3>> kth_;  // of each term; 0 where it has fewer
};

}  // namespace gossamer::block
