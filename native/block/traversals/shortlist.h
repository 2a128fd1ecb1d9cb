// Rows by their float32 sums, in one pass; the exact scores of those few come after it.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "block/best.h"
#include "block/forward.h"

namespace gossamer::block {

// The true sum of n non-negative products is at most this factor larger or smaller than their float32 sum in any order.
inline double sum_slack(size_t n) { return 1 + 6e-8 * static_cast<double>(n + 16); }
// Below the normal numbers, where a factor says nothing, the error of a float32 sum is less than this.
inline constexpr double kTiny = 1e-37;

class Shortlist {
 public:
  // `like`: how many rows are wanted, and how ties go; `terms`: the most products in a sum; `known`: a sum that as many rows
  // as are wanted are known to reach.
  Shortlist(const Best& like, size_t terms, float known = 0)
      : best_(like), slack_(sum_slack(terms) * sum_slack(terms)), need_(known > 0 ? least(known) : -kNone) {}

  // A row whose sum, or bound of it, is below this is not among the best exact scores.
  double need() const { return need_; }
  bool full() const { return best_.full(); }
  void add(uint32_t row, float sum) {
    if (sum < need_) return;
    candidates_.push_back({sum, row});
    best_.offer(candidates_.back());
    if (best_.full()) need_ = std::max(need_, least(best_.worst()));
  }

  // Offers every row that may be among the best exact scores.
  void finish(const Forward& forward, const Query& query, Best& best) const {
    for (const Scored& candidate : candidates_)
      if (candidate.score >= need_) offer(forward, query, candidate.row, best);
  }
  // Offers the best rows by sum, and no others.
  void finish_by_sum(const Forward& forward, const Query& query, Best& best) const {
    for (const Scored& row : best_.rows()) offer(forward, query, row.row, best);
  }

 private:
  static constexpr double kNone = std::numeric_limits<double>::infinity();
  // Once for the rounding of the k-th sum, and once for that of a sum that falls short of it.
  double least(float kth) const { return std::min(kth, std::numeric_limits<float>::max()) / slack_ - kTiny; }
  static void offer(const Forward& forward, const Query& query, uint32_t row, Best& best) {
    bool matched = false;
    const double score = forward.exact(row, query.dense, matched);
    if (matched) best.offer({static_cast<float>(score), row});
  }

  Best best_;  // by sum
  double slack_, need_;
  std::vector<Scored> candidates_;
};

}  // namespace gossamer::block
