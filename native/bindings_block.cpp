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

using Space = std::shared_ptr<const block::Space>;

Search with_effort(Space space, const block::Effort& effort) {
  const block::Space& over = *space;
  return {std::move(space), [&over, effort](const std::vector<block::QueryTerm>& query, size_t k, const Bitmap* accept,
                                            block::Cost& cost) { return over.search(query, k, effort, accept, &cost); }};
}

Search exhaustive(Space space) {
  const block::Space& over = *space;
  return {std::move(space), [&over](const std::vector<block::QueryTerm>& query, size_t k, const Bitmap* accept, block::Cost& cost) {
            block::Best best(std::min<size_t>(k, over.rows()), over.order().data());
            over.exhaustive(query, accept, best, &cost);
            return std::move(best).sorted();
          }};
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
          sections = block::build(
              matrix, {kind_of_name(kind), std::max(1u, threads), order_of_name(order), seed, memory, folder, signals_checked});
        }
        return sections_list(sections);
      },
      "indptr"_a, "indices"_a, "values"_a, "kind"_a, "threads"_a, "order"_a, "seed"_a, "memory"_a, "folder"_a);

  nb::class_<block::Space>(m, "BlockSpace")
      .def_prop_ro("rows", &block::Space::rows)
      .def_prop_ro("terms", &block::Space::terms);

  nb::class_<Search>(m, "Search")
      .def(
          "__call__",
          [](const Search& search, const Array<int64_t>& indptr, const Array<uint32_t>& indices, const Array<float>& values, size_t k,
             const std::optional<Mask>& accepted, unsigned threads) {
            return search_all(search, matrix_of(indptr, indices, values), k, accepted, threads);
          },
          "indptr"_a, "indices"_a, "values"_a, "k"_a, "accepted"_a.none() = nb::none(), "threads"_a = 1);
  constexpr block::Effort kDefault;
  m.def(
      "exact",
      [](std::shared_ptr<block::Space> space, double share, uint32_t postings, uint32_t candidates) {
        return with_effort(std::move(space), {true, share, postings, candidates});
      },
      "space"_a, nb::kw_only(), "share"_a = kDefault.share, "postings"_a = kDefault.postings, "candidates"_a = kDefault.candidates);
  m.def("exhaustive", [](std::shared_ptr<block::Space> space) { return exhaustive(std::move(space)); }, "space"_a);
  m.def(
      "two_phase",
      [](std::shared_ptr<block::Space> space, uint32_t postings, uint32_t candidates) {
        return with_effort(std::move(space), {.exact = false, .postings = postings, .candidates = candidates});
      },
      "space"_a, "postings"_a, "candidates"_a);

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
