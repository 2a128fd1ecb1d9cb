// Block-Max WAND: a pivot is looked at again with the maxima of the blocks of postings that it lies in, and whole blocks are
// skipped (Ding & Suel, "Faster Top-k Document Retrieval Using Block-Max Indexes", 2011).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "block/traversals/postings.h"

namespace gossamer::block {

// Lists cut into blocks of as many postings.
class BlockMaxPostings {
 public:
  struct Block {
    uint32_t last;  // row
    float most;     // value
  };
  BlockMaxPostings(std::shared_ptr<const Space> space, size_t block_size);

  const Postings& postings() const { return postings_; }
  std::span<const Block> blocks(uint32_t term) const {
    return std::span(blocks_).subspan(offsets_[term], offsets_[term + 1] - offsets_[term]);
  }
  size_t maxima_bytes() const { return blocks_.size() * sizeof(Block) + offsets_.size() * 8; }

 private:
  Postings postings_;
  std::vector<uint64_t> offsets_;
  std::vector<Block> blocks_;
};

class BlockMaxWand : public Traversal {
 public:
  explicit BlockMaxWand(std::shared_ptr<const BlockMaxPostings> lists) : lists_(std::move(lists)) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  std::shared_ptr<const BlockMaxPostings> lists_;
};

}  // namespace gossamer::block
