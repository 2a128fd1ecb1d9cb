#include "analysis/matches.h"

namespace gossamer {

TermMatcher::TermMatcher(const Analyzer& analyzer, const std::vector<std::string>& terms) : analyzer_(analyzer) {
  for (uint32_t i = 0; i < terms.size(); ++i) {
    if (terms[i].empty()) continue;
    terms_.emplace(terms[i], i);
    first_bytes_[static_cast<uint8_t>(terms[i][0])] = true;
  }
}

std::vector<Match> TermMatcher::find(std::string_view text, Analyzer::Scratch& scratch) const {
  std::vector<Match> matches;
  analyzer_.split(text, scratch, [&](const Word& word) {
    // No stemmer here changes the first letter of a word, so most words need no stemming.
    if (!first_bytes_[static_cast<uint8_t>(word.word[0])]) return;
    const auto found = terms_.find(analyzer_.filter(word.word, scratch));
    if (found != terms_.end()) matches.push_back({found->second, word.position, word.start, word.end});
  });
  return matches;
}

}  // namespace gossamer
