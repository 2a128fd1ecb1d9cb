// Cuts a text into passages of about `words` words at sentence and heading borders, neighbours overlapping by one sentence.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gossamer {

struct PassageRange {
  uint32_t start, end;              // code points
  uint64_t byte_start, byte_end;    // bytes of the UTF-8 text
};

// `headings`: ascending code-point starts of the headings in the text; a passage never runs across one: it ends before it,
// and the passage that follows starts with the heading. words == 0: the whole text is one passage.
// Every passage has at most `words` white-space-separated words unless one sentence alone is longer, which is then cut at white space
// (a run without white space longer than 4,096 code points is cut as well). Ranges carry no leading or trailing white space.
// An empty or blank text gives one empty passage [0, 0).
std::vector<PassageRange> split_passages(std::string_view text, uint32_t words, const std::vector<uint32_t>& headings);

// Sentence borders alone: ranges of the sentences, in order, blank stretches left out.
std::vector<PassageRange> split_sentences(std::string_view text);

}  // namespace gossamer
