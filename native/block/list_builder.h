// The lists of a space from its rows, a range of terms at a time, so that memory stays within a budget of postings.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "block/layers.h"
#include "block/lists.h"

namespace gossamer::block {

// Rows of numbered terms, ascending in each row, with values as the forward file gives them back.
class RowSource {
 public:
  using Row = std::function<void(uint32_t row, std::span<const uint32_t> terms, std::span<const float> values)>;

  virtual ~RowSource() = default;
  // Calls f with the terms [from, to) of every row, rows ascending. Threads may do so at the same time.
  virtual void each(uint32_t from, uint32_t to, const Row& f) const = 0;
};

class ListBuilder {
 public:
  // `before[t]`: postings of the terms before t; one element more than there are terms. `together`: postings that are sorted
  // at once (8 bytes each), or those of one term if it has more; each thread takes its share. The lists do not depend on
  // `together` and `threads`.
  ListBuilder(const RowSource& rows, std::span<const uint64_t> before, const Layers& layers, uint64_t together, unsigned threads)
      : rows_(rows), before_(before), layers_(layers), together_(together), threads_(threads) {}

  // Calls sink with consecutive parts of the section `lists`; the other sections are complete afterwards.
  void write(const std::function<void(std::span<const uint16_t>)>& sink);

  std::vector<uint64_t> offsets{0};
  std::vector<uint32_t> step_offsets{0};
  std::vector<Step> steps;

 private:
  struct Part;
  void sort(Part& part) const;

  const RowSource& rows_;
  std::span<const uint64_t> before_;
  const Layers& layers_;
  uint64_t together_;
  unsigned threads_;
};

}  // namespace gossamer::block
