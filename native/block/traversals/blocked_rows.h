// Rows in blocks of as many neighbours, each block a little inverted file of its own, as block-max pruning scores them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "block/traversals/postings.h"
#include "block/traversals/shortlist.h"

namespace gossamer::block {

inline constexpr uint32_t kMostBlockRows = 256;

// How values and query weights are rounded where arithmetic is to lose what integers lose: values to 8 bits, weights to 0..32,
// sums to 16 bits that stay at their largest.
struct Saturating {
  static constexpr float kValues = 255, kWeights = 32, kSums = 65535;
};

class BlockedRows {
 public:
  // block_rows: at most kMostBlockRows. `unit`: values are kept as rounded multiples of it; 0 keeps them as they are.
  BlockedRows(const Postings& postings, uint32_t block_rows, float unit);

  uint32_t blocks() const { return static_cast<uint32_t>(block_entries_.size() - 1); }
  size_t bytes() const {
    return (block_terms_.size() + block_entries_.size()) * 8 + (terms_.size() + starts_.size() + values_.size()) * 4 + rows_.size();
  }

  // Adds the accepted rows of a block to the list with their sums, which stay at `most`. Terms ascending.
  void score(uint32_t block, std::span<const QueryTerm> terms, float most, const Bitmap* accept, Shortlist& list, Cost& cost) const;

 private:
  uint32_t block_rows_;
  std::vector<uint64_t> block_terms_, block_entries_;  // before each block
  std::vector<uint32_t> terms_;                        // of each block, ascending
  std::vector<uint32_t> starts_;                       // of each such term: its first entry, counted within the block
  std::vector<uint8_t> rows_;                          // of each entry: the row within the block
  std::vector<float> values_;
};

}  // namespace gossamer::block
