#include "block/traversals/impacts.h"

#include <algorithm>
#include <functional>

namespace gossamer::block {

Impacts::Impacts(const Postings& postings) : kth_(postings.terms()) {
  std::vector<float> values;
  for (uint32_t term = 0; term < postings.terms(); ++term) {
    const List list = postings.list(term);
    values.assign(list.values.begin(), list.values.end());
    for (size_t i = kRanks.size(); i-- > 0;) {  // each rank lies in the front part that the one before left
      if (values.size() < kRanks[i]) continue;
      const auto kth = values.begin() + static_cast<ptrdiff_t>(kRanks[i]) - 1;
      std::nth_element(values.begin(), kth, values.end(), std::greater<>());
      kth_[term][i] = *kth;
      values.resize(kRanks[i]);
    }
  }
}

float Impacts::reached(std::span<const QueryTerm> terms, size_t k) const {
  const auto rank = static_cast<size_t>(std::lower_bound(kRanks.begin(), kRanks.end(), k) - kRanks.begin());
  float most = 0;
  if (rank < kRanks.size())
    for (const QueryTerm& term : terms) most = std::max(most, term.weight * kth_[term.column][rank]);
  return most;
}

}  // namespace gossamer::block
