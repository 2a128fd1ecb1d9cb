// A segment's space of vectors: block storage (block/search.h) over the segment's own terms. They are numbered ascending by
// bytes, so that a score, a sum over ascending terms, does not depend on which terms a segment has.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/search.h"
#include "index/builder.h"
#include "index/strings.h"
#include "index/text_space.h"

namespace gossamer {

class VectorSpace {
 public:
  // `name`: of the space, before the names of its sections. Throws Damaged.
  VectorSpace(const SectionBytes& sections, const std::string& name, uint32_t rows, block::ValueKind kind,
              std::shared_ptr<const void> owner);

  const Strings& terms() const { return terms_; }
  const block::Space& block() const { return *block_; }
  const block::Forward& forward() const { return block_->forward(); }

  uint64_t frequency(uint32_t term) const;                        // rows that hold the term
  std::optional<float> value(uint32_t row, uint32_t term) const;  // nullopt where the row lacks it
  std::vector<Held> held(uint32_t first, uint32_t last) const;    // the terms of rows [first, last), ascending

  // Calls f(row) for every row that holds the term, in no order; rows of damaged bytes may not exist.
  template <class F>
  void each_row(uint32_t term, F&& f) const {
    const block::Lists& lists = block_->lists();
    for (const uint16_t *at = lists.begin(term), *end = lists.end(term); at < end;) {
      const block::Chunk chunk = block::Lists::chunk(at, end);
      at = chunk.end;
      for (const uint16_t* row = chunk.rows; row < chunk.end; ++row) f(chunk.window * block::kListWindow + *row);
    }
  }

 private:
  Strings terms_;
  std::unique_ptr<block::Space> block_;
};

}  // namespace gossamer
