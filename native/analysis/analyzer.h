// Text to terms: NFKC, word split, case folding, stop words, stemming, with offsets in the original text.
//
// Two steps, so that an indexer can remember the outcome per word form and stem each form once:
//   split()   finds the words of a text, normalised and case-folded, and what is searched beside or instead of them;
//   filter()  turns one such word into its term, or drops it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gossamer {

struct Range {
  uint32_t start, end;  // code points
};

struct FilterConfig {
  std::vector<std::string> stop_words;  // compared after case folding
  std::string stemmer;                  // empty or one of Snowball's
  std::string letters;                  // empty or a language whose spellings are made one (letters.h)
  std::vector<std::string> elisions;    // dropped with the apostrophe after them, as l' of l'avion
};

struct LanguageConfig {
  FilterConfig filter;
  std::string script;  // as in unicode::script_named()
};

struct AnalyzerConfig {
  bool normalize = true;                // NFKC
  bool casefold = true;
  bool possessive = false;              // drop a final 's
  FilterConfig filter;
  std::string accents = "keep";         // keep, fold, or both: the folded form beside the exact one
  // words; or cjk, auto (scripts.h), code, ngram, edge (pieces.h), wordpiece (wordpiece.h)
  std::string tokens = "words";
  uint32_t shortest = 0, longest = 0;   // code points of ngram and edge
  std::vector<std::pair<std::string, uint64_t>> compounds;  // parts and their frequencies (compounds.h)
  std::vector<std::string> vocabulary;  // of wordpiece
  std::vector<LanguageConfig> languages;  // of auto
  // The languages (numbers in `languages`) of a text, likeliest first, of a short one only those that may well be its own;
  // empty: stop words tell.
  std::function<std::vector<uint32_t>(std::string_view, bool)> detect;
};

enum class Kind : uint8_t { kWord, kCjk, kNgram, kCode };

// One word of a text. `word` is valid until the next word is emitted.
struct Word {
  std::string_view word;     // UTF-8, after NFKC, case folding and possessive; never empty. Auto writes a language before it
  uint32_t position;         // 0, 1, 2 ... over words, also those that filter() drops later; pieces of a word share it
  uint32_t start, end;       // code points of the original text; starts ascend
  Kind kind = Kind::kWord;
};

class Analyzer {
 public:
  explicit Analyzer(AnalyzerConfig config);  // throws std::invalid_argument for an unknown stemmer or rule
  ~Analyzer();

  // Not shared between threads: buffers and a stemmer's working memory. Cheap to keep, dear to make.
  class Scratch {
   public:
    explicit Scratch(const Analyzer& analyzer);
    ~Scratch();
    Scratch(Scratch&&) noexcept;
    struct State;
    State& state() { return *state_; }

   private:
    std::unique_ptr<State> state_;
  };

  // Calls sink(const Word&) for every word of valid UTF-8 `text` (invalid bytes are treated as U+FFFD, never read past).
  template <class Sink>
  void split(std::string_view text, Scratch& scratch, Sink&& sink) const {
    split_words(text, scratch, &sink, [](void* s, const Word& w) { (*static_cast<std::remove_reference_t<Sink>*>(s))(w); });
  }

  // The term of a word, or an empty view when the word is dropped. Valid until the next call with this scratch.
  std::string_view filter(std::string_view word, Scratch& scratch) const { return filter(word, scratch.state()); }
  std::string_view filter(std::string_view word, Scratch::State& state) const;

  // Does split() give words as people type them, not pieces of them?
  bool gives_words() const { return config_.tokens != "ngram" && config_.tokens != "edge" && config_.tokens != "wordpiece"; }

  // Does every term begin with the first byte of its word?
  bool keeps_first_byte() const;

  const AnalyzerConfig& config() const { return config_; }

 private:
  struct Parts;
  void split_words(std::string_view text, Scratch& scratch, void* sink, void (*emit)(void*, const Word&)) const;

  AnalyzerConfig config_;
  std::unique_ptr<const Parts> parts_;
};

const char* unicode_version();  // of the tables, e.g. "17.0.0"

}  // namespace gossamer
