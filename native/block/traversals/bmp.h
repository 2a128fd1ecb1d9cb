// Block-max pruning: a bound for every block of neighbouring rows from block maxima, then blocks are scored, best bound first,
// until no bound reaches the k-th score (Mallia, Suel & Tonellotto, "Faster Learned Sparse Retrieval with Block-Max Pruning",
// 2024).
#pragma once

#include <memory>
#include <vector>

#include "block/traversals/block_maxima.h"
#include "block/traversals/blocked_rows.h"
#include "block/traversals/impacts.h"
#include "block/traversals/pool.h"

namespace gossamer::block {

struct BmpIndex {
  // block_rows: 1 to kMostBlockRows; `compressed`: maxima of blocks that have a term only; `saturating`: see Saturating.
  BmpIndex(const Postings& postings, uint32_t block_rows, bool compressed, bool saturating);

  std::shared_ptr<const Space> space;
  bool saturating;
  BlockedRows rows;
  BlockMaxima maxima;
  Impacts impacts;
};

class Bmp : public Traversal {
 public:
  // alpha: blocks are scored while alpha times their bound reaches the k-th score; beta: share of the query's terms, strongest
  // first, that find rows. Exact where both are 1 and nothing saturates; else the exact scores of the rows that were found.
  Bmp(std::shared_ptr<const BmpIndex> index, float alpha, float beta) : index_(std::move(index)), alpha_(alpha), beta_(beta) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  struct Scratch {
    std::vector<float> bounds;
    std::vector<uint32_t> order;
  };
  std::shared_ptr<const BmpIndex> index_;
  float alpha_, beta_;
  Pool<Scratch> pool_;
};

}  // namespace gossamer::block
