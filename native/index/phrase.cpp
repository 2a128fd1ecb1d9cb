#include "index/phrase.h"

#include <algorithm>

#include "index/postings.h"

namespace gossamer {

namespace {

std::vector<uint32_t> rows_with(const Segment& segment, uint32_t term) {
  std::vector<Slice> slices;
  segment.space().slices(term, slices);
  std::vector<uint32_t> rows;
  for (const Slice& slice : slices)
    for (uint64_t p = slice.begin; p < slice.end; ++p) {
      const uint32_t row = slice.window * kWindowRows + segment.space().rows[p];
      if (row < segment.rows()) rows.push_back(row);  // else damaged
    }
  return rows;
}

// The positions of a term in the rows wanted (ascending), one after the other; row i's are [start[i], start[i + 1]).
struct Positions {
  std::vector<uint32_t> at;
  std::vector<size_t> start;
};

Positions positions_in(const Segment& segment, uint32_t term, const std::vector<uint32_t>& wanted) {
  const TextSpace& space = segment.space();
  const uint64_t begin = space.position_start[term], end = space.position_start[term + 1];
  if (begin > end || end > space.positions.size()) throw Damaged("section positions.start: offsets out of order");
  const uint8_t* p = space.positions.data() + begin;
  const uint8_t* const stop = space.positions.data() + end;
  std::vector<Slice> slices;
  space.slices(term, slices);
  Positions found;
  size_t next = 0;
  for (const Slice& slice : slices)
    for (uint64_t q = slice.begin; q < slice.end && next < wanted.size(); ++q) {
      const uint32_t row = slice.window * kWindowRows + space.rows[q];
      while (next < wanted.size() && wanted[next] < row) {  // only in damaged bytes
        found.start.push_back(found.at.size());
        ++next;
      }
      const bool keep = next < wanted.size() && wanted[next] == row;
      if (keep) found.start.push_back(found.at.size());
      uint32_t position = 0;
      for (uint32_t n = space.count(q); n > 0 && p < stop; --n) {
        position += get_varint(p, stop);
        if (keep) found.at.push_back(position);
      }
      if (keep) ++next;
    }
  found.start.resize(wanted.size() + 1, found.at.size());
  return found;
}

// Whether positions, one of each list, can be chosen that differ by at most `slop` once moved back by their offsets. Moves
// the head of the list that lies lowest until they fit or one list ends, which finds the narrowest choice.
bool together(const std::vector<std::span<const uint32_t>>& lists, const std::vector<PhraseTerm>& phrase, uint32_t slop) {
  std::vector<size_t> head(lists.size(), 0);
  const auto moved = [&](size_t i) { return int64_t{lists[i][head[i]]} - phrase[i].offset; };
  for (const auto& list : lists)
    if (list.empty()) return false;
  for (;;) {
    size_t lowest = 0;
    int64_t highest = moved(0);
    for (size_t i = 1; i < lists.size(); ++i) {
      if (moved(i) < moved(lowest)) lowest = i;
      highest = std::max(highest, moved(i));
    }
    if (highest - moved(lowest) <= slop) {
      bool distinct = true;
      for (size_t i = 0; i < lists.size() && distinct; ++i)
        for (size_t j = i + 1; j < lists.size() && distinct; ++j) distinct = lists[i][head[i]] != lists[j][head[j]];
      if (distinct) return true;
    }
    if (++head[lowest] == lists[lowest].size()) return false;
  }
}

}  // namespace

std::vector<uint8_t> documents_with_phrase(const Segment& segment, const std::vector<PhraseTerm>& phrase, uint32_t slop) {
  std::vector<uint8_t> found(segment.documents(), 0);
  if (phrase.empty() || segment.vectors() != nullptr) return found;
  std::vector<uint32_t> terms, rows;
  for (const PhraseTerm& part : phrase) {
    terms.push_back(segment.space().terms.find(part.term));
    if (terms.back() == kNoTerm) return found;
  }
  for (size_t i = 0; i < terms.size(); ++i) {
    std::vector<uint32_t> more = rows_with(segment, terms[i]), both;
    if (i == 0) {
      rows = std::move(more);
      continue;
    }
    std::set_intersection(rows.begin(), rows.end(), more.begin(), more.end(), std::back_inserter(both));
    rows = std::move(both);
  }
  std::vector<Positions> positions;
  for (uint32_t term : terms) positions.push_back(positions_in(segment, term, rows));
  std::vector<std::span<const uint32_t>> lists(terms.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t i = 0; i < terms.size(); ++i)
      lists[i] = std::span(positions[i].at).subspan(positions[i].start[r], positions[i].start[r + 1] - positions[i].start[r]);
    if (together(lists, phrase, slop)) found[segment.document_of(rows[r])] = 1;
  }
  return found;
}

}  // namespace gossamer
