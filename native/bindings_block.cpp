#include <nanobind/stl/optional.h>

#include "bindings_sections.h"
#include "block/build.h"
#include "block/search.h"
#include "index/builder.h"

namespace gossamer {

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig>;

block::Matrix matrix_of(const Array<int64_t>& indptr, const Array<uint32_t>& indices, const Array<float>& values) {
  const block::Matrix matrix{{indptr.data(), indptr.size()}, {indices.data(), indices.size()}, {values.data(), values.size()}};
  if (indptr.size() == 0 || indices.size() != values.size()) throw std::invalid_argument("the arrays of a matrix disagree");
  for (size_t i = 0; i + 1 < indptr.size(); ++i)
    if (matrix.indptr[i] > matrix.indptr[i + 1]) throw std::invalid_argument("indptr is not ascending");
  if (matrix.indptr[0] != 0 || static_cast<size_t>(matrix.indptr.back()) != indices.size())
    throw std::invalid_argument("indptr does not cover the entries");
  return matrix;
}

block::ValueKind kind_of_name(const std::string& name) {
  if (name == "f32") return block::ValueKind::f32;
  if (name == "f16") return block::ValueKind::f16;
  if (name == "u8") return block::ValueKind::u8;
  throw std::invalid_argument("values are f32, f16 or u8");
}

template <class T>
nb::object owned(std::vector<T> values, size_t rows, size_t columns) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule capsule(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<2>>(kept->data(), {rows, columns}, capsule));
}

// Searches every row of the queries, `threads` at a time; (ids, scores) padded with -1 and -inf, then what it cost.
nb::tuple search(const block::Space& space, const Array<int64_t>& indptr, const Array<uint32_t>& indices,
                 const Array<float>& values, size_t k, bool exhaustive, bool exact, double share, uint32_t postings,
                 uint32_t candidates, std::optional<nb::ndarray<const bool, nb::ndim<1>, nb::c_contig>> accepted, unsigned threads) {
  const block::Matrix queries = matrix_of(indptr, indices, values);
  const size_t n = queries.rows();
  std::vector<int64_t> ids(n * k, -1);
  std::vector<float> scores(n * k, -std::numeric_limits<float>::infinity());
  uint64_t read = 0, scored = 0;
  Bitmap accept;
  if (accepted) {
    if (accepted->size() != space.rows()) throw std::invalid_argument("a filter has one value for each row");
    accept = Bitmap::none(space.rows());
    for (uint32_t row = 0; row < space.rows(); ++row)
      if (accepted->data()[row]) accept.set(row);
  }
  const block::Effort effort{exact, share, postings, candidates};
  const auto one = [&](size_t i, block::Cost& cost) {
    std::vector<block::QueryTerm> query;
    for (auto at = static_cast<size_t>(queries.indptr[i]); at < static_cast<size_t>(queries.indptr[i + 1]); ++at)
      query.push_back({queries.indices[at], queries.values[at]});
    const Bitmap* filter = accepted ? &accept : nullptr;
    const auto found = exhaustive ? space.exhaustive(query, k, filter) : space.search(query, k, effort, filter, &cost);
    for (size_t j = 0; j < found.size(); ++j) {
      ids[i * k + j] = found[j].row;
      scores[i * k + j] = found[j].score;
    }
  };
  constexpr size_t kBetweenSignals = 256;
  for (size_t from = 0; from < n; from += kBetweenSignals) {
    const size_t to = std::min(n, from + kBetweenSignals);
    {
      const nb::gil_scoped_release unlocked;
      const auto workers = static_cast<unsigned>(std::min<size_t>(std::max(1u, threads), to - from));
      std::vector<block::Cost> costs(workers);
      run_parallel(workers, [&](unsigned w) {
        for (size_t i = from + w; i < to; i += workers) {
          block::Cost cost;
          one(i, cost);
          costs[w].postings += cost.postings;
          costs[w].scored += cost.scored;
        }
      });
      for (const block::Cost& cost : costs) {
        read += cost.postings;
        scored += cost.scored;
      }
    }
    if (PyErr_CheckSignals() != 0) nb::raise_python_error();
  }
  return nb::make_tuple(owned(std::move(ids), n, k), owned(std::move(scores), n, k), read, scored);
}

}  // namespace

void bind_block(nb::module_& m) {
  m.def(
      "build_block",
      [](const Array<int64_t>& indptr, const Array<uint32_t>& indices, const Array<float>& values, const std::string& kind,
         unsigned threads) {
        const block::Matrix matrix = matrix_of(indptr, indices, values);
        std::vector<Section> sections;
        {
          const nb::gil_scoped_release unlocked;
          sections = block::build(matrix, {kind_of_name(kind), std::max(1u, threads)});
        }
        return sections_list(sections);
      },
      "indptr"_a, "indices"_a, "values"_a, "kind"_a, "threads"_a);

  nb::class_<block::Space>(m, "BlockSpace")
      .def_prop_ro("rows", &block::Space::rows)
      .def_prop_ro("terms", &block::Space::terms)
      .def("search", &search, "indptr"_a, "indices"_a, "values"_a, "k"_a, "exhaustive"_a, "exact"_a, "share"_a, "postings"_a,
           "candidates"_a, "accepted"_a.none(), "threads"_a);

  m.def(
      "open_block",
      [](nb::dict sections, uint32_t rows, const std::string& kind) {
        auto buffers = std::make_shared<std::vector<std::shared_ptr<const Py_buffer>>>();
        SectionBytes bytes;
        for (auto [name, buffer] : sections) {
          const auto& held = buffers->emplace_back(hold_buffer(buffer));
          bytes[nb::cast<std::string>(name)] = {static_cast<const uint8_t*>(held->buf), static_cast<size_t>(held->len)};
        }
        return std::make_shared<block::Space>(bytes, rows, kind_of_name(kind), buffers);
      },
      "sections"_a, "rows"_a, "kind"_a);
}

}  // namespace gossamer
