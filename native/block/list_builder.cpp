#include "block/list_builder.h"

#include <algorithm>
#include <cmath>

#include "index/builder.h"

namespace gossamer::block {

// The lists of terms [from, to), which are numbered from the part's start.
struct ListBuilder::Part {
  uint32_t from, to;
  std::vector<uint16_t> data;
  std::vector<uint64_t> ends;
  std::vector<Step> steps;
  std::vector<uint32_t> step_ends;
};

// One counting sort of the range's postings by term; rows come ascending and stay so.
void ListBuilder::sort(Part& part) const {
  const uint64_t base = before_[part.from];
  std::vector<Posting> sorted(before_[part.to] - base);
  std::vector<uint64_t> at;
  for (uint32_t t = part.from; t < part.to; ++t) at.push_back(before_[t] - base);
  rows_.each(part.from, part.to, [&](uint32_t row, std::span<const uint32_t> terms, std::span<const float> values) {
    for (size_t i = 0; i < terms.size(); ++i) {
      uint64_t& next = at[terms[i] - part.from];
      if (next >= before_[terms[i] + 1] - base) throw Damaged("section lists: not the rows that were counted");
      sorted[next++] = {row, layers_.of(std::fabs(values[i]))};
    }
  });
  for (uint32_t t = part.from; t < part.to; ++t) {
    write_list(std::span(sorted).subspan(before_[t] - base, before_[t + 1] - before_[t]), layers_, part.data, part.steps);
    part.ends.push_back(part.data.size());
    part.step_ends.push_back(static_cast<uint32_t>(part.steps.size()));
  }
}

void ListBuilder::write(const std::function<void(std::span<const uint16_t>)>& sink) {
  const auto terms = static_cast<uint32_t>(before_.size() - 1);
  const uint64_t share = std::min(together_, before_.back()) / threads_ + 1;
  for (uint32_t next = 0; next < terms;) {
    std::vector<Part> parts;
    while (parts.size() < threads_ && next < terms) {
      Part part{next, next + 1, {}, {}, {}, {}};
      while (part.to < terms && before_[part.to + 1] - before_[part.from] <= share) ++part.to;
      next = part.to;
      parts.push_back(std::move(part));
    }
    run_parallel(static_cast<unsigned>(parts.size()), [&](unsigned p) { sort(parts[p]); });
    for (Part& part : parts) {  // in order
      const uint64_t base = offsets.back();
      const auto step_base = static_cast<uint32_t>(steps.size());
      for (uint64_t end : part.ends) offsets.push_back(base + end);
      for (uint32_t end : part.step_ends) step_offsets.push_back(step_base + end);
      steps.insert(steps.end(), part.steps.begin(), part.steps.end());
      if (!part.data.empty()) sink(part.data);
      part = {};
    }
  }
}

}  // namespace gossamer::block
