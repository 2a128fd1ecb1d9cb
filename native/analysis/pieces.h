// Smaller pieces of a word, as ranges of its code points: the parts of an identifier, and n-grams.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/words.h"

namespace gossamer {

// The words in camelCase, snake_case, HTTPServer and utf8; marks stay with their letter.
void find_identifier_parts(const Trace& word, std::vector<Range>& parts);

// Runs of `shortest` to `longest` code points, from each code point or (`edge`) from the first; of a shorter word the whole.
void find_grams(uint32_t size, uint32_t shortest, uint32_t longest, bool edge, std::vector<Range>& parts);

}  // namespace gossamer
