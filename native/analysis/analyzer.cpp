#include "analysis/analyzer.h"

#include <new>
#include <stdexcept>

#include "analysis/cluster.h"
#include "analysis/unicode.h"
#include "analysis/utf8.h"
#include "analysis/words.h"
#include "third_party/snowball/runtime/api.h"
#include "third_party/snowball/src_c/stem_UTF_8_english.h"
#include "third_party/snowball/src_c/stem_UTF_8_porter.h"

namespace gossamer {

namespace {

// More marks than this on one letter are normalised in portions, so that no text needs unbounded memory.
constexpr size_t kClusterLimit = 4096;

struct Stemmer {
  const char* name;
  SN_env* (*create)();
  void (*close)(SN_env*);
  int (*stem)(SN_env*);
};

constexpr Stemmer kStemmers[] = {
    {"porter", porter_UTF_8_create_env, porter_UTF_8_close_env, porter_UTF_8_stem},
    {"english", english_UTF_8_create_env, english_UTF_8_close_env, english_UTF_8_stem},
};

const Stemmer* find_stemmer(const std::string& name) {
  if (name.empty()) return nullptr;
  for (const Stemmer& stemmer : kStemmers)
    if (name == stemmer.name) return &stemmer;
  throw std::invalid_argument("unknown stemmer \"" + name + "\"; there are porter and english");
}

Cluster make_cluster(const AnalyzerConfig& config) {
  if (config.normalize && config.casefold) return {unicode::fold_nfkc, unicode::fold_nfkd, true};
  if (config.normalize) return {unicode::nfkc, unicode::nfkd, false};
  return {config.casefold ? unicode::fold : unicode::nothing, unicode::nothing, false};
}

}  // namespace

struct Analyzer::Scratch::State {
  explicit State(const AnalyzerConfig& config)
      : words(config.casefold, config.possessive),
        cluster(make_cluster(config)),
        normalize(config.normalize),
        stemmer(find_stemmer(config.stemmer)) {
    if (stemmer != nullptr && (environment = stemmer->create()) == nullptr) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (environment != nullptr) stemmer->close(environment);
  }

  void flush() {
    for (const char32_t c : cluster.normalized()) words.consume(c, cluster.start(), cluster.end());
    cluster.clear();
  }

  // Reads from the non-ASCII byte p up to the next ASCII byte; `shift` is bytes minus code points so far.
  const uint8_t* read_beyond_ascii(const uint8_t* p, const uint8_t* end, const uint8_t* text, size_t& shift);

  Words words;
  Cluster cluster;
  bool normalize;
  const Stemmer* stemmer;
  SN_env* environment = nullptr;
};

const uint8_t* Analyzer::Scratch::State::read_beyond_ascii(const uint8_t* p, const uint8_t* end, const uint8_t* text,
                                                           size_t& shift) {
  while (p < end && *p >= 0x80) {
    const auto [code_point, length] = decode(p, end);
    const auto offset = static_cast<uint32_t>(static_cast<size_t>(p - text) - shift);
    p += length;
    shift += length - 1;
    const uint8_t properties = unicode::properties(code_point);
    if (properties & unicode::kIgnorable) continue;
    if (normalize && (properties & unicode::kExtends) && cluster.size() < kClusterLimit) {
      // Inside this loop the cluster holds what came last; before it, that was an ASCII character.
      if (cluster.empty() && words.open() && !words.joining()) {
        const uint32_t before = words.end() - 1;
        cluster.add(words.pop(), before);
      }
    } else if (!cluster.empty()) {
      flush();
    }
    cluster.add(code_point, offset);
  }
  if (!cluster.empty()) flush();
  return p;
}

Analyzer::Scratch::Scratch(const Analyzer& analyzer) : state_(std::make_unique<State>(analyzer.config())) {}
Analyzer::Scratch::~Scratch() = default;
Analyzer::Scratch::Scratch(Scratch&&) noexcept = default;

Analyzer::Analyzer(AnalyzerConfig config)
    : config_(std::move(config)), stop_words_(config_.stop_words.begin(), config_.stop_words.end()) {
  find_stemmer(config_.stemmer);
}
Analyzer::~Analyzer() = default;

void Analyzer::split_words(std::string_view text, Scratch& scratch, void* sink, void (*emit)(void*, const Word&)) const {
  Scratch::State& state = scratch.state();
  Words& words = state.words;
  words.begin(sink, emit);
  state.cluster.clear();  // a sink may have thrown
  const auto* const begin = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = begin + text.size();
  const uint8_t* p = begin;
  size_t shift = 0;
  const auto offset = [&] { return static_cast<uint32_t>(static_cast<size_t>(p - begin) - shift); };
  while (p < end) {
    if (*p >= 0x80) {
      p = state.read_beyond_ascii(p, end, begin, shift);
    } else if (!words.joining() && kByteClass[*p] != unicode::kOther) {
      const uint8_t* const next = words.run(p, end, offset());
      if (next == p) words.finish();  // the word was full
      p = next;
    } else {
      words.consume(*p, offset(), offset() + 1);
      ++p;
    }
  }
  words.finish();
}

std::string_view Analyzer::filter(std::string_view word, Scratch& scratch) const {
  if (stop_words_.contains(word)) return {};
  Scratch::State& state = scratch.state();
  if (state.stemmer == nullptr) return word;
  SN_env* const environment = state.environment;
  if (SN_set_current(environment, static_cast<int>(word.size()), reinterpret_cast<const symbol*>(word.data())) < 0 ||
      state.stemmer->stem(environment) < 0)
    throw std::bad_alloc();
  // Porter's rules take the whole of "s" away; a word is never dropped for its stem.
  if (environment->l == 0) return word;
  return {reinterpret_cast<const char*>(environment->p), static_cast<size_t>(environment->l)};
}

const char* unicode_version() { return unicode::version(); }

}  // namespace gossamer
