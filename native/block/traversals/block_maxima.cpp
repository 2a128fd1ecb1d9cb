#include "block/traversals/block_maxima.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "block/traversals/add_codes.h"

namespace gossamer::block {

namespace {

constexpr size_t kDenseShare = 4;  // at a quarter of the blocks vector code over all of them is several times faster than pairs

size_t whole_groups(size_t blocks, uint32_t group) { return (blocks + group - 1) / group * group; }

}  // namespace

BlockMaxima::BlockMaxima(const Postings& postings, uint32_t block_rows, uint32_t group, bool compressed, float unit)
    : padded_(whole_groups((size_t{postings.rows()} + block_rows - 1) / block_rows, group)), group_(group) {
  std::vector<std::pair<uint32_t, uint8_t>> found;  // blocks of a term with their codes
  for (uint32_t term = 0; term < postings.terms(); ++term) {
    const List list = postings.list(term);
    const double step = unit > 0 ? unit : list.most / 255.0;
    units_.push_back(unit > 0 ? 1 : std::nextafter(static_cast<float>(step), std::numeric_limits<float>::max()));
    found.clear();
    for (size_t i = 0; i < list.rows.size();) {
      const uint32_t block = list.rows[i] / block_rows;
      float most = 0;
      for (; i < list.rows.size() && list.rows[i] / block_rows == block; ++i) most = std::max(most, list.values[i]);
      const double code = step > 0 ? most / step : 0;
      found.emplace_back(block, static_cast<uint8_t>(std::min(255.0, unit > 0 ? std::nearbyint(code) : std::ceil(code))));
    }
    offsets_.push_back(groups_.size());
    if (!compressed || found.size() * kDenseShare >= padded_) {
      dense_.push_back(codes_.size());
      codes_.resize(codes_.size() + padded_, 0);
      for (const auto& [block, code] : found) codes_[dense_.back() + block] = code;
      continue;
    }
    dense_.push_back(kNoCodes);
    for (const auto& [block, code] : found) {
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
    : padded_(fine.padded_ / fine.group_), group_(1), units_(fine.units_), codes_(padded_ * units_.size(), 0) {
  std::vector<uint32_t> sums(padded_);
  for (uint32_t term = 0; term < units_.size(); ++term) {
    dense_.push_back(padded_ * term);
    uint8_t* const codes = codes_.data() + dense_.back();
    std::fill(sums.begin(), sums.end(), 0);
    fine.each_code(term, [&](size_t block, uint8_t code) {
      const size_t group = block / fine.group_;
      sums[group] += code;
      codes[group] = std::max(codes[group], code);
    });
    for (size_t group = 0; of == Of::mean && group < padded_; ++group)
      codes[group] = static_cast<uint8_t>((sums[group] + fine.group_ - 1) / fine.group_);
  }
}

template <class F>
void BlockMaxima::each_code(uint32_t term, F&& f) const {
  if (dense_[term] != kNoCodes)
    for (size_t block = 0; block < padded_; ++block) f(block, codes_[dense_[term] + block]);
  else
    for (uint64_t place = offsets_[term]; place < offsets_[term + 1]; ++place)
      for (uint64_t i = starts_[place]; i < starts_[place + 1]; ++i) f(size_t{groups_[place]} * group_ + pairs_[i].block, pairs_[i].code);
}

void BlockMaxima::add(uint32_t term, float weight, float* bounds) const {
  if (dense_[term] != kNoCodes) return add_codes()(bounds, codes_.data() + dense_[term], padded_, weight);
  for (uint64_t place = offsets_[term]; place < offsets_[term + 1]; ++place)
    add_pairs(place, weight, bounds + size_t{groups_[place]} * group_);
}

void BlockMaxima::add_group(uint32_t term, float weight, uint32_t group, float* bounds) const {
  if (dense_[term] != kNoCodes)
    return add_codes()(bounds, codes_.data() + dense_[term] + size_t{group} * group_, group_, weight);
  const auto from = groups_.begin() + static_cast<ptrdiff_t>(offsets_[term]);
  const auto to = groups_.begin() + static_cast<ptrdiff_t>(offsets_[term + 1]);
  const auto found = std::lower_bound(from, to, group);
  if (found != to && *found == group) add_pairs(static_cast<uint64_t>(found - groups_.begin()), weight, bounds);
}

void BlockMaxima::add_pairs(uint64_t place, float weight, float* bounds) const {
  for (uint64_t i = starts_[place]; i < starts_[place + 1]; ++i) bounds[pairs_[i].block] += weight * static_cast<float>(pairs_[i].code);
}

}  // namespace gossamer::block
