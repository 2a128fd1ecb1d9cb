// A place in a document-ordered list, for traversals that take document after document.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "block/traversals/postings.h"

namespace gossamer::block {

class Cursor {
 public:
  static constexpr uint32_t kEnd = 0xffffffffu;

  Cursor(const Postings& postings, const QueryTerm& term)
      : list_(postings.list(term.column)), term_(term.column), weight_(term.weight), bound_(term.weight * list_.most) {
    settle();
  }
  uint32_t term() const { return term_; }
  uint32_t row() const { return row_; }                      // kEnd behind the last
  float weight() const { return weight_; }                   // of the term in the query
  float bound() const { return bound_; }                     // the most that the list adds to any row
  float score() const { return weight_ * list_.values[at_]; }
  uint64_t read() const { return read_; }                    // postings stood on so far

  void next() {
    ++at_;
    settle();
  }
  // To the first row that is not less.
  void seek(uint32_t row) {
    if (row_ >= row) return;
    size_t low = at_, step = 1;  // rows[low] < row
    for (; low + step < list_.rows.size() && list_.rows[low + step] < row; step *= 2) low += step;
    const auto first = list_.rows.begin();
    const auto last = first + static_cast<ptrdiff_t>(std::min(low + step, list_.rows.size()));
    at_ = static_cast<size_t>(std::lower_bound(first + static_cast<ptrdiff_t>(low) + 1, last, row) - first);
    settle();
  }

 private:
  void settle() {
    const bool inside = at_ < list_.rows.size();
    row_ = inside ? list_.rows[at_] : kEnd;
    read_ += inside ? 1 : 0;
  }

  List list_;
  uint32_t term_, row_ = kEnd;
  float weight_, bound_;
  size_t at_ = 0;
  uint64_t read_ = 0;
};

inline std::vector<Cursor> cursors_of(const Postings& postings, const Query& query) {
  std::vector<Cursor> cursors;
  for (const QueryTerm& term : query.terms) cursors.emplace_back(postings, term);
  return cursors;
}

inline void count_read(const std::vector<Cursor>& cursors, Cost& cost) {
  for (const Cursor& cursor : cursors) cost.postings += cursor.read();
}

}  // namespace gossamer::block
