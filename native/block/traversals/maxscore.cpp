#include "block/traversals/maxscore.h"

#include <algorithm>
#include <vector>

#include "block/traversals/cursor.h"
#include "block/traversals/shortlist.h"

namespace gossamer::block {

void MaxScore::search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const {
  std::vector<Cursor> cursors = cursors_of(*postings_, query);
  std::sort(cursors.begin(), cursors.end(), [](const Cursor& a, const Cursor& b) { return a.bound() < b.bound(); });
  std::vector<float> bounds(cursors.size());  // of each list and all weaker ones
  float sum = 0;
  for (size_t i = 0; i < cursors.size(); ++i) bounds[i] = sum += cursors[i].bound();
  Shortlist list(best, cursors.size());
  size_t essential = 0;  // the first of the lists of which a row must have one
  while (true) {
    while (essential < cursors.size() && bounds[essential] < list.need()) ++essential;
    uint32_t row = Cursor::kEnd;
    for (size_t i = essential; i < cursors.size(); ++i) row = std::min(row, cursors[i].row());
    if (row == Cursor::kEnd) break;
    float score = 0;
    for (size_t i = essential; i < cursors.size(); ++i)
      if (cursors[i].row() == row) {
        score += cursors[i].score();
        cursors[i].next();
      }
    if (accept != nullptr && !(*accept)[row]) continue;
    ++cost.scored;
    size_t i = essential;
    for (; i > 0 && !(score + bounds[i - 1] < list.need()); --i) {
      Cursor& cursor = cursors[i - 1];
      cursor.seek(row);
      if (cursor.row() == row) score += cursor.score();
    }
    if (i == 0) list.add(row, score);
  }
  count_read(cursors, cost);
  list.finish(postings_->forward(), query, best);
}

}  // namespace gossamer::block
