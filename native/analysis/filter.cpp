#include "analysis/filter.h"

#include <new>
#include <stdexcept>

#include "analysis/light_stem.h"
#include "third_party/snowball/runtime/api.h"
#include "third_party/snowball/src_c/stem_UTF_8_arabic.h"
#include "third_party/snowball/src_c/stem_UTF_8_basque.h"
#include "third_party/snowball/src_c/stem_UTF_8_catalan.h"
#include "third_party/snowball/src_c/stem_UTF_8_danish.h"
#include "third_party/snowball/src_c/stem_UTF_8_dutch.h"
#include "third_party/snowball/src_c/stem_UTF_8_english.h"
#include "third_party/snowball/src_c/stem_UTF_8_finnish.h"
#include "third_party/snowball/src_c/stem_UTF_8_french.h"
#include "third_party/snowball/src_c/stem_UTF_8_german.h"
#include "third_party/snowball/src_c/stem_UTF_8_greek.h"
#include "third_party/snowball/src_c/stem_UTF_8_hindi.h"
#include "third_party/snowball/src_c/stem_UTF_8_hungarian.h"
#include "third_party/snowball/src_c/stem_UTF_8_indonesian.h"
#include "third_party/snowball/src_c/stem_UTF_8_irish.h"
#include "third_party/snowball/src_c/stem_UTF_8_italian.h"
#include "third_party/snowball/src_c/stem_UTF_8_lithuanian.h"
#include "third_party/snowball/src_c/stem_UTF_8_nepali.h"
#include "third_party/snowball/src_c/stem_UTF_8_norwegian.h"
#include "third_party/snowball/src_c/stem_UTF_8_porter.h"
#include "third_party/snowball/src_c/stem_UTF_8_portuguese.h"
#include "third_party/snowball/src_c/stem_UTF_8_romanian.h"
#include "third_party/snowball/src_c/stem_UTF_8_russian.h"
#include "third_party/snowball/src_c/stem_UTF_8_spanish.h"
#include "third_party/snowball/src_c/stem_UTF_8_swedish.h"
#include "third_party/snowball/src_c/stem_UTF_8_tamil.h"
#include "third_party/snowball/src_c/stem_UTF_8_turkish.h"

namespace gossamer {

namespace {

#define GOSSAMER_STEMMER(name) \
  Stemmer { #name, name##_UTF_8_create_env, name##_UTF_8_close_env, name##_UTF_8_stem, nullptr }

constexpr Stemmer kStemmers[] = {
    GOSSAMER_STEMMER(arabic),
    GOSSAMER_STEMMER(basque),
    GOSSAMER_STEMMER(catalan),
    GOSSAMER_STEMMER(danish),
    GOSSAMER_STEMMER(dutch),
    GOSSAMER_STEMMER(english),
    GOSSAMER_STEMMER(finnish),
    GOSSAMER_STEMMER(french),
    GOSSAMER_STEMMER(german),
    GOSSAMER_STEMMER(greek),
    GOSSAMER_STEMMER(hindi),
    GOSSAMER_STEMMER(hungarian),
    GOSSAMER_STEMMER(indonesian),
    GOSSAMER_STEMMER(irish),
    GOSSAMER_STEMMER(italian),
    GOSSAMER_STEMMER(lithuanian),
    GOSSAMER_STEMMER(nepali),
    GOSSAMER_STEMMER(norwegian),
    GOSSAMER_STEMMER(porter),
    GOSSAMER_STEMMER(portuguese),
    GOSSAMER_STEMMER(romanian),
    GOSSAMER_STEMMER(russian),
    GOSSAMER_STEMMER(spanish),
    GOSSAMER_STEMMER(swedish),
    GOSSAMER_STEMMER(tamil),
    GOSSAMER_STEMMER(turkish),
    {"french_light", nullptr, nullptr, nullptr, french_light},
};

#undef GOSSAMER_STEMMER

const Stemmer* find_stemmer(const std::string& name) {
  if (name.empty()) return nullptr;
  for (const Stemmer& stemmer : kStemmers)
    if (name == stemmer.name) return &stemmer;
  throw std::invalid_argument("unknown stemmer \"" + name + "\"");
}

}  // namespace

WordFilter::WordFilter(const FilterConfig& config, bool fold_accents)
    : elisions_(config.elisions.begin(), config.elisions.end()),
      stemmer_(find_stemmer(config.stemmer)),
      letters_(letters_named(config.letters)),
      fold_accents_(fold_accents) {
  Memory memory;
  for (const std::string& word : config.stop_words) stop_words_.emplace(respelled(word, memory));
}

WordFilter::Memory::~Memory() {
  if (environment_ != nullptr) stemmer_->close(environment_);
}

std::string_view WordFilter::respelled(std::string_view word, Memory& memory) const {
  if (letters_ != Letters::kKept && respell(letters_, word, memory.spelled_)) word = memory.spelled_;
  if (fold_accents_ && gossamer::fold_accents(word, memory.folded_)) word = memory.folded_;
  return word;
}

std::string_view WordFilter::operator()(std::string_view word, Memory& memory) const {
  if (!elisions_.empty()) {
    const size_t apostrophe = word.find('\'');
    if (apostrophe != std::string_view::npos && apostrophe + 1 < word.size() && elisions_.contains(word.substr(0, apostrophe)))
      word.remove_prefix(apostrophe + 1);
  }
  word = respelled(word, memory);
  if (stop_words_.contains(word)) return {};
  if (stemmer_ == nullptr) return word;
  if (stemmer_->light != nullptr) return stemmer_->light(word, memory.stem_);
  if (memory.environment_ == nullptr) {
    memory.stemmer_ = stemmer_;
    if ((memory.environment_ = stemmer_->create()) == nullptr) throw std::bad_alloc();
  }
  SN_env* const environment = memory.environment_;
  if (SN_set_current(environment, static_cast<int>(word.size()), reinterpret_cast<const symbol*>(word.data())) < 0 ||
      stemmer_->stem(environment) < 0)
    throw std::bad_alloc();
  // Some rules take the whole of a word away, as Porter's do with "s"; a word is never dropped for its stem.
  if (environment->l == 0) return word;
  return {reinterpret_cast<const char*>(environment->p), static_cast<size_t>(environment->l)};
}

bool WordFilter::keeps_first_byte() const {
  const std::string_view stemmer = stemmer_ == nullptr ? "" : stemmer_->name;
  const bool suffixes_only = stemmer.empty() || stemmer == "porter" || stemmer == "english";
  return suffixes_only && elisions_.empty() && letters_ == Letters::kKept && !fold_accents_;
}

}  // namespace gossamer
