#include "block/traversals/superblock.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "block/traversals/bound_order.h"

namespace gossamer::block {

SuperblockIndex::SuperblockIndex(const Postings& postings, uint32_t block_rows, uint32_t together)
    : space(postings.space()), blocks(together), rows(postings, block_rows, 0), maxima(postings, block_rows, together, true, 0),
      largest(maxima, BlockMaxima::Of::largest), mean(maxima, BlockMaxima::Of::mean), impacts(postings) {}

void Superblock::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  const SuperblockIndex& index = *index_;
  Shortlist list(best, query.terms.size(), accept == nullptr ? index.impacts.reached(query.terms, best.wanted()) : 0);
  pool_.with([&](Scratch& scratch) {
    auto& [largest, mean, bounds, order, blocks] = scratch;
    largest.assign(index.largest.padded(), 0.0f);
    mean.assign(index.mean.padded(), 0.0f);
    for (const QueryTerm& term : query.terms) {
      const float weight = index.maxima.weight(term);
      index.largest.add(term.column, weight, largest.data());
      index.mean.add(term.column, weight, mean.data());
    }
    const uint32_t superblocks = (index.rows.blocks() + index.blocks - 1) / index.blocks;
    order_by_bound(std::span(largest).first(superblocks), -1, order);
    for (const uint32_t superblock : order) {
      if (mu_ * largest[superblock] < list.need() && eta_ * mean[superblock] < list.need()) continue;
      bounds.assign(index.blocks, 0.0f);
      for (const QueryTerm& term : query.terms)
        index.maxima.add_group(term.column, index.maxima.weight(term), superblock, bounds.data());
      const uint32_t first = superblock * index.blocks;
      for (float& bound : bounds) bound *= eta_;
      order_by_bound(std::span(bounds).first(std::min(index.blocks, index.rows.blocks() - first)), list.need(), blocks);
      for (const uint32_t block : blocks)
        if (!(bounds[block] < list.need()))
          index.rows.score(first + block, query.terms, std::numeric_limits<float>::infinity(), accept, list, cost);
    }
  });
  list.finish(index.space->forward(), query, best);
}

}  // namespace gossamer::block
