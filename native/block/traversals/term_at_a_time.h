// Term at a time: every posting of every query term is added to its row's accumulator, then the accumulators are scanned.
// Nothing is pruned: what any pruning has to beat (Turtle & Flood, "Query Evaluation: Strategies and Optimizations", 1995).
#pragma once

#include <memory>
#include <vector>

#include "block/traversals/pool.h"
#include "block/traversals/postings.h"

namespace gossamer::block {

class TermAtATime : public Traversal {
 public:
  explicit TermAtATime(std::shared_ptr<const Postings> postings) : postings_(std::move(postings)) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  struct Scratch {
    std::vector<float> sums;  // 0 between searches
  };
  std::shared_ptr<const Postings> postings_;
  Pool<Scratch> pool_;
};

}  // namespace gossamer::block
