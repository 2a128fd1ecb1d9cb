// What a search knows of the lists of its query before it reads them: how much each layer may add to a score, in 16-bit
// units, and which pieces of which lists leave out most for what they risk.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "block/best.h"
#include "block/lists.h"

namespace gossamer::block {

inline constexpr uint32_t kAllLayers = kLayers + 1;

struct Plan {
  struct Term {
    const uint16_t *begin, *end;
    const uint16_t* at;    // the chunk to read next
    uint32_t cut;          // layers below this are not read
    std::array<uint16_t, kLayers> units;
  };
  // A part of a list between two steps.
  struct Piece {
    uint32_t postings;
    float bound;           // by which leaving it out raises what the term may still add
    uint16_t term;
    uint16_t key;          // orders pieces: postings left out for each unit of bound
    uint8_t from, to;      // layers
  };
  std::vector<Term> terms;
  std::vector<Piece> pieces, sorted;  // sorted: those that leave out most for what they risk first
  double most = 0;                    // no row scores more
  double scale = 0;                   // units of a score; infinite where scores are too large or small for units

  // For a query of at most kMostTerms terms that the lists have, weights positive. Throws Damaged.
  void make(std::span<const QueryTerm> query, const Lists& lists, const Layers& layers);
  // States units by another scale, at most the plan's own, where something else counts too; of the query and layers that it was made with.
  void rescale(double scale, std::span<const QueryTerm> query, const Layers& layers);

  uint64_t postings() const;                 // of all lists
  void read_strongest(uint64_t postings);    // cuts each list so that about as many postings are read
  double leave_out(double budget);           // cuts lists as far as rows lose at most this; gives back how much they lose
  // Adds to each row of a window what the layers read of each list may add to its score. Windows ascend. Gives back how many
  // postings were read. `bound`: 65536 rows, since damaged ones may lie beyond the window.
  uint64_t add_bounds(uint32_t window, uint16_t* bound);

 private:
  void start(uint32_t cut);
};

inline constexpr size_t kMostTerms = 8192;  // more leave too few bits for each bound

}  // namespace gossamer::block
