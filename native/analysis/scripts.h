// Which languages the words of a text are analysed in, for texts of any language and mixtures of them.
//
// A script with one language needs no guess. Otherwise a short text (a query, a title) is analysed in each language of the
// script that it may well be in, a word or two in every one; what is a stop word in one of them is dropped if other words
// remain. A longer one is analysed in one language: the one whose stop words stand out, else the first of `detect`, else the
// one with most of them.
// Both sides of a search thus meet, whatever was guessed: a query word gives its term in the document's language too.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/analyzer.h"
#include "analysis/scanner.h"
#include "analysis/unicode.h"
#include "hash.h"

namespace gossamer {

class Languages {
 public:
  using ByScript = std::array<std::vector<uint32_t>, unicode::kScripts>;  // numbers of languages
  struct Choice {
    ByScript languages;
    bool drop_any = false;  // a word that one of its languages drops?
  };

  Languages(const std::vector<LanguageConfig>& languages, std::function<std::vector<uint32_t>(std::string_view, bool)> detect);

  // The languages of a text; `scanner` is used up.
  Choice choose(std::string_view text, Scanner<false>& scanner) const;

 private:
  ByScript all_;
  std::vector<unicode::Script> scripts_;  // by language
  std::unordered_map<std::string, uint32_t, StringHash, std::equal_to<>> stop_words_;  // to a bit a language
  std::function<std::vector<uint32_t>(std::string_view, bool)> detect_;
  bool ambiguous_ = false;
};

}  // namespace gossamer
