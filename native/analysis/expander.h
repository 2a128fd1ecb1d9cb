// The analysers that give more than one term a word, or other terms than words: bigrams of CJK, parts of identifiers and
// compounds, n-grams, accents folded beside exact, and every language of a short text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/analyzer.h"
#include "analysis/compounds.h"
#include "analysis/scanner.h"
#include "analysis/scripts.h"
#include "analysis/wordpiece.h"
#include "hash.h"

namespace gossamer {

// What the analyser holds for it, shared by threads.
struct Expansion {
  enum class Tokens : uint8_t { kWords, kCjk, kAuto, kCode, kNgram, kEdge, kWordPiece };
  explicit Expansion(const AnalyzerConfig& config);  // throws std::invalid_argument
  static bool needed(const AnalyzerConfig& config);

  Tokens tokens;
  bool both_accents, late_folding;
  uint32_t shortest, longest;
  Compounds compounds;
  bool has_compounds;
  WordPiece word_piece;
  Languages languages;
  std::vector<bool> turkic;  // by language; of the analyser itself at the end
};

class Expander {
 public:
  Expander(const Analyzer& analyzer, const Expansion& expansion, Analyzer::Scratch::State& state);

  void run(std::string_view text, void* sink, void (*emit)(void*, const Word&));

 private:
  void on_word(const Word& word);
  void segments(const Word& word);
  void segment(uint32_t from, uint32_t to, Range at);
  void word(uint32_t from, uint32_t to, Range at);
  void bigram_unit(uint32_t from, uint32_t to);
  void end_run();
  void grams(Range at);
  void identifier(Range at);
  void in_languages(const std::vector<uint32_t>& languages, uint32_t from, uint32_t to, Range at);
  const std::vector<Range>& compound_parts(uint32_t from, uint32_t to);
  void with_accents(const std::string& form, Range at);
  void emit(std::string_view form, Range at, Kind kind);
  std::string form(uint32_t from, uint32_t to, bool turkic) const;
  const Trace& trace() const { return scanner_.words().trace(); }
  Range place(uint32_t from, uint32_t to) const { return {trace().places[from].start, trace().places[to - 1].end}; }

  const Analyzer& analyzer_;
  const Expansion& expansion_;
  Analyzer::Scratch::State& state_;
  Scanner<true> scanner_;
  std::optional<Scanner<false>> counting_;  // of auto
  void* sink_ = nullptr;
  void (*emit_)(void*, const Word&) = nullptr;
  uint32_t position_ = 0;
  Languages::Choice choice_;
  // The run of script at hand: its last character, and whether that is part of a bigram.
  struct Unit {
    std::string bytes;
    Range at;
  };
  std::optional<Unit> unit_;
  bool paired_ = false, full_ = false;
  std::vector<Range> parts_;
  std::vector<std::string> terms_, forms_;  // of one word in several languages
  std::unordered_map<std::string, std::vector<Range>, StringHash, std::equal_to<>> known_parts_;
};

}  // namespace gossamer
