// A segment's space of text: posting lists, read in place. Offsets found in the bytes are checked before use.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "index/builder.h"
#include "index/fields.h"
#include "index/scoring.h"
#include "index/strings.h"
#include "index/words.h"

namespace gossamer {

// The part of a posting list that lies in one window.
struct Slice {
  uint32_t window;
  uint64_t begin, end;  // posting numbers
};

// What some rows hold of a term.
struct Held {
  uint32_t term;
  uint32_t rows;  // that hold it
  double mass;    // how often, or the sum of its values
};

struct TextSpace {
  TextSpace() = default;
  // `name`: of the space, before the names of its sections. Throws Damaged.
  TextSpace(const SectionBytes& sections, const std::string& name, const SegmentFacts& facts);

  Strings terms;
  View<uint8_t> term_max, bounds, tf, positions;
  View<uint64_t> postings, window_start, window_end, large_tf, cf, position_start;
  View<uint16_t> window_id, rows;
  View<uint32_t> lengths;
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
  // The terms of rows [first, last), ascending. Looks at every term: postings lead from terms to rows only.
  std::vector<Held> held(uint32_t first, uint32_t last) const;
};

}  // namespace gossamer
