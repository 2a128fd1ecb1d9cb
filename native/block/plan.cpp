#include "block/plan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "block/fetch.h"

namespace gossamer::block {

void Plan::make(std::span<const QueryTerm> query, const Lists& lists, const Layers& layers) {
  terms.resize(query.size());
  pieces.clear();
  for (const QueryTerm& q : query) lists.prefetch(q.column);
  most = 0;
  for (size_t slot = 0; slot < query.size(); ++slot) {
    const QueryTerm& q = query[slot];
    Term& term = terms[slot];
    term.begin = lists.begin(q.column);
    term.end = lists.end(q.column);
    Step before{0, 0};
    float reached = 0;
    for (const Step& step : lists.steps(q.column)) {
      if (step.left <= before.left || step.cut <= before.cut || step.cut > kLayers)
        throw Damaged("section steps: out of order");
      // Never 0, however small the product: leave_out(0) leaves out nothing, so that every row that matches is found.
      const float top = layers.top[step.cut - 1], bound = std::max(q.weight * (top - reached), std::numeric_limits<float>::min());
      const uint32_t postings = step.left - before.left;
      // the exponent and two more bits of postings / bound: four keys an octave
      const auto ratio = std::bit_cast<uint32_t>(static_cast<float>(postings) / std::max(bound, 1e-30f));
      pieces.push_back({postings, bound, static_cast<uint16_t>(slot), static_cast<uint16_t>(ratio >> 21),
                        static_cast<uint8_t>(before.cut), static_cast<uint8_t>(step.cut)});
      before = step;
      reached = top;
    }
    most += double{q.weight} * reached;
  }
  const bool fits = most < 1e30 && !(most > 0 && most < 1e-30);
  rescale(fits ? (65535.0 - 2.0 * static_cast<double>(terms.size())) / (most > 0 ? most : 1) : std::numeric_limits<double>::infinity(),
          query, layers);
  // A stable counting sort, so that the pieces of a term keep their order.
  std::array<uint32_t, 1025> place{};
  for (const Piece& piece : pieces) ++place[1024 - piece.key % 1024];
  for (size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
  sorted.resize(pieces.size());
  for (const Piece& piece : pieces) sorted[place[1023 - piece.key % 1024]++] = piece;
}

void Plan::rescale(double to, std::span<const QueryTerm> query, const Layers& layers) {
  scale = to;
  for (size_t slot = 0; slot < query.size(); ++slot) {
    const double weight = query[slot].weight * std::min(scale, 1e300);
    for (size_t l = 0; l < kLayers; ++l)
      terms[slot].units[l] = static_cast<uint16_t>(static_cast<int32_t>(std::min(65534.0, weight * layers.top[l])) + 1);
  }
}

uint64_t Plan::postings() const {
  uint64_t all = 0;
  for (const Piece& piece : pieces) all += piece.postings;
  return all;
}

void Plan::start(uint32_t cut) {
  for (Term& term : terms) {
    term.at = term.begin;
    term.cut = cut;
  }
}

void Plan::read_strongest(uint64_t postings) {
  start(kAllLayers);
  uint64_t read = 0;
  for (auto piece = sorted.rbegin(); piece != sorted.rend() && read < postings; ++piece) {
    terms[piece->term].cut = piece->from;
    read += piece->postings;
  }
}

double Plan::leave_out(double budget) {
  start(0);
  double rest = 0;
  for (const Piece& piece : sorted) {
    uint32_t& cut = terms[piece.term].cut;
    if (cut != piece.from || rest + piece.bound > budget) continue;
    rest += piece.bound;
    cut = piece.to;
  }
  return rest;
}

uint64_t Plan::add_bounds(uint32_t window, uint16_t* bound) {
  const auto add = [bound](uint16_t row, uint16_t units) { bound[row] = static_cast<uint16_t>(bound[row] + units); };
  uint64_t read = 0;
  for (Term& term : terms) {
    if (term.cut == kAllLayers || term.at == term.end) continue;
    const Chunk chunk = Lists::chunk(term.at, term.end);
    if (chunk.window != window) continue;
    term.at = chunk.end;
    const uint8_t* layer = chunk.layers;
    const uint16_t* row = chunk.rows;
    const uint32_t cut = term.cut;
    for (; chunk.end - row >= static_cast<ptrdiff_t>(kTogether) && *layer >= cut; ++layer, row += kTogether) {
      const uint16_t units = term.units[*layer % kLayers];
      for (size_t i = 0; i < kTogether; ++i) add(row[i], units);
    }
    if (chunk.end - row < static_cast<ptrdiff_t>(kTogether) && row != chunk.end && *layer >= cut)
      for (const uint16_t units = term.units[*layer % kLayers]; row != chunk.end; ++row) add(*row, units);
    // The list's part of the next window is read when all other lists have been: time to fetch about as much of it.
    fetch(chunk.end, 2 * static_cast<size_t>(row - reinterpret_cast<const uint16_t*>(chunk.layers)));
    read += static_cast<uint64_t>(row - chunk.rows);
  }
  return read;
}

}  // namespace gossamer::block
