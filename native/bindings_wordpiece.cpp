#include <algorithm>
#include <stdexcept>

#include "bindings_queries.h"
#include "encoder/wordpiece.h"

namespace gossamer {

namespace {

using encoder::WordPiece;
using encoder::WordPieceOptions;

// Options by name, as gossamer.retrieval.encoders.transformer.wordpiece documents them; it has checked their types.
WordPieceOptions options_of(nb::dict options) {
  WordPieceOptions made;
  made.vocabulary = nb::cast<std::vector<std::pair<std::string, uint32_t>>>(options["vocabulary"]);
  made.special = nb::cast<std::vector<std::pair<std::string, uint32_t>>>(options["special"]);
  made.prefix = nb::cast<std::string>(options["prefix"]);
  made.unknown = nb::cast<uint32_t>(options["unknown"]);
  made.longest_word = nb::cast<uint32_t>(options["longest_word"]);
  made.clean = nb::cast<bool>(options["clean"]);
  made.chinese = nb::cast<bool>(options["chinese"]);
  made.strip = nb::cast<bool>(options["strip"]);
  made.lower = nb::cast<bool>(options["lower"]);
  for (const auto& [token, id] : made.special)
    if (token.empty()) throw std::invalid_argument("a special token is empty");
  return made;
}

struct Ragged {
  std::vector<int64_t> indptr{0};
  std::vector<uint32_t> ids;
};

std::vector<std::string_view> views_of(nb::list texts, Utf8& utf8) {
  std::vector<std::string_view> views;
  views.reserve(texts.size());
  for (nb::handle text : texts) views.push_back(utf8(nb::cast<nb::str>(text)));
  return views;
}

// Calls one(text, ids) for every text, in `threads` runs of neighbours, so that the order of texts is that of the results.
template <class One>
std::vector<Ragged> in_parts(const std::vector<std::string_view>& texts, unsigned threads, One one) {
  constexpr size_t kWorthAThread = 64;  // texts
  const size_t parts = std::clamp<size_t>(texts.size() / kWorthAThread, 1, std::max(1u, threads));
  std::vector<Ragged> made(parts);
  const nb::gil_scoped_release unlocked;
  run_parallel(static_cast<unsigned>(parts), [&](unsigned part) {
    Ragged& of_part = made[part];
    const size_t first = texts.size() * part / parts, last = texts.size() * (part + 1) / parts;
    of_part.indptr.reserve(last - first + 1);
    if (last - first == 1) of_part.ids.reserve(texts[first].size() / 4 + 8);  // a query: one allocation
    for (size_t i = first; i < last; ++i) {
      one(texts[i], of_part.ids);
      of_part.indptr.push_back(static_cast<int64_t>(of_part.ids.size()));
    }
  });
  return made;
}

Ragged joined(std::vector<Ragged> parts) {
  Ragged all = std::move(parts.front());
  for (size_t part = 1; part < parts.size(); ++part) {
    const auto before = static_cast<int64_t>(all.ids.size());
    for (size_t i = 1; i < parts[part].indptr.size(); ++i) all.indptr.push_back(before + parts[part].indptr[i]);
    all.ids.insert(all.ids.end(), parts[part].ids.begin(), parts[part].ids.end());
  }
  return all;
}

// (indptr, ids): every text between `before` and `after`, of `longest` ids at most with them.
nb::tuple encode(const WordPiece& pieces, nb::list texts, const std::vector<uint32_t>& before, const std::vector<uint32_t>& after,
                 uint64_t longest, unsigned threads) {
  Utf8 utf8;
  const std::vector<std::string_view> views = views_of(texts, utf8);
  const uint64_t around = before.size() + after.size(), room = longest > around ? longest - around : 0;
  Ragged all = joined(in_parts(views, threads, [&](std::string_view text, std::vector<uint32_t>& ids) {
    ids.insert(ids.end(), before.begin(), before.end());
    const size_t start = ids.size();
    pieces.encode(text, ids);
    if (ids.size() - start > room) ids.resize(start + room);
    ids.insert(ids.end(), after.begin(), after.end());
  }));
  return nb::make_tuple(owned(std::move(all.indptr)), owned(std::move(all.ids)));
}

// (indptr, ids, weights): the different ids of every text, ascending, whose weight is not 0; if `counts`, times their number.
nb::tuple weigh(const WordPiece& pieces, nb::list texts, const Array<float>& weights, bool counts, unsigned threads) {
  Utf8 utf8;
  const std::vector<std::string_view> views = views_of(texts, utf8);
  const auto weightless = [&](uint32_t id) { return id >= weights.size() || weights.data()[id] == 0; };
  const Ragged all = joined(in_parts(views, threads, [&](std::string_view text, std::vector<uint32_t>& ids) {
    const auto start = static_cast<std::ptrdiff_t>(ids.size());
    pieces.encode(text, ids);
    ids.erase(std::remove_if(ids.begin() + start, ids.end(), weightless), ids.end());
    std::sort(ids.begin() + start, ids.end());
  }));
  Ragged different;
  std::vector<float> values;
  different.indptr.reserve(all.indptr.size()), different.ids.reserve(all.ids.size()), values.reserve(all.ids.size());
  for (size_t text = 0; text + 1 < all.indptr.size(); ++text) {
    const auto end = static_cast<size_t>(all.indptr[text + 1]);
    for (auto at = static_cast<size_t>(all.indptr[text]); at < end;) {
      const uint32_t id = all.ids[at];
      const size_t first = at;
      while (at < end && all.ids[at] == id) ++at;
      different.ids.push_back(id);
      values.push_back(weights.data()[id] * (counts ? static_cast<float>(at - first) : 1));
    }
    different.indptr.push_back(static_cast<int64_t>(values.size()));
  }
  return nb::make_tuple(owned(std::move(different.indptr)), owned(std::move(different.ids)), owned(std::move(values)));
}

}  // namespace

void bind_wordpiece(nb::module_& m) {
  nb::class_<WordPiece>(m, "WordPiece")
      .def("__init__", [](WordPiece* self, nb::dict options) { new (self) WordPiece(options_of(options)); }, "options"_a)
      .def("encode", &encode, "texts"_a, "before"_a, "after"_a, "longest"_a, "threads"_a)
      .def("weigh", &weigh, "texts"_a, "weights"_a, "counts"_a, "threads"_a);
}

}  // namespace gossamer
