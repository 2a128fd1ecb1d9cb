#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/unique_ptr.h>

#include "bindings_queries.h"
#include "bindings_sections.h"
#include "index/builder.h"
#include "index/merger.h"
#include "index/phrase.h"
#include "index/query.h"
#include "index/segment.h"
#include "index/traversal.h"

namespace gossamer {

namespace {

// Tuples (term, weight) of the first space, or (term, weight, space).
std::vector<QueryTerm> weighted_terms(nb::handle tuples) {
  std::vector<QueryTerm> query;
  Utf8 utf8;
  for (nb::handle one : tuples) {
    const uint32_t space = nb::len(one) > 2 ? nb::cast<uint32_t>(one[2]) : 0;
    query.push_back({std::string(utf8(nb::borrow<nb::object>(one[0]))), nb::cast<double>(one[1]), space});
  }
  std::sort(query.begin(), query.end(),
            [](const QueryTerm& a, const QueryTerm& b) { return std::tie(a.space, a.term) < std::tie(b.space, b.term); });
  for (size_t i = 1; i < query.size(); ++i)
    if (query[i].space == query[i - 1].space && query[i].term == query[i - 1].term) throw std::invalid_argument("a query names the term " + query[i].term + " twice");
  return query;
}

// Documents as tuples (id, title, text, metadata bytes, headings [(start, end, level, value)], values of declared fields).
std::vector<DocumentView> document_views(nb::list documents, uint64_t insertion, Utf8& utf8) {
  std::vector<DocumentView> views;
  views.reserve(documents.size());
  for (nb::handle item : documents) {
    const auto fields = nb::cast<nb::tuple>(item);
    DocumentView view{utf8(fields[0]), utf8(fields[1]), utf8(fields[2]), {}, {}, insertion++, {}};
    if (view.text.size() > 0xf0000000u) throw std::length_error("a document's text is longer than 4 GiB");
    const auto metadata = nb::cast<nb::bytes>(fields[3]);
    view.metadata = {metadata.c_str(), metadata.size()};
    for (nb::handle heading : nb::cast<nb::list>(fields[4]))
      view.headings.push_back({nb::cast<uint32_t>(heading[0]), nb::cast<uint32_t>(heading[1]), nb::cast<uint32_t>(heading[2]),
                               utf8(nb::borrow<nb::object>(heading[3]))});
    for (nb::handle value : nb::cast<nb::list>(fields[5])) view.fields.push_back(utf8(nb::borrow<nb::object>(value)));
    views.push_back(std::move(view));
  }
  return views;
}

nb::dict facts_dict(const SegmentFacts& facts) {
  nb::dict d;
  d["documents"] = facts.documents;
  d["rows"] = facts.rows;
  d["terms"] = facts.terms;
  d["postings"] = facts.postings;
  d["tokens"] = facts.tokens;
  d["written_mean"] = facts.written_mean;
  d["largest_ratio"] = facts.largest_ratio;
  return d;
}

SegmentFacts facts_from(nb::dict d) {
  SegmentFacts facts;
  facts.documents = nb::cast<uint64_t>(d["documents"]);
  facts.rows = nb::cast<uint64_t>(d["rows"]);
  facts.terms = nb::cast<uint64_t>(d["terms"]);
  facts.postings = nb::cast<uint64_t>(d["postings"]);
  facts.tokens = nb::cast<uint64_t>(d["tokens"]);
  facts.written_mean = nb::cast<double>(d["written_mean"]);
  facts.largest_ratio = nb::cast<double>(d["largest_ratio"]);
  return facts;
}

// Spaces as tuples (name, "text" or "vectors", how values of vectors are kept).
std::vector<SpaceKind> space_kinds(const std::vector<std::tuple<std::string, std::string, std::string>>& spaces) {
  std::vector<SpaceKind> kinds;
  for (const auto& [name, kind, values] : spaces) {
    if (kind != "text" && kind != "vectors") throw std::invalid_argument("a space holds text or vectors");
    kinds.push_back({name, kind == "text" ? SpaceKind::text : SpaceKind::vectors, kind_of_name(values)});
  }
  return kinds;
}
using SpaceTuples = std::vector<std::tuple<std::string, std::string, std::string>>;

std::shared_ptr<Segment> open_segment(nb::handle file, nb::dict sections, const SpaceTuples& spaces, nb::dict facts) {
  std::shared_ptr<const void> owner;
  SectionBytes bytes = mapped_sections(file, sections, owner);
  return std::make_shared<Segment>(std::move(bytes), space_kinds(spaces), facts_from(facts), owner);
}

// Vectors of rows as CSR: indptr, indices, values.
using Rows = std::tuple<nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig>, nb::ndarray<const uint32_t, nb::ndim<1>, nb::c_contig>,
                        nb::ndarray<const float, nb::ndim<1>, nb::c_contig>>;

// Which rows a search may return; belongs to the snapshot that made it.
struct Filter {
  Snapshot::Filter rows;
};

void check_row(const Segment& segment, uint32_t row) {
  if (row >= segment.rows()) throw nb::index_error("row out of range");
}

void check_document(const Segment& segment, uint32_t document) {
  if (document >= segment.documents()) throw nb::index_error("document out of range");
}

const Segment& segment_at(const Snapshot& snapshot, uint32_t segment) {
  if (segment >= snapshot.segments().size()) throw nb::index_error("segment out of range");
  return *snapshot.segments()[segment];
}

SegmentQueries query_of(const ColumnNames& names, const block::Matrix& queries, size_t row) {
  const auto from = static_cast<size_t>(queries.indptr[row]), size = static_cast<size_t>(queries.indptr[row + 1]) - from;
  return names.query(queries.indices.subspan(from, size), queries.values.subspan(from, size));
}

nb::list ranking(const Snapshot& snapshot, const std::vector<Hit>& hits) {
  nb::list out;
  for (const Hit& hit : hits) out.append(nb::make_tuple(to_str(snapshot.segments()[hit.segment]->id(hit.document)), hit.score));
  return out;
}

// Python's (postings, candidates) of an approximate search; none is exact.
using Approximate = std::optional<std::pair<uint32_t, uint32_t>>;

How how_to(bool exhaustive, const Approximate& approximate) {
  if (!approximate) return {exhaustive, {}};
  return {exhaustive, {false, 0, approximate->first, approximate->second}};
}

// Runs the queries without the GIL, looking for Ctrl-C between them.
template <class Query>
nb::list rank_all(const Snapshot& snapshot, size_t n, Query&& query_at, size_t k, const How& how,
                  const Snapshot::Filter* filter) {
  nb::list out;
  for (size_t i = 0; i < n; ++i) {
    std::vector<Hit> hits;
    {
      const nb::gil_scoped_release unlocked;
      hits = snapshot.top_k(query_at(i), k, how, filter);
    }
    out.append(ranking(snapshot, hits));
    if (PyErr_CheckSignals() != 0) nb::raise_python_error();
  }
  return out;
}

}  // namespace

void bind_index(nb::module_& m) {
  nb::register_exception_translator(
      [](const std::exception_ptr& p, void* payload) {
        try {
          std::rethrow_exception(p);
        } catch (const Damaged& e) {
          PyErr_SetString(static_cast<PyObject*>(payload), e.what());
        }
      },
      nb::exception<Damaged>(m, "Damaged").release().ptr());

  nb::class_<Bm25>(m, "Bm25")
      .def(
          "__init__",
          [](Bm25* self, const std::string& variant, double k1, double b, double delta, double mu, bool lucene_lengths,
             const std::vector<std::pair<double, double>>& fields) {
            const std::vector<std::string> names{"robertson", "lucene", "atire", "bm25l", "bm25plus", "tfidf", "ql_dirichlet",
                                                 "bm25f"};
            const auto found = std::find(names.begin(), names.end(), variant);
            if (found == names.end()) throw std::invalid_argument("unknown BM25 variant " + variant);
            new (self) Bm25{static_cast<Variant>(found - names.begin()), k1, b, delta, mu, lucene_lengths};
            for (const auto& [weight, field_b] : fields) self->fields.push_back({weight, field_b});
          },
          "variant"_a, "k1"_a, "b"_a, "delta"_a, "mu"_a, "lucene_lengths"_a, "fields"_a);

  nb::class_<QueryParser>(m, "QueryParser")
      .def("__init__", [](QueryParser* self, std::vector<std::shared_ptr<Analyzer>> analyzers) {
        new (self) QueryParser({analyzers.begin(), analyzers.end()});
      })
      .def("parse", [](const QueryParser& self, nb::str text) {
        Utf8 utf8;
        nb::list out;
        for (const QueryTerm& q : self.parse(utf8(text))) out.append(nb::make_tuple(to_str(q.term), q.weight));
        return out;
      });

  nb::class_<Builder>(m, "Builder")
      .def(
          "__init__",
          [](Builder* self, const SpaceTuples& spaces, std::vector<std::shared_ptr<Analyzer>> analyzers,
             std::vector<std::vector<std::string>> columns, uint32_t passage_words, unsigned threads, const Bm25& scoring) {
            new (self) Builder(space_kinds(spaces), {analyzers.begin(), analyzers.end()}, std::move(columns),
                               {passage_words, threads, scoring});
          },
          "spaces"_a, "analyzers"_a, "columns"_a, "passage_words"_a, "threads"_a, "scoring"_a)
      .def(
          "add",
          [](Builder& self, nb::list documents, uint64_t insertion) {
            Utf8 utf8;
            const auto views = document_views(documents, insertion, utf8);
            const nb::gil_scoped_release unlocked;
            self.add(views);
          },
          "documents"_a, "insertion"_a)
      .def(
          "add_vectors",
          [](Builder& self, nb::list documents, uint64_t insertion, nb::list ranges, const std::vector<Rows>& spaces) {
            Utf8 utf8;
            const auto views = document_views(documents, insertion, utf8);
            const auto rows = nb::cast<std::vector<std::vector<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>>>>(ranges);
            std::vector<std::vector<std::array<uint32_t, 4>>> row_ranges;
            size_t n = 0;
            for (const auto& document : rows) {
              auto& out = row_ranges.emplace_back();
              for (const auto& [a, b, c, d] : document) out.push_back({a, b, c, d});
              n += document.size();
            }
            if (rows.size() != views.size()) throw std::invalid_argument("add_vectors: shapes disagree");
            std::vector<std::vector<VectorView>> vectors;
            for (const auto& [indptr, indices, values] : spaces) {
              if (indptr.size() != n + 1 || indices.size() != values.size()) throw std::invalid_argument("add_vectors: shapes disagree");
              auto& of_space = vectors.emplace_back();
              for (size_t r = 0; r < n; ++r) {
                const int64_t from = indptr.data()[r], to = indptr.data()[r + 1];
                if (from < 0 || to < from || static_cast<size_t>(to) > indices.size())
                  throw std::invalid_argument("add_vectors: indptr is not ascending");
                of_space.push_back({indices.data() + from, values.data() + from, static_cast<size_t>(to - from)});
              }
            }
            const nb::gil_scoped_release unlocked;
            self.add_vectors(views, row_ranges, vectors);
          },
          "documents"_a, "insertion"_a, "ranges"_a, "vectors"_a)
      .def("erase", &Builder::erase)
      .def("contains", &Builder::contains)
      .def("superseded", [](const Builder& self, const Segment& older) {
        const nb::gil_scoped_release unlocked;
        return self.superseded(older);
      })
      .def_prop_ro("documents", &Builder::documents)
      .def_prop_ro("pending", &Builder::pending)
      .def_prop_ro("memory", &Builder::memory)
      .def("flush", [](Builder& self) {
        SegmentFacts facts;
        std::vector<uint32_t> dead;
        std::vector<Section> sections;
        {
          const nb::gil_scoped_release unlocked;
          sections = self.flush(facts, dead);
        }
        return nb::make_tuple(sections_list(sections), facts_dict(facts), dead);
      });

  nb::class_<Segment>(m, "Segment")
      .def_prop_ro("rows", &Segment::rows)
      .def_prop_ro("documents", &Segment::documents)
      .def("id", [](const Segment& self, uint32_t d) { check_document(self, d); return to_str(self.id(d)); })
      .def("find", [](const Segment& self, nb::str id) {
        Utf8 utf8;
        std::vector<uint32_t> out;
        self.find(utf8(id), out);
        return out;
      })
      .def("document_of", [](const Segment& self, uint32_t row) { check_row(self, row); return self.document_of(row); })
      .def("order", [](const Segment& self, uint32_t row) { check_row(self, row); return self.order(row); })
      .def("range", [](const Segment& self, uint32_t row) {
        check_row(self, row);
        return nb::make_tuple(self.range(row)[0], self.range(row)[1]);
      })
      .def("metadata", [](const Segment& self, uint32_t d) {
        check_document(self, d);
        const std::string bytes = self.metadata(d);
        return nb::bytes(bytes.data(), bytes.size());
      })
      .def("text", [](const Segment& self, uint32_t d) { check_document(self, d); return to_str(self.text(d)); })
      .def("starting_with", [](const Segment& self, nb::str prefix, size_t limit) {
        Utf8 utf8;
        const Strings& terms = self.terms();
        nb::list out;
        const std::string_view start = utf8(prefix);
        for (size_t t = terms.lower_bound(start); t < terms.size() && limit > 0 && terms.at(t).starts_with(start); ++t, --limit)
          out.append(nb::make_tuple(to_str(terms.at(t)), self.frequency(static_cast<uint32_t>(t))));
        return out;
      })
      .def("with_phrase", [](const Segment& self, const std::vector<std::pair<nb::str, uint32_t>>& phrase, uint32_t slop) {
        Utf8 utf8;
        std::vector<PhraseTerm> terms;
        for (const auto& [term, offset] : phrase) terms.push_back({std::string(utf8(term)), offset});
        std::vector<uint8_t> found;
        {
          const nb::gil_scoped_release unlocked;
          found = documents_with_phrase(self, terms, slop);
        }
        return nb::bytes(reinterpret_cast<const char*>(found.data()), found.size());
      })
      .def("passage", [](const Segment& self, uint32_t row) { check_row(self, row); return to_str(self.passage(row)); })
      .def("terms_of", [](const Segment& self, uint32_t d, uint32_t space) {
        check_document(self, d);
        std::vector<Held> held;
        {
          const nb::gil_scoped_release unlocked;
          held = self.terms_of(d, space);
        }
        nb::list out;
        for (const auto& h : held) out.append(nb::make_tuple(to_str(self.terms(space).at(h.term)), h.rows, h.mass));
        return out;
      }, "document"_a, "space"_a = 0)
      .def("frequency", [](const Segment& self, nb::str term, uint32_t space) -> uint64_t {
        Utf8 utf8;
        const uint32_t number = self.terms(space).find(utf8(term));
        return number == kNoTerm ? 0 : self.frequency(number, space);
      }, "term"_a, "space"_a = 0)
      .def("terms", [](const Segment& self, uint32_t space) { return self.terms(space).size(); }, "space"_a)
      .def("term", [](const Segment& self, uint32_t t) {
        if (t >= self.terms().size()) throw nb::index_error("term out of range");
        return nb::make_tuple(to_str(self.terms().at(t)), self.frequency(t));
      });
  m.def("open_segment", &open_segment, "file"_a, "sections"_a, "spaces"_a, "facts"_a);

  nb::class_<Filter>(m, "Filter");

  nb::class_<Snapshot>(m, "Snapshot")
      .def(
          "__init__",
          [](Snapshot* self, std::vector<std::shared_ptr<Segment>> segments, std::vector<std::vector<uint32_t>> dead, bool text,
             const Bm25& scoring) {
            if (segments.size() != dead.size()) throw std::invalid_argument("one list of dead documents a segment");
            std::vector<Bitmap> accepts;
            for (size_t i = 0; i < segments.size(); ++i) accepts.push_back(segments[i]->accept(dead[i]));
            new (self) Snapshot({segments.begin(), segments.end()}, std::move(accepts), text, scoring);
          },
          "segments"_a, "dead"_a, "text"_a, "scoring"_a)
      .def_prop_ro("rows", &Snapshot::rows)
      .def_prop_ro("tokens", &Snapshot::tokens)
      .def_prop_ro("mean_length", &Snapshot::mean_length)
      .def(
          "rank_texts",
          [](const Snapshot& self, const QueryParser& parser, nb::list texts, size_t k, bool exhaustive, const Filter* filter) {
            Utf8 utf8;
            std::vector<std::string_view> queries;
            for (nb::handle text : texts) queries.push_back(utf8(text));
            return rank_all(self, queries.size(), [&](size_t i) { return parser.parse(queries[i]); }, k, How{exhaustive, {}},
                            filter != nullptr ? &filter->rows : nullptr);
          },
          "parser"_a, "texts"_a, "k"_a, "exhaustive"_a, "accepted"_a = nb::none())
      .def(
          "rank_terms",
          [](const Snapshot& self, nb::list queries, size_t k, bool exhaustive, const Filter* filter, const Approximate& approximate) {
            std::vector<std::vector<QueryTerm>> parsed;
            for (nb::handle query : queries) parsed.push_back(weighted_terms(query));
            return rank_all(self, parsed.size(), [&](size_t i) -> const auto& { return parsed[i]; }, k,
                            how_to(exhaustive, approximate), filter != nullptr ? &filter->rows : nullptr);
          },
          "queries"_a, "k"_a, "exhaustive"_a, "accepted"_a = nb::none(), "approximate"_a = nb::none())
      .def(
          "rank_vectors",
          [](const Snapshot& self, const ColumnNames& names, const Array<int64_t>& indptr, const Array<uint32_t>& indices,
             const Array<float>& values, size_t k, bool exhaustive, const Filter* filter, const Approximate& approximate) {
            const block::Matrix rows = matrix_of(indptr, indices, values);
            return rank_all(self, rows.rows(), [&](size_t i) { return query_of(names, rows, i); }, k,
                            how_to(exhaustive, approximate), filter != nullptr ? &filter->rows : nullptr);
          },
          "names"_a, "indptr"_a, "indices"_a, "values"_a, "k"_a, "exhaustive"_a, "accepted"_a = nb::none(),
          "approximate"_a = nb::none())
      .def(
          "search_vectors",
          [](const Snapshot& self, const ColumnNames& names, const Array<int64_t>& indptr, const Array<uint32_t>& indices,
             const Array<float>& values, size_t k, const Approximate& approximate) {
            const block::Matrix rows = matrix_of(indptr, indices, values);
            const size_t n = rows.rows();
            std::vector<int64_t> places(n * k, -1);
            std::vector<float> scores(n * k, -std::numeric_limits<float>::infinity());
            uint64_t postings = 0;
            for (size_t i = 0; i < n; ++i) {
              {
                const nb::gil_scoped_release unlocked;
                TraversalCost cost;
                const std::vector<Hit> hits = self.top_k(query_of(names, rows, i), k, how_to(false, approximate), nullptr, &cost);
                postings += cost.postings;
                for (size_t j = 0; j < hits.size(); ++j) {
                  places[i * k + j] = static_cast<int64_t>(uint64_t{hits[j].segment} << 32 | hits[j].document);
                  scores[i * k + j] = hits[j].score;
                }
              }
              if (PyErr_CheckSignals() != 0) nb::raise_python_error();
            }
            return nb::make_tuple(owned(std::move(places), n, k), owned(std::move(scores), n, k), postings);
          },
          "names"_a, "indptr"_a, "indices"_a, "values"_a, "k"_a, "approximate"_a = nb::none())
      .def(
          "top_k",
          [](const Snapshot& self, nb::list query, size_t k, bool exhaustive, const Filter* filter, const Approximate& approximate) {
            const auto terms = weighted_terms(query);
            std::vector<Hit> hits;
            TraversalCost cost;
            {
              const nb::gil_scoped_release unlocked;
              hits = self.top_k(terms, k, how_to(exhaustive, approximate), filter != nullptr ? &filter->rows : nullptr, &cost);
            }
            nb::list out;
            for (const Hit& h : hits) out.append(nb::make_tuple(h.score, h.segment, h.row, h.document, h.order));
            return nb::make_tuple(out, cost.postings, cost.candidates);
          },
          "query"_a, "k"_a, "exhaustive"_a, "accepted"_a = nb::none(), "approximate"_a = nb::none())
      .def("prunes", [](const Snapshot& self, nb::list query) { return self.prunes(weighted_terms(query)); }, "query"_a)
      .def(
          "filter",
          [](const Snapshot& self, const std::vector<nb::ndarray<const bool, nb::ndim<1>, nb::c_contig>>& wanted) {
            std::vector<std::span<const uint8_t>> bytes;
            for (const auto& part : wanted) bytes.emplace_back(reinterpret_cast<const uint8_t*>(part.data()), part.size());
            const nb::gil_scoped_release unlocked;
            return Filter{self.filter(bytes)};
          },
          "wanted"_a)
      .def(
          "matching",
          [](const Snapshot& self, nb::list query, uint32_t segment, bool all, std::optional<size_t> field) {
            segment_at(self, segment);
            const auto terms = weighted_terms(query);
            std::vector<uint8_t> found;
            {
              const nb::gil_scoped_release unlocked;
              found = self.matching(terms, segment, all, field);
            }
            return nb::bytes(reinterpret_cast<const char*>(found.data()), found.size());
          },
          "query"_a, "segment"_a, "every"_a, "field"_a = nb::none())
      .def(
          "explain",
          [](const Snapshot& self, nb::list query, const std::vector<std::pair<uint32_t, uint32_t>>& rows) {
            std::vector<Hit> hits;
            for (const auto [segment, row] : rows) {
              check_row(segment_at(self, segment), row);
              hits.push_back({0, segment, row, 0, 0});
            }
            nb::list out;
            for (const auto& parts : self.explain(weighted_terms(query), hits)) {
              nb::list explained;
              for (const Contribution& c : parts)
                explained.append(nb::make_tuple(to_str(c.term), c.space, c.query_weight, c.document_weight, c.contribution));
              out.append(explained);
            }
            return out;
          },
          "query"_a, "rows"_a);

  nb::class_<ColumnNames>(m, "ColumnNames")
      .def(
          "__init__",
          [](ColumnNames* self, const Snapshot& snapshot, nb::list names) {
            Utf8 utf8;
            std::vector<std::string_view> views;
            for (nb::handle name : names) views.push_back(utf8(nb::borrow<nb::object>(name)));
            new (self) ColumnNames(snapshot, views);
          },
          "snapshot"_a, "names"_a);

  nb::class_<Merger>(m, "Merger")
      .def(
          "__init__",
          [](Merger* self, const SpaceTuples& spaces, std::vector<std::shared_ptr<Segment>> segments,
             std::vector<std::vector<uint32_t>> dead, const Bm25& scoring, uint64_t memory, unsigned threads) {
            const nb::gil_scoped_release unlocked;
            new (self) Merger(space_kinds(spaces), {segments.begin(), segments.end()}, dead, {0, threads, scoring}, memory);
          },
          "spaces"_a, "segments"_a, "dead"_a, "scoring"_a, "memory"_a, "threads"_a)
      .def_prop_ro("sections", [](const Merger& self) {
        nb::list out;
        for (const auto& o : self.sections()) out.append(nb::make_tuple(o.name, o.kind, o.required));
        return out;
      })
      .def(
          "write",
          [](Merger& self, size_t i, nb::callable sink) {
            const nb::gil_scoped_release unlocked;
            self.write(i, [&](const void* data, size_t bytes) {
              const nb::gil_scoped_acquire gil;
              if (PyErr_CheckSignals() != 0) nb::raise_python_error();
              sink(nb::bytes(data, bytes));
              return true;
            });
          },
          "section"_a, "sink"_a)
      .def_prop_ro("facts", [](const Merger& self) { return facts_dict(self.facts()); });
}

}  // namespace gossamer
