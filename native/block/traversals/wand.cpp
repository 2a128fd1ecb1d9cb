#include "block/traversals/wand.h"

namespace gossamer::block {

void Wand::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  std::vector<Cursor> cursors = cursors_of(*postings_, query);
  Shortlist list(best, cursors.size());
  cost.scored += each_pivot(cursors, accept, list, [](std::span<Cursor*>, uint32_t pivot, uint32_t) { return pivot; });
  count_read(cursors, cost);
  list.finish(postings_->forward(), query, best);
}

}  // namespace gossamer::block
