#include "analysis/analyzer.h"

#include <optional>

#include "analysis/expander.h"
#include "analysis/filter.h"
#include "analysis/scanner.h"
#include "analysis/unicode.h"

namespace gossamer {

namespace {

// A word of one of several languages begins with a control character, which no word contains: the language's number and one.
constexpr uint8_t kFirstLetter = 0x20;

}  // namespace

struct Analyzer::Parts {
  explicit Parts(const AnalyzerConfig& config) : filter(config.filter, config.accents == "fold") {
    for (const LanguageConfig& language : config.languages) languages.emplace_back(language.filter, false);
    if (Expansion::needed(config)) expansion.emplace(config);
  }
  WordFilter filter;
  std::vector<WordFilter> languages;
  std::optional<Expansion> expansion;
};

struct Analyzer::Scratch::State {
  explicit State(const Analyzer& analyzer)
      : scanner(analyzer.config().normalize, analyzer.config().casefold, analyzer.config().possessive),
        languages(analyzer.config().languages.size()) {
    if (analyzer.parts_->expansion) expander = std::make_unique<Expander>(analyzer, *analyzer.parts_->expansion, *this);
  }
  Scanner<false> scanner;
  WordFilter::Memory memory;
  std::vector<WordFilter::Memory> languages;
  std::unique_ptr<Expander> expander;
};

Analyzer::Scratch::Scratch(const Analyzer& analyzer) : state_(std::make_unique<State>(analyzer)) {}
Analyzer::Scratch::~Scratch() = default;
Analyzer::Scratch::Scratch(Scratch&&) noexcept = default;

Analyzer::Analyzer(AnalyzerConfig config) : config_(std::move(config)), parts_(std::make_unique<const Parts>(config_)) {}
Analyzer::~Analyzer() = default;

void Analyzer::split_words(std::string_view text, Scratch& scratch, void* sink, void (*emit)(void*, const Word&)) const {
  Scratch::State& state = scratch.state();
  if (state.expander) state.expander->run(text, sink, emit);
  else state.scanner.scan(text, sink, emit);
}

std::string_view Analyzer::filter(std::string_view word, Scratch::State& state) const {
  if (!word.empty() && static_cast<uint8_t>(word[0]) < kFirstLetter) {
    const size_t language = static_cast<uint8_t>(word[0]) - 1u;
    return parts_->languages.at(language)(word.substr(1), state.languages.at(language));
  }
  return parts_->filter(word, state.memory);
}

bool Analyzer::keeps_first_byte() const { return parts_->languages.empty() && parts_->filter.keeps_first_byte(); }

const char* unicode_version() { return unicode::version(); }

}  // namespace gossamer
