#include "bindings_queries.h"
#include "bindings_sections.h"

namespace gossamer {

namespace {

block::Order order_of_name(const std::string& name) {
  if (name == "given") return block::Order::given;
  if (name == "bisect") return block::Order::bisect;
  if (name == "cluster") return block::Order::cluster;
  throw std::invalid_argument("order is given, bisect or cluster");
}

nb::tuple search(const block::Space& space, const Array<int64_t>& indptr, const Array<uint32_t>& indices,
                 const Array<float>& values, size_t k, bool exhaustive, bool exact, double share, uint32_t postings,
                 uint32_t candidates, const std::optional<Mask>& accepted, unsigned threads) {
  const block::Effort effort{exact, share, postings, candidates};
  return search_all(space, matrix_of(indptr, indices, values), k, accepted, threads,
                    [&](const std::vector<block::QueryTerm>& query, const Bitmap* filter, block::Cost& cost) {
                      return exhaustive ? space.exhaustive(query, k, filter) : space.search(query, k, effort, filter, &cost);
                    });
}

}  // namespace

void bind_block(nb::module_& m) {
  m.def(
      "build_block",
      [](const Array<int64_t>& indptr, const Array<uint32_t>& indices, const Array<float>& values, const std::string& kind,
         unsigned threads, const std::string& order, uint64_t seed, uint64_t memory, const std::string& folder) {
        const block::Matrix matrix = matrix_of(indptr, indices, values);
        std::vector<Section> sections;
        {
          const nb::gil_scoped_release unlocked;
          const block::Pulse pulse = [] {
            const nb::gil_scoped_acquire locked;
            if (PyErr_CheckSignals() != 0) nb::raise_python_error();
          };
          sections = block::build(matrix, {kind_of_name(kind), std::max(1u, threads), order_of_name(order), seed, memory, folder, pulse});
        }
        return sections_list(sections);
      },
      "indptr"_a, "indices"_a, "values"_a, "kind"_a, "threads"_a, "order"_a, "seed"_a, "memory"_a, "folder"_a);

  nb::class_<block::Space>(m, "BlockSpace")
      .def_prop_ro("rows", &block::Space::rows)
      .def_prop_ro("terms", &block::Space::terms)
      .def("search", &search, "indptr"_a, "indices"_a, "values"_a, "k"_a, "exhaustive"_a, "exact"_a, "share"_a, "postings"_a,
           "candidates"_a, "accepted"_a.none(), "threads"_a);

  m.def(
      "open_block",
      [](nb::dict sections, uint32_t rows, const std::string& kind) {
        auto buffers = std::make_shared<std::vector<std::shared_ptr<const Py_buffer>>>();
        const SectionBytes bytes = held_sections(sections, *buffers);
        return std::make_shared<block::Space>(bytes, rows, kind_of_name(kind), buffers);
      },
      "sections"_a, "rows"_a, "kind"_a);
}

}  // namespace gossamer
