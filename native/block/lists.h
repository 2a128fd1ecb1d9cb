// Impact-layered lists. A term's list is a run of u16 in chunks, one for each window of 65,536 rows that holds it:
//   window, layers n, size of the chunk in u16 (low, high), then n times (layer, rows - 1), strongest first, then the rows
//   (within the window) layer by layer, ascending.
// Values are not here: an impact counts as its layer's upper bound, and exact scores come from the forward file.
//
// For each term also its *stairs*: the places where a reader may stop. Step i leaves out all layers below `cut`, which are
// `left` postings of at most `bound`. Only steps on the upper convex hull of (bound, left) are kept: they are the ones
// that leave out most for what they risk.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block/layers.h"
#include "index/layout.h"

namespace gossamer::block {

struct Step {
  float bound;
  uint32_t left;
  uint32_t cut;
};

struct Chunk {
  uint32_t window;
  std::span<const uint16_t> layers;  // (layer, rows - 1) pairs
  const uint16_t* rows;
  const uint16_t* end;               // of the chunk
};

class Lists {
 public:
  Lists() = default;
  Lists(std::span<const uint64_t> offsets, std::span<const uint16_t> data, std::span<const uint32_t> step_offsets,
        std::span<const Step> steps);

  size_t terms() const { return offsets_.size() - 1; }
  std::span<const Step> steps(uint32_t term) const;
  const uint16_t* begin(uint32_t term) const { return data_.data() + checked(term); }
  const uint16_t* end(uint32_t term) const { return data_.data() + checked(term + 1); }
  // The chunk at `at`, which lies in [at, end). Throws Damaged where its parts do not fit.
  static Chunk chunk(const uint16_t* at, const uint16_t* end);

 private:
  uint64_t checked(uint32_t term) const {
    if (offsets_[term] > data_.size()) throw Damaged("section lists.offsets: out of order");
    return offsets_[term];
  }
  std::span<const uint64_t> offsets_;
  std::span<const uint16_t> data_;
  std::span<const uint32_t> step_offsets_;
  std::span<const Step> steps_;
};

// One posting of a term under construction.
struct Posting {
  uint32_t row;
  uint8_t layer;
};

// Appends the list of a term (postings ascending by row; reordered) and its steps.
void write_list(std::span<Posting> postings, const Layers& layers, std::vector<uint16_t>& data, std::vector<Step>& steps);

}  // namespace gossamer::block
