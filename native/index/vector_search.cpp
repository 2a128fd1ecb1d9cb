// Search over vectors: block storage segment by segment, all into one list of the best documents.
#include <algorithm>
#include <numeric>

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

// The query over a segment's columns; they ascend as the terms do.
std::vector<block::QueryTerm> columns_of(const VectorSpace& space, const std::vector<QueryTerm>& query) {
  std::vector<block::QueryTerm> columns;
  for (const QueryTerm& term : query) {
    if (weight_of(term) == 0) continue;
    const uint32_t number = space.terms().find(term.term);
    if (number != kNoTerm) columns.push_back({number, weight_of(term)});
  }
  return columns;
}

}  // namespace

bool Snapshot::can_prune_vectors(const std::vector<QueryTerm>& query) {
  return query.size() <= block::kMostTerms;  // weights of either sign are bounded by their absolute value
}

void Snapshot::search_vectors(const std::vector<QueryTerm>& query, size_t k, bool exhaust, const Filter& accepts,
                              TopDocuments& top, TraversalCost& cost) const {
  exhaust = exhaust || !can_prune_vectors(query);
  // The largest segment first: it sets the threshold that the others start from.
  std::vector<uint32_t> by_size(segments_.size());
  std::iota(by_size.begin(), by_size.end(), 0u);
  std::ranges::stable_sort(by_size, std::greater<>(), [&](uint32_t s) { return segments_[s]->rows(); });
  block::Cost touched;
  for (uint32_t s : by_size) {
    const VectorSpace& space = *segments_[s]->vectors();
    const auto columns = columns_of(space, query);
    if (columns.empty()) continue;
    const Bitmap* accept = accepts[s].words.empty() ? nullptr : &accepts[s];
    BestRows best(*segments_[s], s, top);
    const size_t wanted = best.grouped() ? 2 * k : k;  // several rows of a document may be among the best
    if (exhaust) space.block().exhaustive(columns, accept, best, &touched);
    else space.block().search(columns, wanted, {}, accept, best, &touched);
  }
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
