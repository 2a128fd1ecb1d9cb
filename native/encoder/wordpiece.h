// WordPiece as BERT uses it, for models: text to ids. Devlin et al., "BERT: Pre-training of Deep Bidirectional
// Transformers" (2019), in the reading of the `tokenizers` library: special tokens are found in the text as it stands; what
// is between them is cleaned, lower-cased and cut at white space and punctuation; words become the longest pieces, greedily.
// analysis/wordpiece.h cuts text into terms with places for BM25.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "encoder/pieces_table.h"

namespace gossamer::encoder {

struct WordPieceOptions {
  std::vector<std::pair<std::string, uint32_t>> vocabulary;
  std::vector<std::pair<std::string, uint32_t>> special;  // found in the text before anything else; none is empty
  std::string prefix = "##";                              // of pieces that continue a word
  uint32_t unknown = 0;                                   // the id of words that no pieces make up
  uint32_t longest_word = 100;                            // code points; longer ones are unknown
  bool clean = true;    // no control characters
  bool chinese = true;  // a word for each ideograph
  bool strip = true;    // NFD without nonspacing marks
  bool lower = true;
};

class WordPiece {
 public:
  explicit WordPiece(const WordPieceOptions& options);

  // Appends the ids of a text, without those that a model wants around it.
  void encode(std::string_view text, std::vector<uint32_t>& ids) const;

 private:
  enum class Kind : uint8_t { letter, space, punctuation, nothing };
  class Reader;

  Kind kind_of(char32_t c) const;
  void encode_part(std::string_view text, std::vector<uint32_t>& ids) const;
  void encode_word(std::string_view word, uint32_t letters, std::vector<uint32_t>& ids) const;
  const std::pair<std::string, uint32_t>* special_at(std::string_view text) const;

  WordPieceOptions options_;
  PiecesTable first_, next_;  // pieces that begin a word, and those that continue one without their prefix
  std::array<Kind, 128> ascii_;
  std::array<char, 128> lowered_;
  std::array<bool, 256> begins_special_{};
};

}  // namespace gossamer::encoder
