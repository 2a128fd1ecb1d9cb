// Words of an index that a mistyped word may have been meant to be, by optimal string alignment: a letter put in, left out or
// taken for another, or two neighbours swapped, each one edit (Damerau, "A technique for computer detection and correction of
// spelling errors", 1964).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "index/query.h"
#include "index/traversal.h"

namespace gossamer {

inline constexpr uint32_t kMostEdits = 2;

struct SimilarWord {
  std::string word;
  uint32_t edits;
  uint64_t occurrences;  // over all segments; deleted documents count until a merge
};

// The first `limit` words within `edits` <= kMostEdits of a word: fewest edits first, then most occurrences, then bytes. Words
// whose documents are all deleted are left out. None for what letters_of() does not take for a word.
//
// The sorted words are walked as the trie they spell, with one row of the alignment table a letter and only its cells within
// `edits` of the diagonal; where a row has no cell left, all words that begin so are skipped.
std::vector<SimilarWord> similar_words(const Snapshot& snapshot, std::string_view word, uint32_t edits, size_t limit);

// Does a live document hold the term?
bool is_live(const Snapshot& snapshot, std::string_view term);

}  // namespace gossamer
