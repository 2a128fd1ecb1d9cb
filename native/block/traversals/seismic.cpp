#include "block/traversals/seismic.h"

#include <algorithm>
#include <cmath>


namespace gossamer::block {

namespace {

constexpr size_t kAhead = 8;  // rows whose vectors are fetched while another is scored

// Offers a row with its exact score. `vectors`: Forward or ColumnCodes.
template <class Vectors>
void offer(const Vectors& vectors, const Query& query, uint32_t row, Best& best) {
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
    if (lists_->columns().present()) search(lists_->columns(), run);
    else search(lists_->forward(), run);
    for (uint32_t row : scratch.met) scratch.seen[row / 64] = 0;
    scratch.met.clear();
  });
}

template <class Vectors>
void Seismic::search(const Vectors& vectors, Run& run) const {
  std::vector<QueryTerm>& cut = run.scratch.cut;
  cut.assign(run.query.terms.begin(), run.query.terms.end());
  const size_t lists = std::min<size_t>(effort_.query_cut, cut.size());
  std::partial_sort(cut.begin(), cut.begin() + static_cast<ptrdiff_t>(lists), cut.end(),
                    [](const QueryTerm& a, const QueryTerm& b) {
                      return a.weight != b.weight ? a.weight > b.weight : a.column < b.column;
                    });
  for (size_t i = 0; i < lists; ++i)
    read_list(vectors, cut[i].column, effort_.ordered == Ordered::all || (effort_.ordered == Ordered::first && i == 0), run);
  hop(vectors, run);
}

template <class Vectors>
void Seismic::read_list(const Vectors& vectors, uint32_t list, bool ordered, Run& run) const {
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
  size_t next = 0;
  const auto more = [&] {
    if (next == blocks.size()) return false;
    const uint32_t block = blocks[next++];
    if (!hopeless(block)) wait(vectors, lists_->rows(list, block), block, run);
    return true;
  };
  score_waiting(vectors, run, more, hopeless);
}

// Lets the rows of a block wait for their scores where they may be offered; where their vectors lie is fetched.
template <class Vectors>
void Seismic::wait(const Vectors& vectors, std::span<const uint32_t> rows, uint32_t block, Run& run) const {
  run.cost.postings += rows.size();
  for (uint32_t row : rows) {
    if (row >= lists_->space()->rows()) throw Damaged("sections seismic.*: no such row");
    if (run.accept != nullptr && !(*run.accept)[row]) continue;
    vectors.prefetch_place(row);
    run.scratch.rows.push_back(row);
  }
  run.scratch.waiting.push_back({block, run.scratch.rows.size()});
}

// Scores the rows that wait, each once, block by block; `more` lets another block wait, false where there is none. While a row
// is scored, the vectors of kAhead after it and the places of kAhead more are on their way, whatever block they are of.
template <class Vectors, class More, class Hopeless>
void Seismic::score_waiting(const Vectors& vectors, Run& run, More&& more, Hopeless&& hopeless) const {
  std::vector<uint32_t>& rows = run.scratch.rows;
  std::vector<Waiting>& waiting = run.scratch.waiting;
  const auto seen = [&run](uint32_t row) { return (run.scratch.seen[row / 64] >> row % 64 & 1) != 0; };
  size_t at = 0, fetched = 0;
  const auto fetch = [&] {
    while (rows.size() < at + 2 * kAhead && more()) {}
    for (fetched = std::max(fetched, at); fetched < std::min(at + kAhead, rows.size()); ++fetched)
      if (!seen(rows[fetched])) vectors.prefetch(rows[fetched]);
  };
  fetch();
  for (size_t block = 0; block < waiting.size(); ++block) {
    if (hopeless(waiting[block].block)) at = waiting[block].end;  // the threshold has risen
    fetch();
    for (; at < waiting[block].end; ++at) {
      fetch();
      const uint32_t row = rows[at];
      if (seen(row)) continue;
      run.scratch.seen[row / 64] |= uint64_t{1} << row % 64;
      run.scratch.met.push_back(row);
      ++run.cost.scored;
      offer(vectors, run.query, row, run.best);
    }
  }
  rows.clear();
  waiting.clear();
}

// Scores the neighbours of the rows found.
template <class Vectors>
void Seismic::hop(const Vectors& vectors, Run& run) const {
  const std::vector<Scored> found = run.best.rows();
  size_t next = 0;
  const auto more = [&] {
    if (next == found.size()) return false;
    const auto all = lists_->neighbours(found[next++].row);
    const auto known = static_cast<size_t>(std::find(all.begin(), all.end(), kNobody) - all.begin());
    wait(vectors, all.first(std::min<size_t>(known, effort_.neighbours)), 0, run);
    return true;
  };
  score_waiting(vectors, run, more, [](uint32_t) { return false; });
}

}  // namespace gossamer::block
