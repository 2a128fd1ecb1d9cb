#include "block/lists.h"

#include <algorithm>
#include <array>

namespace gossamer::block {

namespace {

constexpr uint32_t kStride = 4;  // layers between the places where a reader may stop

}  // namespace

Lists::Lists(std::span<const uint64_t> offsets, std::span<const uint16_t> data, std::span<const uint32_t> step_offsets,
             std::span<const Step> steps)
    : offsets_(offsets), data_(data), step_offsets_(step_offsets), steps_(steps) {
  if (offsets.empty() || offsets.back() != data.size()) throw Damaged("section lists.offsets: does not end with the lists");
  if (step_offsets.size() != offsets.size() || step_offsets.back() != steps.size())
    throw Damaged("section steps.offsets: does not end with the steps");
  if (!std::is_sorted(offsets.begin(), offsets.end())) throw Damaged("section lists.offsets: out of order");
  if (!std::is_sorted(step_offsets.begin(), step_offsets.end())) throw Damaged("section steps.offsets: out of order");
}

void write_list(std::span<Posting> postings, const Layers& layers, std::vector<uint16_t>& data, std::vector<Step>& steps) {
  std::array<uint32_t, kLayers> total{};
  for (size_t from = 0, to; from < postings.size(); from = to) {
    const uint32_t window = postings[from].row / kListWindow;
    std::array<uint32_t, kLayers> count{};
    for (to = from; to < postings.size() && postings[to].row / kListWindow == window; ++to) ++count[postings[to].layer];
    const size_t size = to - from;
    data.insert(data.end(), {static_cast<uint16_t>(window), static_cast<uint16_t>(size - 1)});
    std::array<size_t, kLayers> place{};
    size_t at = 0;
    uint16_t pair = 0;  // two layer bytes
    size_t groups = 0;
    for (size_t l = kLayers; l-- > 0;) {
      place[l] = at;
      at += count[l];
      total[l] += count[l];
      for (; groups * kTogether < at; ++groups) {  // groups that begin in this layer
        if (groups % 2 == 0) pair = static_cast<uint16_t>(l);
        else data.push_back(static_cast<uint16_t>(pair | l << 8));
      }
    }
    if (groups % 2 == 1) data.push_back(pair);
    const size_t rows = data.size();
    data.resize(rows + size);
    for (size_t i = from; i < to; ++i)
      data[rows + place[postings[i].layer]++] = static_cast<uint16_t>(postings[i].row % kListWindow);
  }
  const size_t first = steps.size();
  uint32_t left = 0;
  const auto bound = [&layers](const Step& step) { return step.cut == 0 ? 0.0 : double{layers.top[step.cut - 1]}; };
  size_t strongest = kLayers;
  while (strongest > 0 && total[strongest - 1] == 0) --strongest;
  for (uint32_t l = 0; l < strongest; ++l) {
    left += total[l];
    if (left == 0 || ((l + 1) % kStride != 0 && l + 1 != strongest)) continue;
    const Step next{left, l + 1};
    // Keep the hull concave: drop the last step where the line past it lies above.
    while (steps.size() > first) {
      const Step& last = steps.back();
      const Step before = steps.size() > first + 1 ? steps[steps.size() - 2] : Step{0, 0};
      const double slope_last = (last.left - before.left) / (bound(last) - bound(before));
      const double slope_next = (next.left - last.left) / (bound(next) - bound(last));
      if (slope_next < slope_last) break;
      steps.pop_back();
    }
    steps.push_back(next);
  }
}

}  // namespace gossamer::block
