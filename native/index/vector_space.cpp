#include "index/vector_space.h"

#include <map>
#include <utility>

namespace gossamer {

VectorSpace::VectorSpace(const SectionBytes& sections, const std::string& name, uint32_t rows, block::ValueKind kind,
                         std::shared_ptr<const void> owner) {
  const std::string at = name + ".";
  SectionBytes own;
  for (const auto& [section, bytes] : sections)
    if (section.starts_with(at)) own.emplace(section.substr(at.size()), bytes);
  const uint64_t terms = view<uint32_t>(own, "columns").size();
  if (terms >= UINT32_MAX) throw Damaged("section columns: a count is out of range");
  terms_ = Strings::of(own, "terms.", terms);
  block_ = std::make_unique<block::Space>(own, rows, kind, std::move(owner));
}

uint64_t VectorSpace::frequency(uint32_t term) const {
  const auto steps = block_->lists().steps(term);
  return steps.empty() ? 0 : steps.back().left;  // the last step leaves out the whole list
}

std::optional<float> VectorSpace::value(uint32_t row, uint32_t term) const {
  uint64_t low = forward().begin(row), high = low + forward().size(row);
  const uint64_t end = high;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (forward().column(middle) < term) low = middle + 1;
    else high = middle;
  }
  if (low == end || forward().column(low) != term) return std::nullopt;
  return forward().value(row, low);
}

std::vector<Held> VectorSpace::held(uint32_t first, uint32_t last) const {
  std::map<uint32_t, Held> found;
  for (uint32_t row = first; row < last; ++row)
    for (uint64_t entry = forward().begin(row), end = entry + forward().size(row); entry < end; ++entry) {
      const uint32_t term = forward().column(entry);
      if (term >= terms_.size()) throw Damaged("section forward.columns: no such term");
      Held& held = found.try_emplace(term, Held{term, 0, 0}).first->second;
      ++held.rows;
      held.mass += double{forward().value(row, entry)};
    }
  std::vector<Held> held;
  for (const auto& [term, one] : found) held.push_back(one);
  return held;
}

}  // namespace gossamer
