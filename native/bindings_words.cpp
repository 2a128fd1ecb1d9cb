#include "bindings.h"
#include "index/query.h"
#include "index/similar.h"

namespace gossamer {

void bind_words(nb::module_& m) {
  m.def(
      "query_words",
      [](const QueryParser& parser, nb::str text) {
        Utf8 utf8;
        nb::list out;
        for (const QueryWord& w : parser.words(utf8(text)))
          out.append(nb::make_tuple(to_str(w.word), to_str(w.term), w.letters, w.position, w.start, w.end));
        return out;
      },
      "parser"_a, "text"_a);
  m.def(
      "similar_words",
      [](const Snapshot& snapshot, nb::str word, uint32_t edits, size_t limit) {
        Utf8 utf8;
        const std::string_view wanted = utf8(word);
        std::vector<SimilarWord> found;
        {
          const nb::gil_scoped_release unlocked;
          found = similar_words(snapshot, wanted, edits, limit);
        }
        nb::list out;
        for (const SimilarWord& one : found) out.append(nb::make_tuple(to_str(one.word), one.edits, one.occurrences));
        return out;
      },
      "snapshot"_a, "word"_a, "edits"_a, "limit"_a);
  m.def(
      "live_terms",
      [](const Snapshot& snapshot, nb::list terms) {
        Utf8 utf8;
        nb::list out;
        for (nb::handle term : terms) out.append(is_live(snapshot, utf8(term)));
        return out;
      },
      "snapshot"_a, "terms"_a);
}

}  // namespace gossamer
