// Search over vectors: block storage segment by segment, all into one list of the best documents.
#include <algorithm>
#include <deque>
#include <numeric>
#include <stdexcept>

#include "index/traversal_state.h"

namespace gossamer {

namespace {

// Rows of a segment on their way to the best documents.
class BestRows final : public block::Collector {
 public:
  BestRows(const Segment& segment, uint32_t number, TopDocuments& top)
      : segment_(segment), number_(number), grouped_(segment.rows() != segment.documents()), top_(top) {
    if (top_.full()) fill(top_.worst());
  }
  void offer(const block::Scored& row) override {
    top_.offer({row.score, number_, row.row, segment_.document_of(row.row), segment_.order(row.row)}, grouped_);
    if (top_.full()) fill(top_.worst());
  }
  bool grouped() const { return grouped_; }

 private:
  const Segment& segment_;
  uint32_t number_;
  bool grouped_;
  TopDocuments& top_;
};

}  // namespace

std::vector<block::QueryTerm> columns_of(const VectorSpace& space, std::span<const QueryTerm> query) {
  std::vector<block::QueryTerm> columns;
  for (const QueryTerm& term : query) {
    if (float_weight(term) == 0) continue;
    const uint32_t number = space.terms().find(term.term);
    if (number != kNoTerm) columns.push_back({number, float_weight(term)});
  }
  return columns;
}

ColumnNames::ColumnNames(const Snapshot& snapshot, const std::vector<std::string_view>& names) : place_(names.size()) {
  std::vector<uint32_t> ascending(names.size());
  std::iota(ascending.begin(), ascending.end(), 0u);
  std::ranges::sort(ascending, {}, [&](uint32_t column) { return names[column]; });
  for (uint32_t i = 0; i < ascending.size(); ++i) {
    if (i > 0 && names[ascending[i]] == names[ascending[i - 1]])
      throw std::invalid_argument("two columns are named " + std::string(names[ascending[i]]));
    place_[ascending[i]] = i;
  }
  for (const auto& segment : snapshot.segments()) {
    auto& numbers = numbers_.emplace_back();
    for (const uint32_t column : ascending) numbers.push_back(segment->terms().find(names[column]));
  }
}

SegmentQueries ColumnNames::query(std::span<const uint32_t> columns, std::span<const float> weights) const {
  std::vector<block::QueryTerm> placed;
  for (size_t i = 0; i < columns.size(); ++i)
    if (weights[i] != 0) placed.push_back({place_.at(columns[i]), weights[i]});
  std::ranges::sort(placed, {}, &block::QueryTerm::column);
  SegmentQueries query(numbers_.size());
  for (size_t s = 0; s < numbers_.size(); ++s)
    for (const block::QueryTerm& term : placed)
      if (const uint32_t number = numbers_[s][term.column]; number != kNoTerm) query[s].push_back({number, term.weight});
  return query;
}

SegmentQueries Snapshot::segment_queries(Terms query) const {
  SegmentQueries queries;
  for (const auto& segment : segments_) queries.push_back(columns_of(*segment->vectors(query.front().space), query));
  return queries;
}

void Snapshot::search_vectors(const SegmentQueries& queries, uint32_t space, size_t k, const How& how, const Filter& accepts,
                              TopDocuments& top, TraversalCost& cost) const {
  block::Cost touched;
  bool grouped = false;
  std::deque<BestRows> bests;
  std::vector<block::Space::Part> parts;
  for (uint32_t s : by_size()) {
    if (queries[s].empty()) continue;
    const block::Space& block = segments_[s]->vectors(space)->block();
    const Bitmap* accept = accepts[s].words.empty() ? nullptr : &accepts[s];
    BestRows& best = bests.emplace_back(*segments_[s], s, top);
    grouped = grouped || best.grouped();
    const size_t wanted = best.grouped() ? 2 * k : k;  // several rows of a document may be among the best
    if (how.exhaustive) block.exhaustive(queries[s], accept, best, &touched);
    else if (how.effort.exact) block.search(queries[s], wanted, {}, accept, best, &touched);
    else parts.push_back({block, queries[s], accept, best});
  }
  if (!parts.empty()) block::Space::search_together(parts, grouped ? 2 * k : k, how.effort, &touched);
  cost = {touched.postings, touched.scored};
}

}  // namespace gossamer
