#include "block/traversals/term_at_a_time.h"

#include <algorithm>

#include "cpu.h"

namespace gossamer::block {

namespace {

size_t float_scan_portable(const float* sums, size_t from, size_t n, float least) {
  while (from < n && !(sums[from] >= least)) ++from;
  return from;
}

}  // namespace

FloatScan float_scan() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512: return float_scan_avx512;
    case CpuLevel::avx2: return float_scan_avx2;
#endif
    default: return float_scan_portable;
  }
}

void TermAtATime::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  const auto accepted = [accept](size_t row) { return accept == nullptr || (*accept)[static_cast<uint32_t>(row)]; };
  pool_.with([&](Scratch& scratch) {
    scratch.sums.resize(postings_->rows(), 0.0f);
    float* const sums = scratch.sums.data();
    for (const QueryTerm& term : query.terms) {
      const List list = postings_->list(term.column);
      for (size_t i = 0; i < list.rows.size(); ++i) sums[list.rows[i]] += term.weight * list.values[i];
      cost.postings += list.rows.size();
    }
    // The k best sums first: a row among the k best exact scores has a sum that is smaller by rounding only.
    const double slack = sum_slack(query.terms.size());
    const auto least_of = [slack](float worst) { return std::max(0.0, worst / slack / slack - kTiny); };
    Best by_sum = best;
    std::vector<Scored>& candidates = scratch.candidates;
    candidates.clear();
    const FloatScan scan = float_scan();
    float least = std::numeric_limits<float>::denorm_min();
    for (size_t row = scan(sums, 0, postings_->rows(), least); row < postings_->rows();
         row = scan(sums, row + 1, postings_->rows(), least)) {
      if (!accepted(row)) continue;
      candidates.push_back({sums[row], static_cast<uint32_t>(row)});
      by_sum.offer(candidates.back());
      if (by_sum.full()) least = std::max(least, static_cast<float>(least_of(by_sum.worst())));
    }
    cost.scored += candidates.size();
    for (const Scored& candidate : candidates)
      if (candidate.score >= least) offer(postings_->forward(), query, candidate.row, best);
    if (!best.full() || best.worst() == 0)  // rows whose sum is 0, since their products are too small for a float
      for (const QueryTerm& term : query.terms)
        for (const uint32_t row : postings_->list(term.column).rows)
          if (sums[row] == 0 && accepted(row)) {
            offer(postings_->forward(), query, row, best);
            sums[row] = 1;
          }
    std::fill(scratch.sums.begin(), scratch.sums.end(), 0.0f);
  });
}

}  // namespace gossamer::block
