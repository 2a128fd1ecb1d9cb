// What every way of searching sparse vectors shares: the query, the best rows so far, what it cost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "block/match.h"
#include "index/bitmap.h"

namespace gossamer::block {

struct QueryTerm {
  uint32_t column;
  float weight;
};

struct Scored {
  float score;
  uint32_t row;
};

struct Cost {
  uint64_t postings = 0, scored = 0;
};

// Where a search puts the rows that it has scored; it may hold rows of other spaces already, whose scores then count.
class Collector {
 public:
  bool full() const { return full_; }
  float worst() const { return worst_; }  // of a full one: a lower score changes nothing any more
  virtual void offer(const Scored& row) = 0;

 protected:
  ~Collector() = default;
  void fill(float worst) {
    full_ = true;
    worst_ = worst;
  }

 private:
  bool full_ = false;
  float worst_ = 0;
};

// The k best rows so far, the worst of them in front. Equal scores: the row that came first in the input is better.
class Best final : public Collector {
 public:
  // `order`: the input row of each stored row; null where rows are stored as they came.
  explicit Best(size_t k, const uint32_t* order = nullptr) : k_(k), order_(order) { heap_.reserve(k + 1); }
  void offer(const Scored& row) override {
    const auto better = [this](const Scored& a, const Scored& b) { return precedes(a, b); };
    if (heap_.size() == k_) {
      if (k_ == 0 || !better(row, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(row);
    std::push_heap(heap_.begin(), heap_.end(), better);
    if (heap_.size() == k_) fill(heap_.front().score);
  }
  size_t wanted() const { return k_; }
  const std::vector<Scored>& rows() const { return heap_; }  // as stored, in no order
  // Best first, by their input rows.
  std::vector<Scored> sorted() && {
    std::sort(heap_.begin(), heap_.end(), [this](const Scored& a, const Scored& b) { return precedes(a, b); });
    if (order_ != nullptr)
      for (Scored& row : heap_) row.row = order_[row.row];
    return std::move(heap_);
  }

 private:
  bool precedes(const Scored& a, const Scored& b) const {
    if (a.score != b.score) return a.score > b.score;
    return order_ != nullptr ? order_[a.row] < order_[b.row] : a.row < b.row;
  }
  size_t k_;
  const uint32_t* order_;
  std::vector<Scored> heap_;
};

// A query over the terms of an index: numbers ascending and unique, weights finite and positive; `dense` has the same
// as Forward::exact reads it.
struct Query {
  std::span<const QueryTerm> terms;
  const DenseQuery& dense;
};

// One way to the best rows of a query, over structures of its own beside the forward file.
class Traversal {
 public:
  virtual ~Traversal() = default;
  // Offers stored rows with their exact scores (Forward::exact, rounded to float). `accept`: those that may be offered; null
  // for all.
  virtual void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const = 0;
};

}  // namespace gossamer::block
