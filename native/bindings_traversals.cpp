#include "bindings_queries.h"
#include "block/traversals/postings.h"
#include "block/traversals/term_at_a_time.h"

namespace gossamer {

void bind_traversals(nb::module_& m) {
  nb::class_<NamedTraversal>(m, "Traversal")
      .def(
          "search",
          [](const NamedTraversal& named, const Array<int64_t>& indptr, const Array<uint32_t>& indices, const Array<float>& values,
             size_t k, const std::optional<Mask>& accepted, unsigned threads) {
            return search_all(*named.space, matrix_of(indptr, indices, values), k, accepted, threads,
                              [&](const std::vector<block::QueryTerm>& query, const Bitmap* filter, block::Cost& cost) {
                                return named.space->search(query, k, *named.traversal, filter, &cost);
                              });
          },
          "indptr"_a, "indices"_a, "values"_a, "k"_a, "accepted"_a.none(), "threads"_a);

  nb::class_<block::Postings>(m, "BlockPostings").def_prop_ro("bytes", &block::Postings::bytes);
  m.def(
      "block_postings",
      [](std::shared_ptr<block::Space> space) {
        const nb::gil_scoped_release unlocked;
        return std::make_shared<block::Postings>(std::move(space));
      },
      "space"_a);
  m.def(
      "term_at_a_time",
      [](std::shared_ptr<block::Postings> postings) {
        return NamedTraversal{postings->space(), std::make_shared<block::TermAtATime>(postings)};
      },
      "postings"_a);
}

}  // namespace gossamer
