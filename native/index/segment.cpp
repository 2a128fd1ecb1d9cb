#include "index/segment.h"

namespace gossamer {

namespace {

constexpr size_t kAnySize = static_cast<size_t>(-1);

template <class T>
View<T> view(const SectionBytes& sections, const std::string& name, size_t expected = kAnySize) {
  const auto found = sections.find(name);
  if (found == sections.end()) throw Damaged("section " + name + ": missing");
  const auto bytes = found->second;
  if (bytes.size() % sizeof(T) != 0 || (expected != kAnySize && bytes.size() / sizeof(T) != expected))
    throw Damaged("section " + name + ": holds " + std::to_string(bytes.size()) + " bytes, expected " +
                  std::to_string(expected == kAnySize ? sizeof(T) : expected * sizeof(T)));
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

Strings strings(const SectionBytes& sections, const std::string& prefix, size_t count) {
  Strings s{view<uint64_t>(sections, prefix + "offsets", count + 1), view<char>(sections, prefix + "bytes"),
            view<uint32_t>(sections, prefix + "hash")};
  if (s.slots.empty() || (s.slots.size() & (s.slots.size() - 1)) != 0 || s.slots.size() <= count)
    throw Damaged("section " + prefix + "hash: not a hash table");
  return s;
}

}  // namespace

size_t Strings::lower_bound(std::string_view key) const {
  size_t low = 0, high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (at(middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

uint32_t Strings::find(std::string_view key) const {
  const size_t mask = slots.size() - 1;
  size_t slot = hash_bytes(key) & mask;
  for (size_t probes = 0; probes <= mask; ++probes, slot = (slot + 1) & mask) {
    const uint32_t entry = slots[slot];
    if (entry == 0) return kNoTerm;
    if (entry > size()) throw Damaged("hash table points outside its strings");
    if (at(entry - 1) == key) return entry - 1;
  }
  return kNoTerm;
}

uint64_t Space::frequency(uint32_t term) const {
  const uint64_t begin = postings[term], end = postings[term + 1];
  if (begin > end || end > rows.size()) throw Damaged("section postings: offsets out of order");
  return end - begin;
}

void Space::slices(uint32_t term, std::vector<Slice>& out) const {
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

uint32_t Space::count(uint64_t posting) const {
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

bool Space::occurs_in(uint64_t posting, size_t field) const {
  const auto apart = counts(posting);
  if (field < apart.size()) return apart[field] > 0;
  uint32_t rest = count(posting);
  for (uint8_t n : apart) rest -= std::min<uint32_t>(rest, n);
  return rest > 0;
}

std::optional<uint64_t> Space::locate(const Slice& slice, uint32_t row) const {
  const uint16_t* begin = rows.data() + slice.begin;
  const uint16_t* end = rows.data() + slice.end;
  const auto wanted = static_cast<uint16_t>(row % kWindowRows);
  const uint16_t* at = std::lower_bound(begin, end, wanted);
  if (at == end || *at != wanted) return std::nullopt;
  return static_cast<uint64_t>(at - rows.data());
}

std::optional<uint64_t> Space::locate(uint32_t term, uint32_t row) const {
  std::vector<Slice> parts;
  slices(term, parts);
  for (const Slice& part : parts)
    if (part.window == row / kWindowRows) return locate(part, row);
  return std::nullopt;
}

Segment::Segment(SectionBytes sections, std::string space, bool text, const SegmentFacts& facts,
                 std::shared_ptr<const void> owner)
    : sections_(std::move(sections)), owner_(std::move(owner)), facts_(facts) {
  if (facts.rows >= UINT32_MAX || facts.documents >= UINT32_MAX || facts.terms >= UINT32_MAX)
    throw Damaged("segment facts: a count is out of range");
  ids_ = strings(sections_, "ids.", facts.documents);
  row_document_ = view<uint32_t>(sections_, "rows.doc", facts.rows);
  row_range_ = view<uint32_t>(sections_, "rows.range", facts.rows * 4);
  order_ = view<uint64_t>(sections_, "order", facts.rows);
  stored_ = view<uint64_t>(sections_, "docs.store", facts.documents * 3);
  const auto blocks = view<uint64_t>(sections_, "store.blocks");
  if (blocks.empty()) throw Damaged("section store.blocks: empty");
  store_ = StoreReader(blocks, view<uint8_t>(sections_, "store.bytes"));

  const std::string at = space + ".";
  const size_t terms = facts.terms, postings = facts.postings;
  space_.text = text;
  space_.tokens = facts.tokens;
  space_.written_mean = facts.written_mean;
  space_.largest_ratio = facts.largest_ratio;
  space_.terms = strings(sections_, at + "terms.", terms);
  space_.term_max = view<uint8_t>(sections_, at + "terms.max", terms);
  space_.postings = view<uint64_t>(sections_, at + "postings", terms + 1);
  space_.rows = view<uint16_t>(sections_, at + "rows", postings);
  if (sections_.contains(at + "bounds")) space_.bounds = view<uint8_t>(sections_, at + "bounds", postings);
  if (facts.rows > kWindowRows) {
    space_.window_start = view<uint64_t>(sections_, at + "windows.start", terms + 1);
    space_.window_id = view<uint16_t>(sections_, at + "windows.id");
    space_.window_end = view<uint64_t>(sections_, at + "windows.end", space_.window_id.size());
  }
  if (text) {
    space_.tf = view<uint8_t>(sections_, at + "tf", postings);
    space_.large_tf = view<uint64_t>(sections_, at + "tf.large");
    space_.lengths = view<uint32_t>(sections_, at + "lengths", facts.rows);
    space_.cf = view<uint64_t>(sections_, at + "cf", terms);
    space_.position_start = view<uint64_t>(sections_, at + "positions.start", terms + 1);
    space_.positions = view<uint8_t>(sections_, at + "positions");
    if (sections_.contains(at + "fields.words")) {
      const auto words = view<uint64_t>(sections_, at + "fields.words");
      const auto rows = view<uint64_t>(sections_, at + "fields.rows", words.size());
      if (words.size() < 3 || words.size() > kMostFields) throw Damaged("section fields.words: too few or too many fields");
      space_.fields.words.assign(words.begin(), words.end());
      space_.fields.rows.assign(rows.begin(), rows.end());
      space_.field_tf = view<uint8_t>(sections_, at + "fields.tf", postings * space_.apart());
      space_.field_lengths = view<uint32_t>(sections_, at + "fields.lengths", facts.rows * space_.apart());
    }
    if (sections_.contains(at + "words.starts"))
      space_.words = {view<uint64_t>(sections_, at + "words.starts"), view<uint8_t>(sections_, at + "words.bytes")};
  } else {
    space_.values = view<float>(sections_, at + "values", postings);
  }
}

void Segment::find(std::string_view id, std::vector<uint32_t>& out) const {
  const size_t mask = ids_.slots.size() - 1;
  size_t slot = hash_bytes(id) & mask;
  for (size_t probes = 0; probes <= mask && ids_.slots[slot] != 0; ++probes, slot = (slot + 1) & mask) {
    const uint32_t document = ids_.slots[slot] - 1;
    if (document >= documents()) throw Damaged("section ids.hash: no such document");
    if (ids_.at(document) == id) out.push_back(document);
  }
}

std::string Segment::metadata(uint32_t document) const {
  return store_.read(stored_[document * size_t{3}], stored_[document * size_t{3} + 1]);
}

std::string Segment::text(uint32_t document) const {
  const size_t i = document * size_t{3};
  return store_.read(stored_[i] + stored_[i + 1], stored_[i + 2]);
}

std::string Segment::passage(uint32_t row) const {
  const size_t i = document_of(row) * size_t{3};
  const auto r = range(row);
  if (r[2] > r[3] || r[3] > stored_[i + 2]) throw Damaged("section rows.range: a passage lies outside its document");
  return store_.read(stored_[i] + stored_[i + 1] + r[2], r[3] - r[2]);
}

std::vector<Segment::Held> Segment::terms_of(uint32_t document) const {
  const auto [begin, end] = std::equal_range(row_document_.begin(), row_document_.end(), document);
  const auto first = static_cast<uint32_t>(begin - row_document_.begin());
  const auto last = static_cast<uint32_t>(end - row_document_.begin());
  std::vector<Held> held;
  std::vector<Slice> parts;
  for (uint32_t term = 0; term < space_.terms.size(); ++term) {
    Held found{term, 0, 0};
    space_.slices(term, parts);
    for (const Slice& part : parts) {
      const uint64_t base = uint64_t{part.window} * kWindowRows;
      if (base >= last || base + kWindowRows <= first) continue;
      const auto rows = space_.rows.subspan(part.begin, part.end - part.begin);
      auto at = std::ranges::lower_bound(rows, first > base ? first - base : 0);
      for (; at != rows.end() && base + *at < last; ++at, ++found.rows) {
        const uint64_t posting = part.begin + static_cast<uint64_t>(at - rows.begin());
        found.mass += space_.text ? space_.count(posting) : static_cast<double>(space_.values[posting]);
      }
    }
    if (found.rows > 0) held.push_back(found);
  }
  return held;
}

Bitmap Segment::accept(std::span<const uint32_t> dead) const {
  if (dead.empty()) return {};
  Bitmap live_documents{std::vector<uint64_t>((documents() + 63) / 64, ~uint64_t{0})};
  for (uint32_t d : dead) {
    if (d >= documents()) throw Damaged("tombstones name a document that the segment lacks");
    live_documents.words[d / 64] &= ~(uint64_t{1} << (d % 64));
  }
  Bitmap accepted = Bitmap::none(rows());
  for (uint32_t r = 0; r < rows(); ++r)
    if (live_documents[document_of(r)]) accepted.set(r);
  return accepted;
}

Bitmap Segment::accept(const Bitmap& accepted, std::span<const uint8_t> wanted) const {
  if (wanted.size() != documents()) throw std::invalid_argument("a filter has one byte for each document");
  Bitmap both = Bitmap::none(rows());
  for (uint32_t r = 0; r < rows(); ++r)
    if (wanted[document_of(r)] != 0 && accepted[r]) both.set(r);
  return both;
}

}  // namespace gossamer
