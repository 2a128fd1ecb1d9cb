#include "block/lists.h"

#include <algorithm>
#include <array>

namespace gossamer::block {

namespace {

constexpr size_t kHead = 4;  // u16 before the layers of a chunk

}  // namespace

Lists::Lists(std::span<const uint64_t> offsets, std::span<const uint16_t> data, std::span<const uint32_t> step_offsets,
             std::span<const Step> steps)
    : offsets_(offsets), data_(data), step_offsets_(step_offsets), steps_(steps) {
  if (offsets.empty() || offsets.back() != data.size()) throw Damaged("section lists.offsets: does not end with the lists");
  if (step_offsets.size() != offsets.size() || step_offsets.back() != steps.size())
    throw Damaged("section steps.offsets: does not end with the steps");
}

std::span<const Step> Lists::steps(uint32_t term) const {
  const uint32_t from = step_offsets_[term], to = step_offsets_[term + 1];
  if (from > to || to > steps_.size()) throw Damaged("section steps.offsets: out of order");
  return steps_.subspan(from, to - from);
}

Chunk Lists::chunk(const uint16_t* at, const uint16_t* end) {
  const auto room = static_cast<size_t>(end - at);
  if (room < kHead) throw Damaged("section lists: a chunk is cut off");
  const size_t layers = at[1], size = at[2] | size_t{at[3]} << 16;
  if (layers > kLayers || size > room || size < kHead + 2 * layers) throw Damaged("section lists: a chunk does not fit");
  size_t rows = 0;
  for (size_t i = 0; i < layers; ++i) {
    if (at[kHead + 2 * i] >= kLayers) throw Damaged("section lists: no such layer");
    rows += size_t{at[kHead + 2 * i + 1]} + 1;
  }
  if (size != kHead + 2 * layers + rows) throw Damaged("section lists: a chunk does not fit");
  return {at[0], {at + kHead, 2 * layers}, at + kHead + 2 * layers, at + size};
}

void write_list(std::span<Posting> postings, const Layers& layers, std::vector<uint16_t>& data, std::vector<Step>& steps) {
  std::array<uint32_t, kLayers> total{};
  for (size_t from = 0, to; from < postings.size(); from = to) {
    const uint32_t window = postings[from].row / kWindowRows;
    std::array<uint32_t, kLayers> count{};
    for (to = from; to < postings.size() && postings[to].row / kWindowRows == window; ++to) ++count[postings[to].layer];
    const size_t head = data.size();
    data.insert(data.end(), {static_cast<uint16_t>(window), 0, 0, 0});
    std::array<size_t, kLayers> place{};
    size_t at = 0;
    for (size_t l = kLayers; l-- > 0;) {
      place[l] = at;
      at += count[l];
      total[l] += count[l];
      if (count[l] > 0) data.insert(data.end(), {static_cast<uint16_t>(l), static_cast<uint16_t>(count[l] - 1)});
    }
    const size_t rows = data.size();
    data.resize(rows + at);
    for (size_t i = from; i < to; ++i)
      data[rows + place[postings[i].layer]++] = static_cast<uint16_t>(postings[i].row % kWindowRows);
    const size_t size = data.size() - head;
    data[head + 1] = static_cast<uint16_t>((rows - head - kHead) / 2);
    data[head + 2] = static_cast<uint16_t>(size);
    data[head + 3] = static_cast<uint16_t>(size >> 16);
  }
  const size_t first = steps.size();
  uint32_t left = 0;
  for (uint32_t l = 0; l < kLayers; ++l) {
    if (total[l] == 0) continue;
    left += total[l];
    const Step next{layers.top[l], left, l + 1};
    // Keep the hull concave: drop the last step where the line past it lies above.
    while (steps.size() > first) {
      const Step& last = steps.back();
      const Step before = steps.size() > first + 1 ? steps[steps.size() - 2] : Step{0, 0, 0};
      const double slope_last = (last.left - before.left) / (double{last.bound} - before.bound);
      const double slope_next = (next.left - last.left) / (double{next.bound} - last.bound);
      if (slope_next < slope_last) break;
      steps.pop_back();
    }
    steps.push_back(next);
  }
}

}  // namespace gossamer::block
