// WordPiece as BERT's uncased models use it: cleaning, splitting at white space, punctuation and CJK, lower case without
// accents, then greedily the longest pieces. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers" (2019).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "analysis/analyzer.h"
#include "hash.h"

namespace gossamer {

class WordPiece {
 public:
  explicit WordPiece(const std::vector<std::string>& vocabulary) : vocabulary_(vocabulary.begin(), vocabulary.end()) {}

  // Calls emit(sink, word) for every piece of the text; "##" precedes a piece that continues a word.
  void split(std::string_view text, void* sink, void (*emit)(void*, const Word&)) const;

 private:
  struct Letter {
    std::string bytes;
    Range place;
  };
  void split_word(const std::vector<Letter>& word, uint32_t& position, void* sink, void (*emit)(void*, const Word&)) const;

  std::unordered_set<std::string, StringHash, std::equal_to<>> vocabulary_;
};

}  // namespace gossamer
