#include "block/traversals/bmp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "block/traversals/bound_order.h"

namespace gossamer::block {

namespace {

constexpr uint32_t kGroup = 256;  // blocks whose maxima are compressed together

float unit_of(const Postings& postings, bool saturating) {
  float most = 0;
  for (uint32_t term = 0; saturating && term < postings.terms(); ++term) most = std::max(most, postings.list(term).most);
  return most / Saturating::kValues;
}

// The strongest terms of a query, ascending, with the weights to search by.
std::vector<QueryTerm> strongest(const Query& query, float beta, bool saturating) {
  std::vector<QueryTerm> terms(query.terms.begin(), query.terms.end());
  const auto kept = static_cast<ptrdiff_t>(std::ceil(double{beta} * static_cast<double>(terms.size())));
  std::stable_sort(terms.begin(), terms.end(), [](const QueryTerm& a, const QueryTerm& b) { return a.weight > b.weight; });
  const float most = terms.front().weight;
  terms.erase(terms.begin() + std::min<ptrdiff_t>(std::max<ptrdiff_t>(kept, 1), std::ssize(terms)), terms.end());
  std::sort(terms.begin(), terms.end(), [](const QueryTerm& a, const QueryTerm& b) { return a.column < b.column; });
  if (saturating)
    for (QueryTerm& term : terms) term.weight = std::nearbyint(term.weight / most * Saturating::kWeights);
  return terms;
}

}  // namespace

BmpIndex::BmpIndex(const Postings& postings, uint32_t block_rows, bool compressed, bool saturates)
    : space(postings.space()), saturating(saturates), rows(postings, block_rows, unit_of(postings, saturates)),
      maxima(postings, block_rows, kGroup, compressed, unit_of(postings, saturates)), impacts(postings) {}

void Bmp::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  const bool saturating = index_->saturating;
  const std::vector<QueryTerm> terms = strongest(query, beta_, saturating);
  const float most = saturating ? Saturating::kSums : std::numeric_limits<float>::infinity();
  const float reached = accept == nullptr && !saturating ? index_->impacts.reached(terms, best.wanted()) : 0;
  Shortlist list(best, terms.size(), reached);
  pool_.with([&](Scratch& scratch) {
    scratch.bounds.assign(index_->maxima.padded(), 0.0f);
    for (const QueryTerm& term : terms)
      index_->maxima.add(term.column, index_->maxima.weight(term), scratch.bounds.data());
    const std::span<float> bounds = std::span(scratch.bounds).first(index_->rows.blocks());
    for (float& bound : bounds) bound = alpha_ * std::min(bound, most);
    order_by_bound(bounds, list.need(), scratch.order);
    for (const uint32_t block : scratch.order)
      if (!(bounds[block] < list.need())) index_->rows.score(block, terms, most, accept, list, cost);
  });
  if (saturating || beta_ < 1) list.finish_by_sum(index_->space->forward(), query, best);
  else list.finish(index_->space->forward(), query, best);
}

}  // namespace gossamer::block
