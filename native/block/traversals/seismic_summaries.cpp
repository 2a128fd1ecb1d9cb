#include "block/traversals/seismic_summaries.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace gossamer::block {

namespace {

bool larger(const Entry& a, const Entry& b) { return a.value != b.value ? a.value > b.value : a.term < b.term; }

// Floats that are not negative, in this many steps an octave from the largest down; what is smaller shares the last step.
constexpr size_t kSteps = 256;
constexpr int kStepBits = 18;

// How many of the largest entries hold `share` of the sum, the one that completes it included; they come first. One pass adds
// up the steps of a scale of values; only the step in which the sum is completed is sorted.
size_t hold(std::vector<Entry>& entries, double share) {
  if (entries.empty()) return 0;
  uint32_t most = 0;
  for (const Entry& entry : entries) most = std::max(most, std::bit_cast<uint32_t>(entry.value));
  const auto step = [most](const Entry& entry) {
    return std::min<size_t>((most - std::bit_cast<uint32_t>(entry.value)) >> kStepBits, kSteps - 1);
  };
  std::array<double, kSteps> sums{};
  double all = 0;
  for (const Entry& entry : entries) {
    sums[step(entry)] += double{entry.value};
    all += double{entry.value};
  }
  const double wanted = share * all;
  double held = 0;
  size_t last = 0;
  while (last + 1 < kSteps && held + sums[last] < wanted) held += sums[last++];
  const auto begin = std::partition(entries.begin(), entries.end(), [&](const Entry& entry) { return step(entry) < last; });
  const auto end = std::partition(begin, entries.end(), [&](const Entry& entry) { return step(entry) == last; });
  std::sort(begin, end, larger);
  auto kept = begin;
  while (kept != end && (held < wanted || kept == entries.begin())) held += double{(kept++)->value};
  return static_cast<size_t>(kept - entries.begin());
}

}  // namespace

Codes quantise(std::span<const Entry> entries, SeismicOptions::Rounding rounding) {
  Codes coded;
  if (entries.empty()) return coded;
  const bool up = rounding == SeismicOptions::Rounding::up;
  const auto [least, most] = std::minmax_element(entries.begin(), entries.end(),
                                                 [](const Entry& a, const Entry& b) { return a.value < b.value; });
  coded.least = least->value;
  coded.step = (most->value - least->value) / 255.0f;
  const auto value = [&coded](float code) { return coded.least + code * coded.step; };
  if (up)
    while (value(255) < most->value) coded.step = std::nextafter(coded.step, std::numeric_limits<float>::infinity());
  coded.codes.reserve(entries.size());
  for (const Entry& entry : entries) {
    float code = 0;
    if (coded.step > 0) {
      const float exact = (entry.value - coded.least) / coded.step;
      code = std::clamp(up ? std::ceil(exact) : std::nearbyint(exact), 0.0f, 255.0f);
      while (up && code < 255 && value(code) < entry.value) ++code;
    }
    coded.codes.push_back(static_cast<uint8_t>(code));
  }
  return coded;
}

Summariser::Summariser(const Vectors& vectors, size_t terms, const SeismicOptions& options)
    : vectors_(vectors), options_(options), dense_(terms, 0.0f), count_(terms, 0) {}

void Summariser::merge(std::span<const uint32_t> rows) {
  summary_.clear();
  const bool mean = options_.summary == SeismicOptions::Summary::mean;
  for (uint32_t row : rows)
    for (const Entry& entry : vectors_.row(row)) {
      float& merged = dense_[entry.term];
      if (merged == 0) summary_.push_back({entry.term, 0});
      if (mean) merged += entry.value / static_cast<float>(rows.size());
      else merged = std::max(merged, entry.value);
    }
  for (Entry& entry : summary_) entry.value = std::exchange(dense_[entry.term], 0.0f);
  // A value so small that it became 0 may have come twice.
  std::erase_if(summary_, [](const Entry& entry) { return entry.value == 0; });
}

void Summariser::cut() {
  size_t kept = summary_.size();
  if (options_.entries > 0 && options_.entries < kept) {
    kept = options_.entries;
    std::nth_element(summary_.begin(), summary_.begin() + static_cast<ptrdiff_t>(kept), summary_.end(), larger);
  } else if (options_.entries == 0 && options_.energy < 1) {
    kept = hold(summary_, options_.energy);
  }
  summary_.resize(kept);
}

SummarisedList Summariser::summarise(std::span<const uint32_t> rows, std::span<const uint32_t> ends) {
  SummarisedList list;
  coded_.clear();
  uint32_t from = 0;
  for (size_t block = 0; block < ends.size(); ++block) {
    merge(rows.subspan(from, ends[block] - from));
    from = ends[block];
    cut();
    const Codes coded = quantise(summary_, options_.rounding);
    list.steps.push_back(coded.least);
    list.steps.push_back(coded.step);
    for (size_t i = 0; i < summary_.size(); ++i) {
      coded_.push_back({summary_[i].term, static_cast<uint16_t>(block), coded.codes[i]});
      if (count_[summary_[i].term]++ == 0) list.terms.push_back(summary_[i].term);
    }
  }
  std::sort(list.terms.begin(), list.terms.end());
  write(ends.size(), list);
  return list;
}

void Summariser::write(size_t blocks, SummarisedList& list) {
  const bool wide = blocks > kNarrowBlocks;
  const auto put = [&](size_t value) {
    list.bytes.push_back(static_cast<uint8_t>(value));
    if (wide) list.bytes.push_back(static_cast<uint8_t>(value >> 8));
  };
  std::vector<uint32_t> begin;  // first entry of each term
  uint32_t entries = 0;
  for (uint32_t term : list.terms) {
    if (begin.size() % kAnchored == 0)
      for (int shift = 0; shift < 32; shift += 8) list.bytes.push_back(static_cast<uint8_t>(entries >> shift));
    begin.push_back(entries);
    entries += count_[term];
  }
  begin.push_back(entries);
  for (size_t t = 0; t < list.terms.size(); ++t) {
    put(count_[list.terms[t]]);
    count_[list.terms[t]] = begin[t];
  }
  sorted_.resize(coded_.size());
  for (const Coded& one : coded_) sorted_[count_[one.term]++] = one;
  for (size_t t = 0; t < list.terms.size(); ++t) {
    count_[list.terms[t]] = 0;
    for (uint32_t i = begin[t]; i < begin[t + 1]; ++i) put(sorted_[i].block);
    for (uint32_t i = begin[t]; i < begin[t + 1]; ++i) list.bytes.push_back(sorted_[i].code);
  }
}

}  // namespace gossamer::block
