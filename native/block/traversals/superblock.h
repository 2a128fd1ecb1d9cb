// Superblock pruning: whole runs of blocks are passed over by the largest and the mean of their block maxima (Carlson, Xie,
// He & Yang, "Dynamic Superblock Pruning for Fast Learned Sparse Retrieval", 2025).
#pragma once

#include <memory>
#include <vector>

#include "block/traversals/block_maxima.h"
#include "block/traversals/blocked_rows.h"
#include "block/traversals/impacts.h"
#include "block/traversals/pool.h"

namespace gossamer::block {

struct SuperblockIndex {
  // block_rows: 1 to kMostBlockRows; `blocks`: of a superblock, 1 to 256.
  SuperblockIndex(const Postings& postings, uint32_t block_rows, uint32_t blocks);

  std::shared_ptr<const Space> space;
  uint32_t blocks;
  BlockedRows rows;
  BlockMaxima maxima, largest, mean;
  Impacts impacts;
};

class Superblock : public Traversal {
 public:
  // A superblock is passed over where mu times the bound by the largest maxima and eta times the one by their mean both miss the
  // k-th score, a block in it where eta times its bound does. 0 < mu <= eta <= 1; exact where both are 1.
  Superblock(std::shared_ptr<const SuperblockIndex> index, float mu, float eta) : index_(std::move(index)), mu_(mu), eta_(eta) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  struct Scratch {
    std::vector<float> largest, mean, bounds;
    std::vector<uint32_t> order, blocks;
  };
  std::shared_ptr<const SuperblockIndex> index_;
  float mu_, eta_;
  Pool<Scratch> pool_;
};

}  // namespace gossamer::block
