#include "analysis/pieces.h"

#include <algorithm>

#include "analysis/unicode.h"

namespace gossamer {

namespace {

enum class Case : uint8_t { kNone, kLower, kUpper, kDigit };

Case case_of(char32_t c) {
  switch (unicode::properties(c) & unicode::kClassMask) {
    case unicode::kDigit: return Case::kDigit;
    case unicode::kLetter: {
      constexpr char32_t final_sigma = 0x03C2;  // a lower-case letter that folds to another one
      return unicode::fold(c).size() == 1 && c != final_sigma ? Case::kUpper : Case::kLower;
    }
    default: return Case::kNone;
  }
}

}  // namespace

void find_identifier_parts(const Trace& word, std::vector<Range>& parts) {
  parts.clear();
  Case before = Case::kNone;
  uint32_t last = 0;  // where the last letter or digit stands
  for (uint32_t i = 0; i < word.size; ++i) {
    const char32_t c = word.code_points[i];
    const bool mark = (unicode::properties(c) & unicode::kClassMask) == unicode::kMark;
    const Case here = case_of(c);
    if (mark) {
      if (before != Case::kNone) parts.back().end = i + 1;
      continue;
    }
    if (here == Case::kNone) {
      before = here;
      continue;
    }
    const bool digits_differ = (before == Case::kDigit) != (here == Case::kDigit);
    if (before == Case::kNone || digits_differ || (before == Case::kLower && here == Case::kUpper)) {
      parts.push_back({i, i + 1});
    } else {
      // HTTPServer: the last capital belongs to what follows.
      if (before == Case::kUpper && here == Case::kLower && parts.back().start < last) {
        parts.back().end = last;
        parts.push_back({last, last});
      }
      parts.back().end = i + 1;
    }
    before = here;
    last = i;
  }
}

void find_grams(uint32_t size, uint32_t shortest, uint32_t longest, bool edge, std::vector<Range>& parts) {
  parts.clear();
  if (size < shortest) {
    parts.push_back({0, size});
    return;
  }
  for (uint32_t start = 0; start + shortest <= size && (start == 0 || !edge); ++start)
    for (uint32_t length = shortest; length <= std::min(longest, size - start); ++length) parts.push_back({start, start + length});
}

}  // namespace gossamer
