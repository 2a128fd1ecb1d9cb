// For each term the largest value in every block of rows, as 8-bit codes that are rounded up: times the unit of the term, no
// value is larger. A term has a code for every block, or only for blocks that have it, in groups of neighbours.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "block/traversals/postings.h"

namespace gossamer::block {

class BlockMaxima {
 public:
  // group: blocks of a group, 1 to 256. `compressed`: terms that fewer than a quarter of the blocks have keep only those.
  // `unit`: of all codes, which are then rounded to the nearest; 0 takes for each term the smallest with which 255 codes reach
  // its largest value.
  BlockMaxima(const Postings& postings, uint32_t block_rows, uint32_t group, bool compressed, float unit);
  // One code for each group of `fine`, from the codes of its blocks: the largest, or the mean rounded up.
  enum class Of { largest, mean };
  BlockMaxima(const BlockMaxima& fine, Of of);

  size_t padded() const { return padded_; }  // blocks, to a multiple of the group
  // What a code of the term counts in a bound; finite, so that a code of 0 counts nothing.
  float weight(const QueryTerm& term) const {
    return std::min(term.weight * units_[term.column], std::numeric_limits<float>::max());
  }
  size_t bytes() const {
    return codes_.size() + units_.size() * 12 + groups_.size() * 4 + (offsets_.size() + starts_.size()) * 8 + pairs_.size() * 2;
  }

  // Adds what a term with this weight may add to every block; bounds: padded() of them.
  void add(uint32_t term, float weight, float* bounds) const;
  // The same for one group, `bounds` beginning with its first block.
  void add_group(uint32_t term, float weight, uint32_t group, float* bounds) const;

 private:
  static constexpr uint64_t kNoCodes = ~uint64_t{0};
  struct Pair {
    uint8_t block, code;  // block: within the group
  };
  void add_pairs(uint64_t place, float weight, float* bounds) const;
  template <class F>
  void each_code(uint32_t term, F&& f) const;  // f(block, code)

  size_t padded_;
  uint32_t group_;
  std::vector<float> units_;
  std::vector<uint64_t> dense_;    // of each term: the code of its first block; kNoCodes where it has pairs
  std::vector<uint8_t> codes_;
  std::vector<uint64_t> offsets_;  // of each term: its first group
  std::vector<uint32_t> groups_;
  std::vector<uint64_t> starts_;   // of each group: its first pair
  std::vector<Pair> pairs_;
};

}  // namespace gossamer::block
