#include "block/traversals/block_maxima.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "block/traversals/add_codes.h"

namespace gossamer::block {

BlockMaxima::BlockMaxima(const Postings& postings, uint32_t block_rows, uint32_t group, float unit)
    : blocks_((size_t{postings.rows()} + block_rows - 1) / block_rows), group_(group) {
  const size_t whole = group > 0 ? group : 64;
  padded_ = (blocks_ + whole - 1) / whole * whole;
  if (group == 0) codes_.assign(padded_ * postings.terms(), 0);
  for (uint32_t term = 0; term < postings.terms(); ++term) {
    const List list = postings.list(term);
    const double step = unit > 0 ? unit : list.most / 255.0;
    units_.push_back(unit > 0 ? 1 : std::nextafter(static_cast<float>(step), std::numeric_limits<float>::max()));
    offsets_.push_back(groups_.size());
    for (size_t i = 0; i < list.rows.size();) {
      const uint32_t block = list.rows[i] / block_rows;
      float most = 0;
      for (; i < list.rows.size() && list.rows[i] / block_rows == block; ++i) most = std::max(most, list.values[i]);
      const double exact = step > 0 ? most / step : 0;
      const auto code = static_cast<uint8_t>(std::min(255.0, unit > 0 ? std::nearbyint(exact) : std::ceil(exact)));
      if (group == 0) {
        codes_[padded_ * term + block] = code;
        continue;
      }
      if (groups_.size() == offsets_.back() || groups_.back() != block / group) {
        groups_.push_back(block / group);
        starts_.push_back(pairs_.size());
      }
      pairs_.push_back({static_cast<uint8_t>(block % group), code});
    }
  }
  offsets_.push_back(groups_.size());
  starts_.push_back(pairs_.size());
}

BlockMaxima::BlockMaxima(const BlockMaxima& fine, Of of)
    : blocks_((fine.blocks_ + fine.group_ - 1) / fine.group_), padded_((blocks_ + 63) / 64 * 64), group_(0), units_(fine.units_),
      codes_(padded_ * units_.size(), 0) {
  for (uint32_t term = 0; term < units_.size(); ++term)
    for (uint64_t place = fine.offsets_[term]; place < fine.offsets_[term + 1]; ++place) {
      uint32_t largest = 0, sum = 0;
      for (uint64_t i = fine.starts_[place]; i < fine.starts_[place + 1]; ++i) {
        largest = std::max<uint32_t>(largest, fine.pairs_[i].code);
        sum += fine.pairs_[i].code;
      }
      const uint32_t code = of == Of::largest ? largest : (sum + fine.group_ - 1) / fine.group_;
      codes_[padded_ * term + fine.groups_[place]] = static_cast<uint8_t>(code);
    }
}

void BlockMaxima::add(uint32_t term, float weight, float* bounds) const {
  if (group_ == 0) return add_codes()(bounds, codes_.data() + padded_ * term, padded_, weight);
  for (uint64_t place = offsets_[term]; place < offsets_[term + 1]; ++place)
    add_pairs(place, weight, bounds + size_t{groups_[place]} * group_);
}

void BlockMaxima::add_group(uint32_t term, float weight, uint32_t group, float* bounds) const {
  const auto from = groups_.begin() + static_cast<ptrdiff_t>(offsets_[term]);
  const auto to = groups_.begin() + static_cast<ptrdiff_t>(offsets_[term + 1]);
  const auto found = std::lower_bound(from, to, group);
  if (found != to && *found == group) add_pairs(static_cast<size_t>(found - groups_.begin()), weight, bounds);
}

void BlockMaxima::add_pairs(size_t place, float weight, float* bounds) const {
  for (uint64_t i = starts_[place]; i < starts_[place + 1]; ++i) bounds[pairs_[i].block] += weight * static_cast<float>(pairs_[i].code);
}

}  // namespace gossamer::block
