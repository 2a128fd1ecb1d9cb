// Which documents hold terms, whatever the score: for filters, operators, counts and facets.
#include "index/traversal.h"

namespace gossamer {

Snapshot::Filter Snapshot::filter(const std::vector<std::span<const uint8_t>>& wanted) const {
  if (wanted.size() != segments_.size()) throw std::invalid_argument("a filter has one part for each segment");
  Filter filter;
  for (size_t s = 0; s < segments_.size(); ++s) filter.push_back(segments_[s]->accept(accepts_[s], wanted[s]));
  return filter;
}

std::vector<uint8_t> Snapshot::matching(const std::vector<QueryTerm>& query, uint32_t s, bool all,
                                        std::optional<size_t> field) const {
  const Segment& segment = *segments_.at(s);
  std::vector<uint8_t> matched(segment.documents(), all && !query.empty() ? 1 : 0), has;
  const auto mark = [&](uint32_t row) {
    if (row < segment.rows() && accepts_[s][row]) has[segment.document_of(row)] = 1;
  };
  std::vector<Slice> slices;
  for (const QueryTerm& term : query) {
    has.assign(segment.documents(), 0);
    const uint32_t number = segment.terms(term.space).find(term.term);
    if (number != kNoTerm && segment.vectors(term.space) != nullptr) {
      segment.vectors(term.space)->each_row(number, mark);
    } else if (number != kNoTerm) {
      const TextSpace& space = segment.space();
      space.slices(number, slices);
      for (const Slice& slice : slices)
        for (uint64_t p = slice.begin; p < slice.end; ++p)
          if (!field || space.occurs_in(p, *field)) mark(slice.window * kWindowRows + space.rows[p]);
    }
    for (size_t d = 0; d < has.size(); ++d) matched[d] = all ? matched[d] & has[d] : matched[d] | has[d];
  }
  return matched;
}

}  // namespace gossamer
