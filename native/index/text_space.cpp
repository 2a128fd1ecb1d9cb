#include "index/text_space.h"

#include <algorithm>

namespace gossamer {

TextSpace::TextSpace(const SectionBytes& sections, const std::string& name, const SegmentFacts& facts)
    : tokens(facts.tokens), written_mean(facts.written_mean), largest_ratio(facts.largest_ratio) {
  const std::string at = name + ".";
  terms = Strings::of(sections, at + "terms.", facts.terms);
  term_max = view<uint8_t>(sections, at + "terms.max", facts.terms);
  postings = view<uint64_t>(sections, at + "postings", facts.terms + 1);
  rows = view<uint16_t>(sections, at + "rows", facts.postings);
  if (sections.contains(at + "bounds")) bounds = view<uint8_t>(sections, at + "bounds", facts.postings);
  if (facts.rows > kWindowRows) {
    window_start = view<uint64_t>(sections, at + "windows.start", facts.terms + 1);
    window_id = view<uint16_t>(sections, at + "windows.id");
    window_end = view<uint64_t>(sections, at + "windows.end", window_id.size());
  }
  tf = view<uint8_t>(sections, at + "tf", facts.postings);
  large_tf = view<uint64_t>(sections, at + "tf.large");
  lengths = view<uint32_t>(sections, at + "lengths", facts.rows);
  cf = view<uint64_t>(sections, at + "cf", facts.terms);
  position_start = view<uint64_t>(sections, at + "positions.start", facts.terms + 1);
  positions = view<uint8_t>(sections, at + "positions");
  if (sections.contains(at + "fields.words")) {
    const auto field_words = view<uint64_t>(sections, at + "fields.words");
    const auto field_rows = view<uint64_t>(sections, at + "fields.rows", field_words.size());
    if (field_words.size() < 3 || field_words.size() > kMostFields)
      throw Damaged("section fields.words: too few or too many fields");
    fields.words.assign(field_words.begin(), field_words.end());
    fields.rows.assign(field_rows.begin(), field_rows.end());
    field_tf = view<uint8_t>(sections, at + "fields.tf", facts.postings * apart());
    field_lengths = view<uint32_t>(sections, at + "fields.lengths", facts.rows * apart());
  }
  if (sections.contains(at + "words.starts"))
    words = {view<uint64_t>(sections, at + "words.starts"), view<uint8_t>(sections, at + "words.bytes")};
}

uint64_t TextSpace::frequency(uint32_t term) const {
  const uint64_t begin = postings[term], end = postings[term + 1];
  if (begin > end || end > rows.size()) throw Damaged("section postings: offsets out of order");
  return end - begin;
}

void TextSpace::slices(uint32_t term, std::vector<Slice>& out) const {
  out.clear();
  uint64_t begin = postings[term];
  const uint64_t last = begin + frequency(term);
  if (window_start.empty()) {
    out.push_back({0, begin, last});
    return;
  }
  const uint64_t from = window_start[term], to = window_start[term + 1];
  if (from > to || to > window_id.size()) throw Damaged("section windows.start: offsets out of order");
  for (uint64_t w = from; w < to; ++w) {
    if (window_end[w] < begin || window_end[w] > last) throw Damaged("section windows.end: offsets out of order");
    if (!out.empty() && window_id[w] <= out.back().window) throw Damaged("section windows.id: windows out of order");
    out.push_back({window_id[w], begin, window_end[w]});
    begin = window_end[w];
  }
}

uint32_t TextSpace::count(uint64_t posting) const {
  if (tf[posting] < 255) return tf[posting];
  size_t low = 0, high = large_tf.size() / 2;
  while (low < high) {
    const size_t mid = (low + high) / 2;
    if (large_tf[2 * mid] < posting) low = mid + 1;
    else high = mid;
  }
  if (low == large_tf.size() / 2 || large_tf[2 * low] != posting) throw Damaged("section tf.large: a count is missing");
  return static_cast<uint32_t>(large_tf[2 * low + 1]);
}

bool TextSpace::occurs_in(uint64_t posting, size_t field) const {
  const auto apart = counts(posting);
  if (field < apart.size()) return apart[field] > 0;
  uint32_t rest = count(posting);
  for (uint8_t n : apart) rest -= std::min<uint32_t>(rest, n);
  return rest > 0;
}

std::optional<uint64_t> TextSpace::locate(const Slice& slice, uint32_t row) const {
  const uint16_t* begin = rows.data() + slice.begin;
  const uint16_t* end = rows.data() + slice.end;
  const auto wanted = static_cast<uint16_t>(row % kWindowRows);
  const uint16_t* at = std::lower_bound(begin, end, wanted);
  if (at == end || *at != wanted) return std::nullopt;
  return static_cast<uint64_t>(at - rows.data());
}

std::optional<uint64_t> TextSpace::locate(uint32_t term, uint32_t row) const {
  std::vector<Slice> parts;
  slices(term, parts);
  for (const Slice& part : parts)
    if (part.window == row / kWindowRows) return locate(part, row);
  return std::nullopt;
}

std::vector<Held> TextSpace::held(uint32_t first, uint32_t last) const {
  std::vector<Held> held;
  std::vector<Slice> parts;
  for (uint32_t term = 0; term < terms.size(); ++term) {
    Held found{term, 0, 0};
    slices(term, parts);
    for (const Slice& part : parts) {
      const uint64_t base = uint64_t{part.window} * kWindowRows;
      if (base >= last || base + kWindowRows <= first) continue;
      const auto within = rows.subspan(part.begin, part.end - part.begin);
      auto at = std::ranges::lower_bound(within, first > base ? first - base : 0);
      for (; at != within.end() && base + *at < last; ++at, ++found.rows)
        found.mass += count(part.begin + static_cast<uint64_t>(at - within.begin()));
    }
    if (found.rows > 0) held.push_back(found);
  }
  return held;
}

}  // namespace gossamer
