#include "block/traversals/term_at_a_time.h"

#include <algorithm>
#include <limits>

#include "block/traversals/float_scan.h"
#include "block/traversals/shortlist.h"

namespace gossamer::block {

void TermAtATime::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  const auto accepted = [accept](size_t row) { return accept == nullptr || (*accept)[static_cast<uint32_t>(row)]; };
  pool_.with([&](Scratch& scratch) {
    scratch.sums.resize(postings_->rows(), 0.0f);
    float* const sums = scratch.sums.data();
    for (const QueryTerm& term : query.terms) {
      const auto [rows, values, most] = postings_->list(term.column);
      for (size_t i = 0; i < rows.size(); ++i) sums[rows[i]] += term.weight * values[i];
      cost.postings += rows.size();
    }
    Shortlist list(best, query.terms.size());
    const FloatScan scan = float_scan();
    const auto next = [&](size_t from) {
      const double need = std::max<double>(list.need(), std::numeric_limits<float>::denorm_min());
      return scan(sums, from, postings_->rows(), static_cast<float>(need));
    };
    for (size_t row = next(0); row < postings_->rows(); row = next(row + 1))
      if (accepted(row)) {
        list.add(static_cast<uint32_t>(row), sums[row]);
        ++cost.scored;
      }
    if (list.need() <= 0)  // rows whose products are too small for a float count too
      for (const QueryTerm& term : query.terms)
        for (const uint32_t row : postings_->list(term.column).rows)
          if (sums[row] == 0 && accepted(row)) {
            list.add(row, 0);
            sums[row] = 1;
          }
    list.finish(postings_->forward(), query, best);
    std::fill(scratch.sums.begin(), scratch.sums.end(), 0.0f);
  });
}

}  // namespace gossamer::block
