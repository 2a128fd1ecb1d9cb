// WAND: with the cursors in order of their rows, the first row that can matter is where the running sum of bounds reaches
// the threshold (Broder, Carmel, Herscovici, Soffer & Zien, "Efficient Query Evaluation Using a Two-Level Retrieval
// Process", 2003).
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "block/traversals/cursor.h"
#include "block/traversals/shortlist.h"

namespace gossamer::block {

class Wand : public Traversal {
 public:
  explicit Wand(std::shared_ptr<const Postings> postings) : postings_(std::move(postings)) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  std::shared_ptr<const Postings> postings_;
};

// Adds the rows that can matter to `list`; returns how many. `skip(cursors, pivot, beyond)` may look closer at a pivot, where
// `cursors` stand at or before it and `beyond` is the first row of the others: it returns the pivot to have it scored, or a
// larger row where none before that can matter.
template <class Skip>
uint64_t each_pivot(std::vector<Cursor>& cursors, const Bitmap* accept, Shortlist& list, Skip&& skip) {
  std::vector<Cursor*> order;
  for (Cursor& cursor : cursors) order.push_back(&cursor);
  const auto by_row = [](const Cursor* a, const Cursor* b) { return a->row() < b->row(); };
  std::sort(order.begin(), order.end(), by_row);
  const auto sink = [&order](size_t i) {  // a cursor that moved on takes its new place
    for (; i + 1 < order.size() && order[i + 1]->row() < order[i]->row(); ++i) std::swap(order[i], order[i + 1]);
  };
  uint64_t scored = 0;
  while (true) {
    float sum = 0;
    size_t p = 0;
    for (; p < order.size(); ++p)
      if (!((sum += order[p]->bound()) < list.need())) break;
    if (p == order.size() || order[p]->row() == Cursor::kEnd) return scored;
    const uint32_t pivot = order[p]->row();
    while (p + 1 < order.size() && order[p + 1]->row() == pivot) ++p;
    const uint32_t beyond = p + 1 < order.size() ? order[p + 1]->row() : Cursor::kEnd;
    const bool accepted = accept == nullptr || (*accept)[pivot];
    const uint32_t to = accepted ? skip(std::span(order).first(p + 1), pivot, beyond) : pivot + 1;
    if (to == pivot && order[0]->row() == pivot) {
      float score = 0;
      for (size_t i = 0; i <= p; ++i) score += order[i]->score();
      list.add(pivot, score);
      ++scored;
      for (size_t i = p + 1; i-- > 0;) {
        order[i]->next();
        sink(i);
      }
      continue;
    }
    size_t strongest = p + 1;  // of those that have to move, the list with the largest bound leaves out most
    for (size_t i = 0; i <= p; ++i)
      if (order[i]->row() < to && (strongest > p || order[i]->bound() > order[strongest]->bound())) strongest = i;
    order[strongest]->seek(to);
    sink(strongest);
  }
}

}  // namespace gossamer::block
