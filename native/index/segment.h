// One immutable segment, read in place from memory-mapped sections. Offsets found in the bytes are checked before use, so
// that damaged bytes give Damaged or a wrong score, never a wild read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/bitmap.h"
#include "index/builder.h"
#include "index/fields.h"
#include "index/layout.h"
#include "index/scoring.h"
#include "index/store.h"
#include "index/words.h"

namespace gossamer {

inline constexpr uint32_t kNoTerm = 0xffffffffu;

// A typed view of a section; size checked when the segment opens.
template <class T>
using View = std::span<const T>;

// Byte strings in ascending or insertion order with a hash table over them.
struct Strings {
  View<uint64_t> offsets;
  View<char> bytes;
  View<uint32_t> slots;

  size_t size() const { return offsets.size() - 1; }
  std::string_view at(size_t i) const {
    const uint64_t from = offsets[i], to = offsets[i + 1];
    if (from > to || to > bytes.size()) throw Damaged("string offsets out of order");
    return {bytes.data() + from, to - from};
  }
  uint32_t find(std::string_view key) const;  // kNoTerm when absent; the first match in slot order
  size_t lower_bound(std::string_view key) const;  // of ascending strings: the first that is not less
};

// The part of a posting list that lies in one window.
struct Slice {
  uint32_t window;
  uint64_t begin, end;  // posting numbers
};

struct Space {
  Strings terms;
  bool text = true;
  View<uint8_t> term_max, bounds, tf, positions;
  View<uint64_t> postings, window_start, window_end, large_tf, cf, position_start;
  View<uint16_t> window_id, rows;
  View<uint32_t> lengths;
  View<float> values;
  Words words;
  FieldTotals fields;            // of bm25f; empty otherwise
  View<uint8_t> field_tf;        // of all fields but the body
  View<uint32_t> field_lengths;
  uint64_t tokens = 0;
  double written_mean = 0, largest_ratio = 0;

  uint64_t frequency(uint32_t term) const;                   // postings of the term
  void slices(uint32_t term, std::vector<Slice>& out) const;  // ascending by window
  uint32_t count(uint64_t posting) const;                    // term frequency
  std::span<const uint8_t> counts(uint64_t posting) const {  // in each field but the body
    return field_tf.subspan(posting * apart(), apart());
  }
  size_t apart() const { return fields.words.empty() ? 0 : fields.words.size() - 1; }
  bool occurs_in(uint64_t posting, size_t field) const;
  RowNorm norm(const Bm25& scoring, const Means& means, uint32_t row) const {
    return {scoring, means, lengths[row], field_lengths.subspan(row * apart(), apart())};
  }
  // Posting of the row in the slice, or nullopt.
  std::optional<uint64_t> locate(const Slice& slice, uint32_t row) const;
  std::optional<uint64_t> locate(uint32_t term, uint32_t row) const;
};

class Segment {
 public:
  // Throws Damaged when a required section is missing or sizes disagree. `owner` keeps the bytes alive.
  Segment(SectionBytes sections, std::string space, bool text, const SegmentFacts& facts, std::shared_ptr<const void> owner);

  uint32_t rows() const { return static_cast<uint32_t>(row_document_.size()); }
  uint32_t documents() const { return static_cast<uint32_t>(ids_.size()); }
  const Space& space() const { return space_; }
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

  // What the passages of a document hold. Looks at every term of the segment: postings lead from terms to rows only.
  struct Held {
    uint32_t term;
    uint32_t rows;  // that hold it
    double mass;    // how often, or the sum of its values
  };
  std::vector<Held> terms_of(uint32_t document) const;

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
  Space space_;
};

}  // namespace gossamer
