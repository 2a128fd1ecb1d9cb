// MaxScore: lists whose bounds together stay below the threshold are only looked into for rows that other lists bring up
// (Turtle & Flood, "Query Evaluation: Strategies and Optimizations", 1995).
#pragma once

#include <memory>

#include "block/traversals/postings.h"

namespace gossamer::block {

class MaxScore : public Traversal {
 public:
  explicit MaxScore(std::shared_ptr<const Postings> postings) : postings_(std::move(postings)) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  std::shared_ptr<const Postings> postings_;
};

}  // namespace gossamer::block
