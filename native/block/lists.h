// Impact-ordered lists. A term's list is a run of u16 in chunks, one for each window of rows that holds it, ascending:
//   window, postings n - 1, layers u8[(n + 7) / 8] padded to u16, rows within the window u16[n].
// Postings of a chunk come strongest first; each eight share the layer of the strongest of them. Values are not here: an
// impact counts as its layer's upper bound, and exact scores come from the forward file.
//
// For each term also its *steps*: the places where a reader may stop. A step leaves out all layers below `cut`, which are
// `left` postings. Only steps on the upper convex hull of (bound, left) are kept: they are the ones that leave out most for
// what they risk.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block/fetch.h"
#include "block/layers.h"
#include "index/layout.h"

namespace gossamer::block {

inline constexpr uint32_t kListWindow = 32768;  // rows; their bounds fit the second-level cache with room to spare
inline constexpr size_t kTogether = 8;          // postings that share a layer

struct Step {
  uint32_t left;
  uint32_t cut;
};

struct Chunk {
  uint32_t window;
  size_t size;            // postings
  const uint8_t* layers;  // one for each kTogether postings
  const uint16_t* rows;
  const uint16_t* end;    // of the chunk
};

class Lists {
 public:
  Lists() = default;
  Lists(std::span<const uint64_t> offsets, std::span<const uint16_t> data, std::span<const uint32_t> step_offsets,
        std::span<const Step> steps);

  size_t terms() const { return offsets_.size() - 1; }
  std::span<const Step> steps(uint32_t term) const {
    return steps_.subspan(step_offsets_[term], step_offsets_[term + 1] - step_offsets_[term]);
  }
  const uint16_t* begin(uint32_t term) const { return data_.data() + offsets_[term]; }
  const uint16_t* end(uint32_t term) const { return data_.data() + offsets_[term + 1]; }
  // What a plan reads of a term, and where its list begins.
  void prefetch(uint32_t term) const {
    fetch(steps_.data() + step_offsets_[term], 16 * sizeof(Step));
    fetch(data_.data() + offsets_[term], 256);
  }
  // The chunk at `at`, which lies in [at, end). Throws Damaged where its parts do not fit.
  static Chunk chunk(const uint16_t* at, const uint16_t* end) {
    const auto room = static_cast<size_t>(end - at);
    const size_t size = room >= kHead ? size_t{at[1]} + 1 : 0;
    const size_t layers = ((size + kTogether - 1) / kTogether + 1) / 2;
    if (size == 0 || kHead + layers + size > room) throw Damaged("section lists: a chunk is cut off");
    const uint16_t* const rows = at + kHead + layers;
    return {at[0], size, reinterpret_cast<const uint8_t*>(at + kHead), rows, rows + size};
  }

 private:
  static constexpr size_t kHead = 2;  // u16 before the layers of a chunk
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
