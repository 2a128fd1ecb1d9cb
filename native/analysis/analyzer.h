// Text to terms: NFKC, word split, case folding, stop words, stemming, with offsets in the original text.
//
// Two steps, so that an indexer can remember the outcome per word form and stem each form once:
//   split()   finds the words of a text, normalised and case-folded;
//   filter()  turns one such word into its term, or drops it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "hash.h"

namespace gossamer {

struct AnalyzerConfig {
  bool normalize = true;                // NFKC
  bool casefold = true;
  bool possessive = false;              // drop a final 's
  std::vector<std::string> stop_words;  // compared after case folding
  std::string stemmer;                  // "", "porter" or "english"
};

// One word of a text. `word` is valid until the next word is emitted.
struct Word {
  std::string_view word;     // UTF-8, after NFKC, case folding and possessive; never empty
  uint32_t position;         // 0, 1, 2 ... over words, also those that filter() drops later
  uint32_t start, end;       // code points of the original text
};

class Analyzer {
 public:
  explicit Analyzer(AnalyzerConfig config);  // throws std::invalid_argument for an unknown stemmer
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
  std::string_view filter(std::string_view word, Scratch& scratch) const;

  const AnalyzerConfig& config() const { return config_; }

 private:
  void split_words(std::string_view text, Scratch& scratch, void* sink, void (*emit)(void*, const Word&)) const;

  AnalyzerConfig config_;
  std::unordered_set<std::string, StringHash, std::equal_to<>> stop_words_;  // looked up by view, without a copy
};

const char* unicode_version();  // of the tables, e.g. "17.0.0"

}  // namespace gossamer
