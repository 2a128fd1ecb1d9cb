// Where a few terms occur in a text: what highlights and snippets are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/analyzer.h"

namespace gossamer {

struct Match {
  uint32_t term;        // index in the list of terms
  uint32_t position;    // of the word
  uint32_t start, end;  // code points
};

class TermMatcher {
 public:
  TermMatcher(const Analyzer& analyzer, const std::vector<std::string>& terms);

  std::vector<Match> find(std::string_view text, Analyzer::Scratch& scratch) const;  // in order of the text

 private:
  const Analyzer& analyzer_;
  std::unordered_map<std::string_view, uint32_t> terms_;  // views of the caller's terms
  bool first_bytes_[256] = {};
};

}  // namespace gossamer
