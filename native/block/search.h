// The best rows for a query by inner product.
//
// Exact search in three steps (after Anh & Moffat's impact-ordered evaluation and Turtle & Flood's MaxScore):
//   1. a threshold: the strongest layers of the query's lists, and the exact scores of the rows they favour;
//   2. which layers need not be read: by the lists' steps, those that leave out most postings for a share of the threshold;
//      `rest` is the most that they could add to any row;
//   3. upper bounds of all rows over the other layers, in 16-bit units, a window of rows at a time. A row whose bound plus
//      `rest` stays below the k-th best exact score cannot be among the best; the others are scored, best bound first.
// Approximate search is step 1 alone, with more effort. Over several spaces it goes as over one: all read the same share of the
// query's postings, and the rows that are scored are those with the highest bounds of all.
#pragma once

#include <cstdint>
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "block/best.h"
#include "block/forward.h"
#include "block/lists.h"
#include "block/plan.h"

namespace gossamer::block {

// How much work a search does.
struct Effort {
  bool exact = true;
  double share = 0.1;           // of the threshold that unread layers may add up to
  uint32_t postings = 3000;     // that step 1 reads
  uint32_t candidates = 16;     // whose exact scores step 1 computes; at least k
};

class Space {
 public:
  // Sections as build() makes them; throws Damaged where they do not fit. `owner` keeps the bytes alive.
  Space(const SectionBytes& sections, uint32_t rows, ValueKind kind, std::shared_ptr<const void> owner);
  ~Space();
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  uint32_t rows() const { return forward_.rows(); }
  size_t terms() const { return columns_.size(); }

  // The input row of each stored row; empty where rows are stored as they came.
  std::span<const uint32_t> order() const { return order_; }

  // Input rows that share a column with the query, by score descending, then row; at most k. `query`: columns ascending and
  // unique, weights finite and not 0; negative ones, in queries or rows, are bounded by their absolute value, so that search
  // stays exact but reads more. `accept`: stored rows that may be returned; null for all.
  std::vector<Scored> search(const std::vector<QueryTerm>& query, size_t k, const Effort& effort, const Bitmap* accept = nullptr,
                             Cost* cost = nullptr) const;
  // The same into a collector that several spaces may share, so that one threshold runs over them: rows that cannot enter it
  // are not offered. `k`: how many rows it wants.
  void search(const std::vector<QueryTerm>& query, size_t k, const Effort& effort, const Bitmap* accept, Collector& best,
              Cost* cost = nullptr) const;
  // A space and what search() takes for it.
  struct Part {
    const Space& space;
    const std::vector<QueryTerm>& query;
    const Bitmap* accept;
    Collector& best;
  };
  // Approximate search over several spaces as over one. `k`: how many rows are wanted of all.
  static void search_together(std::span<const Part> parts, size_t k, const Effort& effort, Cost* cost = nullptr);
  // The same in another way, one made for this space.
  std::vector<Scored> search(const std::vector<QueryTerm>& query, size_t k, const Traversal& traversal, const Bitmap* accept = nullptr,
                             Cost* cost = nullptr) const;
  // The same by scoring every accepted row: the oracle.
  std::vector<Scored> exhaustive(const std::vector<QueryTerm>& query, size_t k, const Bitmap* accept = nullptr) const;
  void exhaustive(const std::vector<QueryTerm>& query, const Bitmap* accept, Collector& best, Cost* cost = nullptr) const;

  const Lists& lists() const { return lists_; }
  const Layers& layers() const { return layers_; }
  const Forward& forward() const { return forward_; }

 private:
  struct Scratch;
  struct Favourites;
  std::unique_ptr<Scratch> borrow() const;
  void give_back(std::unique_ptr<Scratch> scratch) const;
  std::optional<uint32_t> number_of(uint32_t column) const;
  void number_terms(const std::vector<QueryTerm>& query, Scratch& scratch) const;
  std::unique_ptr<Scratch> planned(const std::vector<QueryTerm>& query) const;
  void done(std::unique_ptr<Scratch> scratch, Cost* cost) const;
  bool read_window(uint32_t window, Scratch& scratch) const;
  template <class RowAt, class Score>
  void fetch_ahead(size_t n, RowAt&& row_at, Score&& score) const;
  void favour(uint16_t space, const Bitmap* accept, Scratch& scratch, Favourites& favourites) const;
  void score_favoured(std::span<const uint64_t> favoured, Scratch& scratch, Collector& best) const;
  void first_rows(const Effort& effort, size_t k, const Bitmap* accept, Scratch& scratch, Collector& best) const;
  void all_rows(const Effort& effort, const Bitmap* accept, Scratch& scratch, Collector& best) const;
  void offer(uint32_t row, Scratch& scratch, Collector& best) const;

  std::shared_ptr<const void> owner_;
  std::span<const uint32_t> columns_, order_;
  Layers layers_;
  Lists lists_;
  Forward forward_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> idle_;
};

}  // namespace gossamer::block
