// One immutable segment, read in place from memory-mapped sections. Offsets found in the bytes are checked before use, so
// that damaged bytes give Damaged or a wrong score, never a wild read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/bitmap.h"
#include "index/builder.h"
#include "index/layout.h"
#include "index/store.h"
#include "index/strings.h"
#include "index/text_space.h"
#include "index/vector_space.h"

namespace gossamer {

class Segment {
 public:
  // Throws Damaged when a required section is missing or sizes disagree. `owner` keeps the bytes alive. `spaces`: none where
  // of a damaged segment only the documents are wanted; text comes first.
  Segment(SectionBytes sections, const std::vector<SpaceKind>& spaces, const SegmentFacts& facts, std::shared_ptr<const void> owner);

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  uint32_t rows() const { return static_cast<uint32_t>(row_document_.size()); }
  uint32_t documents() const { return static_cast<uint32_t>(ids_.size()); }
  size_t spaces() const { return vectors_.size(); }
  const TextSpace& space() const { return space_; }  // the first; empty where that has vectors
  const VectorSpace* vectors(uint32_t space = 0) const { return vectors_.at(space).get(); }  // null where it has text
  const Strings& terms(uint32_t space = 0) const { return vectors(space) ? vectors(space)->terms() : space_.terms; }
  uint64_t frequency(uint32_t term, uint32_t space = 0) const {
    return vectors(space) ? vectors(space)->frequency(term) : space_.frequency(term);
  }
  const SegmentFacts& facts() const { return facts_; }

  std::string_view id(uint32_t document) const { return ids_.at(document); }
  // Every document number with this id (an id added twice before one flush appears twice).
  void find(std::string_view id, std::vector<uint32_t>& out) const;
  uint32_t document_of(uint32_t row) const {
    const uint32_t d = row_document_[row];
    if (d >= documents()) throw Damaged("section rows.doc: no such document");
    return d;
  }
  uint64_t order(uint32_t row) const { return order_[row]; }
  std::span<const uint32_t, 4> range(uint32_t row) const { return row_range_.subspan(row * size_t{4}).first<4>(); }
  std::string metadata(uint32_t document) const;
  std::string text(uint32_t document) const;
  std::pair<uint64_t, uint64_t> stored_bytes(uint32_t document) const {  // of metadata and text
    return {stored_[document * size_t{3} + 1], stored_[document * size_t{3} + 2]};
  }
  std::string passage(uint32_t row) const;

  // What the passages of a document hold in a space, terms ascending.
  std::vector<Held> terms_of(uint32_t document, uint32_t space = 0) const;

  // Rows of live documents, given the dead document numbers (ascending).
  Bitmap accept(std::span<const uint32_t> dead) const;
  // Rows of `accepted` (rows) whose document is wanted: a byte for each document, 0 for those left out.
  Bitmap accept(const Bitmap& accepted, std::span<const uint8_t> wanted) const;

 private:
  SectionBytes sections_;
  std::shared_ptr<const void> owner_;
  SegmentFacts facts_;
  Strings ids_;
  View<uint32_t> row_document_, row_range_;
  View<uint64_t> order_, stored_;
  StoreReader store_;
  TextSpace space_;
  std::vector<std::unique_ptr<VectorSpace>> vectors_;  // by space
};

}  // namespace gossamer
