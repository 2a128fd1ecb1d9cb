#include "block/traversals/seismic.h"

#include <algorithm>
#include <cmath>

#include "block/traversals/shortlist.h"

namespace gossamer::block {

namespace {

constexpr size_t kAhead = 4;  // rows whose vectors are fetched while another is scored

// Offers a row with its exact score, unless a float32 sum shows that it is not among the best. `vectors`: Forward or
// ColumnCodes.
template <class Vectors>
void offer(const Vectors& vectors, const Query& query, uint32_t row, Best& best) {
  if (best.full() && vectors.about(row, query.dense) * sum_slack(vectors.size(row)) + kTiny < best.worst()) return;
  bool matched = false;
  const double score = vectors.exact(row, query.dense, matched);
  if (std::isnan(score)) throw Damaged("section forward.values: not a number");
  if (matched) best.offer({static_cast<float>(score), row});
}

}  // namespace

void Seismic::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  pool_.with([&](Scratch& scratch) {
    scratch.seen.resize((size_t{lists_->space()->rows()} + 63) / 64, 0);
    Run run{query, accept, best, cost, scratch};
    std::vector<QueryTerm>& cut = scratch.cut;
    cut.assign(query.terms.begin(), query.terms.end());
    const size_t lists = std::min<size_t>(effort_.query_cut, cut.size());
    std::partial_sort(cut.begin(), cut.begin() + static_cast<ptrdiff_t>(lists), cut.end(),
                      [](const QueryTerm& a, const QueryTerm& b) {
                        return a.weight != b.weight ? a.weight > b.weight : a.column < b.column;
                      });
    for (size_t i = 0; i < lists; ++i)
      read_list(cut[i].column, effort_.ordered == Ordered::all || (effort_.ordered == Ordered::first && i == 0), run);
    hop(run);
    for (uint32_t row : scratch.met) scratch.seen[row / 64] = 0;
    scratch.met.clear();
  });
}

void Seismic::read_list(uint32_t list, bool ordered, Run& run) const {
  const float* const estimates = run.scratch.estimates.data();
  run.cost.postings += lists_->estimate(list, run.query.terms, run.scratch.estimates.data(), run.scratch.weights.data());
  const auto hopeless = [&](uint32_t block) {
    return run.best.full() && estimates[block] < effort_.heap_factor * run.best.worst();
  };
  std::vector<uint32_t>& blocks = run.scratch.blocks;
  blocks.clear();
  for (uint32_t block = 0; block < lists_->blocks(list); ++block)
    if (!hopeless(block)) blocks.push_back(block);
  if (ordered)
    std::sort(blocks.begin(), blocks.end(), [estimates](uint32_t a, uint32_t b) {
      return estimates[a] != estimates[b] ? estimates[a] > estimates[b] : a < b;
    });
  for (uint32_t block : blocks) {
    if (hopeless(block)) continue;  // the threshold has risen
    meet(lists_->rows(list, block), run);
    score_waiting(run);
  }
}

// Lets rows wait for their scores, each once, where they may be offered.
void Seismic::meet(std::span<const uint32_t> rows, Run& run) const {
  run.cost.postings += rows.size();
  for (uint32_t row : rows) {
    if (row >= lists_->space()->rows()) throw Damaged("sections seismic.*: no such row");
    if (run.accept != nullptr && !(*run.accept)[row]) continue;
    uint64_t& seen = run.scratch.seen[row / 64];
    const uint64_t bit = uint64_t{1} << row % 64;
    if ((seen & bit) != 0) continue;
    seen |= bit;
    run.scratch.met.push_back(row);
    run.scratch.waiting.push_back(row);
  }
}

void Seismic::score_waiting(Run& run) const {
  const auto score = [&](const auto& vectors) {
    std::vector<uint32_t>& waiting = run.scratch.waiting;
    for (size_t i = 0; i < std::min(kAhead, waiting.size()); ++i) vectors.prefetch(waiting[i]);
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (i + kAhead < waiting.size()) vectors.prefetch(waiting[i + kAhead]);
      offer(vectors, run.query, waiting[i], run.best);
    }
    run.cost.scored += waiting.size();
    waiting.clear();
  };
  if (lists_->columns().present()) score(lists_->columns());
  else score(lists_->forward());
}

// Scores the neighbours of the rows found.
void Seismic::hop(Run& run) const {
  for (const Scored& found : run.best.rows()) {
    const auto all = lists_->neighbours(found.row);
    const auto known = static_cast<size_t>(std::find(all.begin(), all.end(), kNobody) - all.begin());
    meet(all.first(std::min<size_t>(known, effort_.neighbours)), run);
  }
  score_waiting(run);
}

}  // namespace gossamer::block
