// The k best documents of a search over several segments, each by its best row.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "index/layout.h"

namespace gossamer {

struct Hit {
  float score;
  uint32_t segment, row, document;
  uint64_t order;
};

// The worst document is at the front. Equal scores: the smaller insertion number is better, then the smaller row.
class TopDocuments {
 public:
  explicit TopDocuments(size_t k) : k_(k) { heap_.reserve(k + 1); }

  bool full() const { return heap_.size() == k_; }
  float worst() const { return heap_.front().score; }

  // `grouped`: other rows of the document may be offered, too.
  void offer(const Hit& hit, bool grouped) {
    if (std::isnan(hit.score)) throw Damaged("a score is not a number");  // it has no place in an order
    if (full() && !better(hit, heap_.front())) return;
    if (grouped) {
      if (!documents_.insert(key(hit)).second) {
        // another row of a document that is already in: keep its better row
        auto at = std::find_if(heap_.begin(), heap_.end(), [&](const Hit& h) { return key(h) == key(hit); });
        if (!better_row(hit, *at)) return;
        *at = hit;
        std::make_heap(heap_.begin(), heap_.end(), better);
        return;
      }
    }
    if (full()) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      if (grouped) documents_.erase(key(heap_.back()));
      heap_.pop_back();
    }
    heap_.push_back(hit);
    std::push_heap(heap_.begin(), heap_.end(), better);
  }

  // Best first.
  std::vector<Hit> sorted() && {
    std::sort(heap_.begin(), heap_.end(), better);
    return std::move(heap_);
  }

 private:
  static uint64_t key(const Hit& hit) { return uint64_t{hit.segment} << 32 | hit.document; }
  static bool better(const Hit& a, const Hit& b) { return a.score != b.score ? a.score > b.score : a.order < b.order; }
  static bool better_row(const Hit& a, const Hit& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

  size_t k_;
  std::vector<Hit> heap_;
  std::unordered_set<uint64_t> documents_;  // those in the heap, where rows are grouped
};

}  // namespace gossamer
