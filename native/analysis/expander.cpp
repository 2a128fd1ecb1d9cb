#include "analysis/expander.h"

#include <algorithm>
#include <stdexcept>

#include "analysis/letters.h"
#include "analysis/pieces.h"
#include "analysis/unicode.h"

namespace gossamer {

namespace {

constexpr size_t kRemembered = 1 << 16;  // words

using Tokens = Expansion::Tokens;

Tokens tokens_named(const std::string& name) {
  constexpr const char* names[] = {"words", "cjk", "auto", "code", "ngram", "edge", "wordpiece"};
  for (size_t i = 0; i < std::size(names); ++i)
    if (name == names[i]) return static_cast<Tokens>(i);
  throw std::invalid_argument("no tokens \"" + name + "\"");
}

bool is_letter_or_digit(char32_t c) {
  const uint8_t kind = unicode::properties(c) & unicode::kClassMask;
  return kind == unicode::kLetter || kind == unicode::kDigit;
}

bool is_mark(char32_t c) { return (unicode::properties(c) & unicode::kClassMask) == unicode::kMark; }

}  // namespace

bool Expansion::needed(const AnalyzerConfig& config) {
  if (config.accents != "keep" && config.accents != "fold" && config.accents != "both")
    throw std::invalid_argument("no accents \"" + config.accents + "\"");
  return tokens_named(config.tokens) != Tokens::kWords || config.accents == "both" || !config.compounds.empty() ||
         config.filter.letters == "turkish";
}

Expansion::Expansion(const AnalyzerConfig& config)
    : tokens(tokens_named(config.tokens)),
      both_accents(config.accents == "both"),
      late_folding(config.casefold &&
                   (tokens == Tokens::kCode || tokens == Tokens::kAuto || config.filter.letters == "turkish")),
      shortest(config.shortest),
      longest(config.longest),
      compounds(config.compounds),
      has_compounds(!config.compounds.empty()),
      word_piece(config.vocabulary),
      languages(config.languages, config.detect) {
  if ((tokens == Tokens::kNgram || tokens == Tokens::kEdge) && (shortest == 0 || longest < shortest || longest > kWordLimit))
    throw std::invalid_argument("n-grams have 1 to 255 characters");
  for (const LanguageConfig& language : config.languages) turkic.push_back(language.filter.letters == "turkish");
  turkic.push_back(config.filter.letters == "turkish");
}

Expander::Expander(const Analyzer& analyzer, const Expansion& expansion, Analyzer::Scratch::State& state)
    : analyzer_(analyzer),
      expansion_(expansion),
      state_(state),
      scanner_(analyzer.config().normalize, analyzer.config().casefold && !expansion.late_folding,
               analyzer.config().possessive, expansion.tokens == Tokens::kCode) {
  if (expansion.tokens == Tokens::kAuto) counting_.emplace(analyzer.config().normalize, analyzer.config().casefold, false);
}

void Expander::run(std::string_view text, void* sink, void (*emitter)(void*, const Word&)) {
  if (expansion_.tokens == Tokens::kWordPiece) return expansion_.word_piece.split(text, sink, emitter);
  sink_ = sink;
  emit_ = emitter;
  position_ = 0;
  unit_.reset();
  full_ = false;
  if (counting_) choice_ = expansion_.languages.choose(text, *counting_);
  scanner_.scan(text, this, [](void* self, const Word& word) { static_cast<Expander*>(self)->on_word(word); });
  end_run();
}

void Expander::on_word(const Word& w) {
  const Range at{w.start, w.end};
  switch (expansion_.tokens) {
    case Tokens::kCjk:
    case Tokens::kAuto: return segments(w);
    case Tokens::kCode: return identifier(at);
    case Tokens::kNgram:
    case Tokens::kEdge: return grams(at);
    default: return word(0, trace().size, at);
  }
}

// Cuts a word where runs of characters for bigrams begin and end.
void Expander::segments(const Word& w) {
  const Trace& t = trace();
  // A run goes on in the next word only where a word ended for its length.
  if (unit_ && !(full_ && unit_->at.end == w.start)) end_run();
  full_ = t.size == kWordLimit;
  const auto for_bigrams = [&](char32_t c) {
    const unicode::Script script = unicode::script(c);
    return script == unicode::Script::kCjk ||
           (expansion_.tokens == Tokens::kAuto && script == unicode::Script::kSoutheastAsian);
  };
  uint32_t plain = 0;  // where the stretch without bigrams began
  for (uint32_t i = 0; i < t.size;) {
    uint32_t next = i + 1;
    while (next < t.size && is_mark(t.code_points[next])) ++next;
    if (for_bigrams(t.code_points[i])) {
      if (plain < i) segment(plain, i, place(plain, i));
      bigram_unit(i, next);
      plain = next;
    } else if (unit_) {
      end_run();
    }
    i = next;
  }
  if (plain < t.size) segment(plain, t.size, plain == 0 ? Range{w.start, w.end} : Range{t.places[plain].start, w.end});
}

void Expander::segment(uint32_t from, uint32_t to, Range at) {
  const auto outside = [&](uint32_t i) { return !is_letter_or_digit(trace().code_points[i]); };
  while (from < to && outside(from)) at.start = trace().places[from++].end;
  if (from == to) return;
  at.start = trace().places[from].start;
  uint32_t last = to;
  while (last > from && outside(last - 1) && !is_mark(trace().code_points[last - 1])) --last;
  if (last != to) at.end = trace().places[last - 1].end;
  word(from, last, at);
}

void Expander::bigram_unit(uint32_t from, uint32_t to) {
  Unit unit{form(from, to, false), place(from, to)};
  if (unit_) {
    const std::string both = unit_->bytes + unit.bytes;
    emit(both, {unit_->at.start, unit.at.end}, Kind::kCjk);
    ++position_;
    paired_ = true;
  } else {
    paired_ = false;
  }
  unit_ = std::move(unit);
}

void Expander::end_run() {
  if (unit_ && !paired_) {
    emit(unit_->bytes, unit_->at, Kind::kCjk);
    ++position_;
  }
  unit_.reset();
}

void Expander::word(uint32_t from, uint32_t to, Range at) {
  if (expansion_.tokens == Tokens::kAuto) {
    uint32_t first = from;
    while (first + 1 < to && unicode::script(trace().code_points[first]) == unicode::Script::kOther) ++first;
    const auto& languages = choice_.languages[static_cast<size_t>(unicode::script(trace().code_points[first]))];
    if (languages.size() > 1) return in_languages(languages, from, to, at);
    if (languages.size() == 1) {
      emit(static_cast<char>(languages[0] + 1) + form(from, to, expansion_.turkic[languages[0]]), at, Kind::kWord);
      ++position_;
      return;
    }
  }
  const std::string whole = form(from, to, expansion_.turkic.back());
  with_accents(whole, at);
  if (expansion_.has_compounds && !analyzer_.filter(whole, state_).empty())
    for (const Range& part : compound_parts(from, to))
      with_accents(form(from + part.start, from + part.end, false), place(from + part.start, from + part.end));
  ++position_;
}

// The word in each language, but every term once.
void Expander::in_languages(const std::vector<uint32_t>& languages, uint32_t from, uint32_t to, Range at) {
  terms_.clear();
  forms_.clear();
  for (const uint32_t language : languages) {
    std::string tagged(1, static_cast<char>(language + 1));
    tagged += form(from, to, expansion_.turkic[language]);
    const std::string_view term = analyzer_.filter(tagged, state_);
    if (term.empty() && choice_.drop_any) {
      forms_.clear();
      break;
    }
    if (term.empty() || std::ranges::find(terms_, term) != terms_.end()) continue;
    terms_.emplace_back(term);
    forms_.push_back(std::move(tagged));
  }
  for (const std::string& tagged : forms_) emit(tagged, at, Kind::kWord);
  ++position_;
}

const std::vector<Range>& Expander::compound_parts(uint32_t from, uint32_t to) {
  const std::string whole = form(from, to, false);
  if (const auto known = known_parts_.find(whole); known != known_parts_.end()) return known->second;
  if (known_parts_.size() >= kRemembered) known_parts_.clear();
  return known_parts_.emplace(whole, expansion_.compounds.split({trace().code_points + from, to - from})).first->second;
}

void Expander::with_accents(const std::string& exact, Range at) {
  emit(exact, at, Kind::kWord);
  if (!expansion_.both_accents) return;
  std::string folded;
  if (!fold_accents(exact, folded)) return;
  const std::string term(analyzer_.filter(exact, state_));
  if (!term.empty() && analyzer_.filter(folded, state_) != term) emit(folded, at, Kind::kWord);
}

void Expander::grams(Range at) {
  const Trace& t = trace();
  find_grams(t.size, expansion_.shortest, expansion_.longest, expansion_.tokens == Tokens::kEdge, parts_);
  for (const Range& part : parts_) {
    Range where = place(part.start, part.end);
    if (part.start == 0) where.start = at.start;
    if (part.end == t.size) where.end = at.end;
    emit(form(part.start, part.end, false), where, Kind::kNgram);
  }
  ++position_;
}

void Expander::identifier(Range at) {
  find_identifier_parts(trace(), parts_);
  emit(form(0, trace().size, false), at, Kind::kCode);
  const auto is_number = [&](const Range& part) {
    return (unicode::properties(trace().code_points[part.start]) & unicode::kClassMask) == unicode::kDigit;
  };
  if (parts_.size() > 1 && !std::ranges::all_of(parts_, is_number))
    for (const Range& part : parts_) emit(form(part.start, part.end, false), place(part.start, part.end), Kind::kCode);
  ++position_;
}

void Expander::emit(std::string_view form, Range at, Kind kind) {
  emit_(sink_, Word{form, position_, at.start, at.end, kind});
}

std::string Expander::form(uint32_t from, uint32_t to, bool turkic) const {
  std::string bytes;
  for (uint32_t i = from; i < to; ++i) {
    const char32_t c = trace().code_points[i];
    const auto image = expansion_.late_folding ? unicode::fold(c) : std::span<const char32_t>{};
    if (turkic && expansion_.late_folding && (c == 'I' || c == 0x130)) append(c == 'I' ? char32_t{0x131} : char32_t{'i'}, bytes);
    else if (image.empty()) append(c, bytes);
    else for (const char32_t part : image) append(part, bytes);
  }
  return bytes;
}

}  // namespace gossamer
