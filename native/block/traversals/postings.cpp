#include "block/traversals/postings.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gossamer::block {

Postings::Postings(std::shared_ptr<const Space> space) : space_(std::move(space)), most_(space_->terms(), 0.0f) {
  const Forward& from = forward();
  const size_t terms = most_.size();
  offsets_.assign(terms + 1, 0);
  const auto each = [&](auto&& f) {
    for (uint32_t row = 0; row < from.rows(); ++row)
      for (uint64_t entry = from.begin(row); entry < from.begin(row) + from.size(row); ++entry)
        if (const uint32_t term = from.column(entry); term < terms) f(term, row, entry);  // others only in damaged files
  };
  each([&](uint32_t term, uint32_t, uint64_t) { ++offsets_[term + 1]; });
  for (size_t t = 0; t < terms; ++t) offsets_[t + 1] += offsets_[t];
  rows_.resize(offsets_.back());
  values_.resize(offsets_.back());
  std::vector<uint64_t> at(offsets_.begin(), offsets_.end() - 1);
  each([&](uint32_t term, uint32_t row, uint64_t entry) {
    const float value = from.value(row, entry);
    if (!(value >= 0) || !std::isfinite(value)) throw Damaged("section forward.values: negative or not finite");
    rows_[at[term]] = row;
    values_[at[term]++] = value;
    most_[term] = std::max(most_[term], value);
  });
}

}  // namespace gossamer::block
