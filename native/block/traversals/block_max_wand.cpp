#include "block/traversals/block_max_wand.h"

#include <algorithm>
#include <utility>

#include "block/traversals/wand.h"

namespace gossamer::block {

BlockMaxPostings::BlockMaxPostings(std::shared_ptr<const Space> space, size_t block_size) : postings_(std::move(space)), offsets_{0} {
  for (uint32_t term = 0; term < postings_.terms(); ++term) {
    const List list = postings_.list(term);
    for (size_t from = 0; from < list.rows.size(); from += block_size) {
      const size_t to = std::min(list.rows.size(), from + block_size);
      const auto values = list.values.subspan(from, to - from);
      blocks_.push_back({list.rows[to - 1], *std::max_element(values.begin(), values.end())});
    }
    offsets_.push_back(blocks_.size());
  }
}

void BlockMaxWand::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  const Postings& postings = lists_->postings();
  std::vector<Cursor> cursors = cursors_of(postings, query);
  std::vector<std::span<const BlockMaxPostings::Block>> blocks;  // of each cursor: the current block and those after it
  for (const Cursor& cursor : cursors) blocks.push_back(lists_->blocks(cursor.term()));
  Shortlist list(best, cursors.size());
  cost.scored += each_pivot(cursors, accept, list, [&](std::span<Cursor*> before, uint32_t pivot, uint32_t beyond) {
    float sum = 0;
    uint32_t end = beyond;
    for (const Cursor* cursor : before) {
      auto& ahead = blocks[static_cast<size_t>(cursor - cursors.data())];
      while (!ahead.empty() && ahead.front().last < pivot) ahead = ahead.subspan(1);
      if (ahead.empty()) continue;
      sum += cursor->weight() * ahead.front().most;
      end = std::min(end, ahead.front().last + 1);
    }
    return sum < list.need() ? end : pivot;
  });
  count_read(cursors, cost);
  list.finish(postings.forward(), query, best);
}

}  // namespace gossamer::block
