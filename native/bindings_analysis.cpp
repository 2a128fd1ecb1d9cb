#include <functional>
#include <tuple>

#include "analysis/analyzer.h"
#include "analysis/compounds.h"
#include "analysis/excerpts.h"
#include "analysis/passages.h"
#include "analysis/utf8.h"
#include "bindings.h"

namespace gossamer {

namespace {

std::string_view analysed_text(nb::handle text, Utf8& utf8) {
  const std::string_view view = utf8(text);
  if (view.size() > 0xf0000000u) throw std::length_error("a text is longer than 4 GiB");
  return view;
}

nb::list passages_list(const std::vector<PassageRange>& ranges) {
  nb::list list;
  for (const PassageRange& r : ranges) list.append(nb::make_tuple(r.start, r.end, r.byte_start, r.byte_end));
  return list;
}

// Calls sink(term, word) for every word that is no stop word.
template <class Sink>
void analyze(const Analyzer& analyzer, nb::str text, Sink sink) {
  Utf8 utf8;
  Analyzer::Scratch scratch(analyzer);
  analyzer.split(analysed_text(text, utf8), scratch, [&](const Word& word) {
    const std::string_view term = analyzer.filter(word.word, scratch);
    if (!term.empty()) sink(to_str(term), word);
  });
}

const char* kind_name(Kind kind) {
  constexpr const char* names[] = {"word", "cjk", "ngram", "code"};
  return names[static_cast<size_t>(kind)];
}

FilterConfig filter_config(nb::handle options) {
  return {nb::cast<std::vector<std::string>>(options["stop_words"]), nb::cast<std::string>(options["stemmer"]),
          nb::cast<std::string>(options["letters"]), nb::cast<std::vector<std::string>>(options["elisions"])};
}

// A Python function from a text, and whether it is short, to numbers of languages, for threads that do not hold the GIL.
std::function<std::vector<uint32_t>(std::string_view, bool)> detector(nb::object function) {
  if (function.is_none()) return nullptr;
  return [function](std::string_view text, bool is_short) {
    const nb::gil_scoped_acquire gil;
    return nb::cast<std::vector<uint32_t>>(function(to_str(text), is_short));
  };
}

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> found;
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  for (const auto* const end = p + text.size(); p < end;) {
    const Decoded next = decode(p, end);
    found.push_back(next.code_point);
    p += next.length;
  }
  return found;
}

// Options by name, as gossamer.text.analysis documents them; it has checked their types.
AnalyzerConfig analyzer_config(nb::dict options) {
  AnalyzerConfig config;
  config.normalize = nb::cast<bool>(options["normalize"]);
  config.casefold = nb::cast<bool>(options["casefold"]);
  config.possessive = nb::cast<bool>(options["possessive"]);
  config.filter = filter_config(options);
  config.accents = nb::cast<std::string>(options["accents"]);
  config.tokens = nb::cast<std::string>(options["tokens"]);
  std::tie(config.shortest, config.longest) = nb::cast<std::pair<uint32_t, uint32_t>>(options["grams"]);
  config.compounds = nb::cast<std::vector<std::pair<std::string, uint64_t>>>(options["compounds"]);
  config.vocabulary = nb::cast<std::vector<std::string>>(options["vocabulary"]);
  for (nb::handle language : options["languages"])
    config.languages.push_back({filter_config(language), nb::cast<std::string>(language["script"])});
  config.detect = detector(options["detect"]);
  return config;
}

nb::list ranges_list(const std::vector<Range>& ranges) {
  nb::list list;
  for (const Range& r : ranges) list.append(nb::make_tuple(r.start, r.end));
  return list;
}

std::vector<Excerpter::Term> terms_of(nb::handle pairs, Utf8& utf8) {
  std::vector<Excerpter::Term> terms;
  for (nb::handle pair : pairs)
    terms.push_back({std::string(utf8(nb::borrow<nb::object>(pair[0]))), nb::cast<double>(pair[1])});
  return terms;
}

// Per text: what to highlight and which windows to show, each [(start, end)], and the intensity of each highlight.
nb::list find_excerpts(const Analyzer& analyzer, nb::list texts, nb::list terms, nb::str query, nb::list shares) {
  Utf8 utf8;
  std::vector<std::string_view> views;
  for (nb::handle text : texts) views.push_back(analysed_text(nb::cast<nb::str>(text), utf8));
  auto wanted = terms_of(terms, utf8);
  const std::string_view query_text = analysed_text(query, utf8);
  if (shares.size() != texts.size()) throw std::invalid_argument("excerpts: one list of shares a text");
  std::vector<std::vector<Excerpter::Share>> shares_of;
  for (nb::handle parts : shares) {
    auto& of_text = shares_of.emplace_back();
    for (nb::handle part : nb::cast<nb::list>(parts)) {
      const auto fields = nb::cast<nb::tuple>(part);  // the term first, what it counts last
      of_text.emplace_back(utf8(nb::borrow<nb::object>(fields[0])), nb::cast<double>(fields[fields.size() - 1]));
    }
  }
  std::vector<Excerpt> found;
  {
    const nb::gil_scoped_release unlocked;
    Excerpter excerpter(analyzer, std::move(wanted), query_text);
    for (size_t i = 0; i < views.size(); ++i) found.push_back(excerpter(views[i], shares_of[i]));
  }
  nb::list out;
  for (const Excerpt& e : found) {
    nb::list steps;
    for (const uint8_t step : e.intensities) steps.append(step);
    out.append(nb::make_tuple(ranges_list(e.highlights), ranges_list(e.windows), steps));
  }
  return out;
}

nb::list find_highlights(const Analyzer& analyzer, nb::str text, const std::vector<std::string>& terms) {
  Utf8 utf8;
  const std::string_view view = analysed_text(text, utf8);
  std::vector<Range> found;
  {
    const nb::gil_scoped_release unlocked;
    std::vector<Excerpter::Term> wanted;
    for (const std::string& term : terms) wanted.push_back({term, 0});
    found = Excerpter(analyzer, std::move(wanted), {}).highlights(view);
  }
  return ranges_list(found);
}

}  // namespace

void bind_analysis(nb::module_& m) {
  nb::class_<Analyzer>(m, "Analyzer")
      .def(
          "__init__",
          [](Analyzer* self, nb::dict options) { new (self) Analyzer(analyzer_config(options)); }, "options"_a)
      .def(
          "analyze",
          [](const Analyzer& self, nb::str text) {
            nb::list out;
            analyze(self, text, [&](nb::str term, const Word& w) {
              out.append(nb::make_tuple(term, w.position, w.start, w.end, kind_name(w.kind)));
            });
            return out;
          },
          "text"_a)
      .def(
          "terms",
          [](const Analyzer& self, nb::str text) {
            nb::list out;
            analyze(self, text, [&](nb::str term, const Word&) { out.append(term); });
            return out;
          },
          "text"_a)
      .def("highlights", &find_highlights, "text"_a, "terms"_a)
      .def("excerpts", &find_excerpts, "texts"_a, "terms"_a, "query"_a, "shares"_a);

  m.def(
      "split_passages",
      [](nb::str text, uint32_t words, const std::vector<uint32_t>& headings) {
        Utf8 utf8;
        return passages_list(split_passages(analysed_text(text, utf8), words, headings));
      },
      "text"_a, "words"_a, "headings"_a = std::vector<uint32_t>{});
  m.def(
      "split_sentences",
      [](nb::str text) {
        Utf8 utf8;
        return passages_list(split_sentences(analysed_text(text, utf8)));
      },
      "text"_a);
  m.def(
      "split_compounds",
      [](const std::vector<std::pair<std::string, uint64_t>>& frequencies, const std::vector<std::string>& words) {
        const Compounds compounds(frequencies);
        nb::list out;
        for (const std::string& word : words) out.append(ranges_list(compounds.split(code_points(word))));
        return out;
      },
      "frequencies"_a, "words"_a);
  m.def("unicode_version", &unicode_version);
}

}  // namespace gossamer
