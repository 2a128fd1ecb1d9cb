#include "index/similar.h"

#include <algorithm>
#include <array>

#include "analysis/utf8.h"
#include "index/words.h"

namespace gossamer {

namespace {

std::vector<char32_t> letters(std::string_view word) {
  std::vector<char32_t> out;
  const auto* p = reinterpret_cast<const uint8_t*>(word.data());
  const auto* const end = p + word.size();
  while (p < end) {
    const Decoded c = decode(p, end);
    out.push_back(c.code_point);
    p += c.length;
  }
  return out;
}

// The alignment table of the wanted word with a path of the trie: one row for each letter of the path.
class Alignment {
 public:
  Alignment(std::vector<char32_t> wanted, uint32_t edits)
      : wanted_(std::move(wanted)), edits_(edits), far_(static_cast<uint8_t>(edits + 1)) {
    for (auto& row : rows_) row.fill(far_);
    for (uint32_t i = 0; i <= std::min<size_t>(edits_, wanted_.size()); ++i) rows_[0][i] = static_cast<uint8_t>(i);
  }

  // Goes on with a letter; false where no word that goes on so is within the edits, and then the letter is not kept.
  bool push(char32_t letter, size_t end) {
    const auto m = static_cast<uint32_t>(wanted_.size());
    const uint32_t depth = depth_ + 1, first = depth > edits_ ? depth - edits_ : 0, last = std::min(m, depth + edits_);
    if (first > m) return false;
    const auto& above = rows_[depth - 1];
    auto& row = rows_[depth];
    uint8_t least = far_;
    for (uint32_t i = first; i <= last; ++i) {
      uint32_t cost = above[i] + 1u;  // a letter too many
      if (i > 0) {
        cost = std::min(cost, row[i - 1] + 1u);  // one left out; outside the band all cells are far
        cost = std::min(cost, above[i - 1] + (letter == wanted_[i - 1] ? 0u : 1u));
      }
      if (i > 1 && depth > 1 && letter == wanted_[i - 2] && letters_[depth - 1] == wanted_[i - 1])
        cost = std::min(cost, rows_[depth - 2][i - 2] + 1u);  // two swapped
      row[i] = static_cast<uint8_t>(std::min<uint32_t>(cost, far_));
      least = std::min(least, row[i]);
    }
    if (least == far_) return false;  // a swap cannot come back below it: its cost is at least that of two letters' row between
    letters_[depth] = letter;
    ends_[depth] = end;
    depth_ = depth;
    return true;
  }

  // Keeps the letters that lie within the first `bytes` bytes of the path.
  void keep(size_t bytes) {
    while (depth_ > 0 && ends_[depth_] > bytes) --depth_;
  }

  size_t end() const { return depth_ == 0 ? 0 : ends_[depth_]; }
  uint32_t distance() const { return rows_[depth_][wanted_.size()]; }  // edits_ + 1 where it is more

 private:
  static constexpr size_t kDepth = kLongestWord + kMostEdits + 1;
  std::vector<char32_t> wanted_;
  uint32_t edits_;
  uint8_t far_;
  uint32_t depth_ = 0;
  std::array<std::array<uint8_t, kLongestWord + 1>, kDepth> rows_;
  std::array<char32_t, kDepth> letters_{};
  std::array<size_t, kDepth> ends_{};
};

// Calls found(cursor, edits) for every word of a segment within reach.
template <class Found>
void walk(const Words& words, Alignment& path, uint32_t edits, Found&& found) {
  path.keep(0);
  WordCursor cursor(words);
  for (bool more = cursor.next(); more;) {
    const std::string_view word = cursor.word();
    const auto* const begin = reinterpret_cast<const uint8_t*>(word.data());
    path.keep(cursor.shared());
    size_t end = path.end();
    bool near = true;
    while (near && end < word.size()) {
      const Decoded c = decode(begin + end, begin + word.size());
      end += c.length;
      near = path.push(c.code_point, end);
    }
    if (near && path.distance() <= edits) found(cursor, path.distance());
    more = near ? cursor.next() : cursor.next_after(end);
  }
}

bool is_live(const Snapshot& snapshot, uint32_t segment, uint32_t term) {
  const TextSpace& space = snapshot.segments()[segment]->space();
  if (term >= space.terms.size()) throw Damaged("section words.bytes: no such term");
  std::vector<Slice> slices;
  space.slices(term, slices);
  for (const Slice& slice : slices)
    for (uint64_t p = slice.begin; p < slice.end; ++p) {
      const uint32_t row = slice.window * kWindowRows + space.rows[p];
      if (row >= snapshot.segments()[segment]->rows()) throw Damaged("section rows: no such row");
      if (snapshot.accepted(segment, row)) return true;
    }
  return false;
}

}  // namespace

std::vector<SimilarWord> similar_words(const Snapshot& snapshot, std::string_view word, uint32_t edits, size_t limit) {
  struct Found {
    std::string word;
    uint32_t edits, segment, term;
    uint64_t occurrences;
  };
  if (letters_of(word) == 0) return {};
  edits = std::min(edits, kMostEdits);
  Alignment path(letters(word), edits);
  std::vector<Found> found;
  for (uint32_t s = 0; s < snapshot.segments().size(); ++s)
    walk(snapshot.segments()[s]->space().words, path, edits, [&](const WordCursor& at, uint32_t distance) {
      found.push_back({std::string(at.word()), distance, s, at.term(), at.occurrences()});
    });
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.word < b.word; });

  struct Candidate {
    size_t first, last;  // of `found`
    uint64_t occurrences;
  };
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < found.size(); ++i) {
    if (i == 0 || found[i].word != found[i - 1].word) candidates.push_back({i, i, 0});
    candidates.back().last = i;
    candidates.back().occurrences += found[i].occurrences;
  }
  std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
    if (found[a.first].edits != found[b.first].edits) return found[a.first].edits < found[b.first].edits;
    if (a.occurrences != b.occurrences) return a.occurrences > b.occurrences;
    return a.first < b.first;
  });
  std::vector<SimilarWord> out;
  for (const Candidate& candidate : candidates) {
    if (out.size() == limit) break;
    bool live = false;
    for (size_t i = candidate.first; i <= candidate.last && !live; ++i)
      live = found[i].term == kNoWordTerm || is_live(snapshot, found[i].segment, found[i].term);
    if (live) out.push_back({std::move(found[candidate.first].word), found[candidate.first].edits, candidate.occurrences});
  }
  return out;
}

bool is_live(const Snapshot& snapshot, std::string_view term) {
  if (!snapshot.text()) return false;
  for (uint32_t s = 0; s < snapshot.segments().size(); ++s) {
    const uint32_t number = snapshot.segments()[s]->space().terms.find(term);
    if (number != kNoTerm && is_live(snapshot, s, number)) return true;
  }
  return false;
}

}  // namespace gossamer
