// Search over vectors: block storage segment by segment, all into one list of the best documents.
#include <algorithm>
#include <deque>
#include <numeric>
#include <stdexcept>

#include "index/traversal.h"

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

// Scores are made of weights in float32, as encoders give them.
float weight_of(const QueryTerm& term) { return static_cast<float>(term.weight); }

}  // namespace

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

SegmentQueries Snapshot::segment_queries(const std::vector<QueryTerm>& query) const {
  SegmentQueries queries(segments_.size());
  for (size_t s = 0; s < segments_.size(); ++s)
    for (const QueryTerm& term : query) {
      if (weight_of(term) == 0) continue;
      const uint32_t number = segments_[s]->terms().find(term.term);
      if (number != kNoTerm) queries[s].push_back({number, weight_of(term)});
    }
  return queries;
}

bool Snapshot::can_prune_vectors(const std::vector<QueryTerm>& query) {
  return query.size() <= block::kMostTerms;  // weights of either sign are bounded by their absolute value
}

void Snapshot::search_vectors(const SegmentQueries& queries, size_t k, const How& how, const Filter& accepts, TopDocuments& top,
                              TraversalCost& cost) const {
  // The largest segment first: it sets the threshold that the others start from.
  std::vector<uint32_t> by_size(segments_.size());
  std::iota(by_size.begin(), by_size.end(), 0u);
  std::ranges::stable_sort(by_size, std::greater<>(), [&](uint32_t s) { return segments_[s]->rows(); });
  block::Cost touched;
  bool grouped = false;
  std::deque<BestRows> bests;
  std::vector<block::Space::Part> parts;
  for (uint32_t s : by_size) {
    if (queries[s].empty()) continue;
    const block::Space& space = segments_[s]->vectors()->block();
    const Bitmap* accept = accepts[s].words.empty() ? nullptr : &accepts[s];
    BestRows& best = bests.emplace_back(*segments_[s], s, top);
    grouped = grouped || best.grouped();
    const size_t wanted = best.grouped() ? 2 * k : k;  // several rows of a document may be among the best
    if (how.exhaustive) space.exhaustive(queries[s], accept, best, &touched);
    else if (how.effort.exact) space.search(queries[s], wanted, {}, accept, best, &touched);
    else parts.push_back({space, queries[s], accept, best});
  }
  if (!parts.empty()) block::Space::search_together(parts, grouped ? 2 * k : k, how.effort, &touched);
  cost = {touched.postings, touched.scored};
}

std::vector<Contribution> Snapshot::explain_vectors(const std::vector<QueryTerm>& query, const Hit& hit) const {
  const VectorSpace& space = *segments_.at(hit.segment)->vectors();
  std::vector<Contribution> parts;
  for (const QueryTerm& term : query) {
    const double weight = weight_of(term);
    const uint32_t number = space.terms().find(term.term);
    if (weight == 0 || number == kNoTerm) continue;
    const auto value = space.value(hit.row, number);
    if (value) parts.push_back({term.term, weight, *value, weight * *value});
  }
  return parts;
}

}  // namespace gossamer
