#include "index/segment.h"

#include <algorithm>

namespace gossamer {

Segment::Segment(SectionBytes sections, const std::vector<SpaceKind>& spaces, const SegmentFacts& facts,
                 std::shared_ptr<const void> owner)
    : sections_(std::move(sections)), owner_(std::move(owner)), facts_(facts) {
  if (facts.rows >= UINT32_MAX || facts.documents >= UINT32_MAX || facts.terms >= UINT32_MAX)
    throw Damaged("segment facts: a count is out of range");
  ids_ = Strings::of(sections_, "ids.", facts.documents);
  row_document_ = view<uint32_t>(sections_, "rows.doc", facts.rows);
  row_range_ = view<uint32_t>(sections_, "rows.range", facts.rows * 4);
  order_ = view<uint64_t>(sections_, "order", facts.rows);
  stored_ = view<uint64_t>(sections_, "docs.store", facts.documents * 3);
  const auto blocks = view<uint64_t>(sections_, "store.blocks");
  if (blocks.empty()) throw Damaged("section store.blocks: empty");
  store_ = StoreReader(blocks, view<uint8_t>(sections_, "store.bytes"));
  for (const SpaceKind& space : spaces) {
    auto& vectors = vectors_.emplace_back();
    if (space.kind == SpaceKind::vectors) vectors = std::make_unique<VectorSpace>(sections_, space.name, rows(), space.values, owner_);
    else if (vectors_.size() > 1) throw std::invalid_argument("a space of text is the first");
    else space_ = TextSpace(sections_, space.name, facts);
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

std::vector<Held> Segment::terms_of(uint32_t document, uint32_t space) const {
  const auto [begin, end] = std::equal_range(row_document_.begin(), row_document_.end(), document);
  const auto first = static_cast<uint32_t>(begin - row_document_.begin());
  const auto last = static_cast<uint32_t>(end - row_document_.begin());
  return vectors(space) != nullptr ? vectors(space)->held(first, last) : space_.held(first, last);
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
