#include "bindings_queries.h"
#include "bindings_sections.h"
#include "block/traversals/seismic.h"
#include "block/traversals/seismic_build.h"

namespace gossamer {

namespace {

// The member of an enumeration whose members, in order, have these names.
template <class Enum>
Enum named(const std::string& name, std::initializer_list<const char*> names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::invalid_argument("no option of Seismic is called " + name);
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

void bind_seismic(nb::module_& m) {
  using Options = block::SeismicOptions;
  m.def(
      "build_seismic",
      [](const std::shared_ptr<block::Space>& space, const std::string& pruning, uint32_t n_postings, double max_fraction,
         const std::string& blocking, double centroid_fraction, uint32_t min_cluster_size, uint32_t doc_cut, double centroid_share,
         uint32_t block_size, const std::string& summary, double energy, uint32_t entries, const std::string& rounding,
         uint32_t neighbours, bool compressed, uint64_t seed, unsigned threads) {
        Options options;
        options.pruning = named<Options::Pruning>(pruning, {"threshold", "fixed"});
        options.postings = n_postings;
        options.most = max_fraction;
        options.blocking = named<Options::Blocking>(blocking, {"inverted-approx", "inverted-pruned", "exact", "random", "value-order"});
        options.centroids = centroid_fraction;
        options.smallest = min_cluster_size;
        options.document_cut = doc_cut;
        options.centroid_share = centroid_share;
        options.block_size = block_size;
        options.summary = named<Options::Summary>(summary, {"max", "mean"});
        options.energy = energy;
        options.entries = entries;
        options.rounding = named<Options::Rounding>(rounding, {"nearest", "ceil"});
        options.neighbours = neighbours;
        options.compressed = compressed;
        options.seed = seed;
        options.threads = threads;
        options.pulse = signals_checked;
        std::vector<Section> sections;
        {
          const nb::gil_scoped_release unlocked;
          sections = block::build_seismic(space, options);
        }
        return sections_list(sections);
      },
      "space"_a, nb::kw_only(), "pruning"_a, "n_postings"_a, "max_fraction"_a, "blocking"_a, "centroid_fraction"_a,
      "min_cluster_size"_a, "doc_cut"_a, "centroid_share"_a, "block_size"_a, "summary"_a, "energy"_a, "entries"_a, "rounding"_a,
      "neighbours"_a, "compressed"_a, "seed"_a, "threads"_a);

  nb::class_<block::SeismicLists>(m, "SeismicLists")
      .def_prop_ro("blocks", nb::overload_cast<>(&block::SeismicLists::blocks, nb::const_));
  m.def(
      "open_seismic",
      [](std::shared_ptr<block::Space> space, nb::dict sections) {
        auto buffers = std::make_shared<std::vector<std::shared_ptr<const Py_buffer>>>();
        const SectionBytes bytes = held_sections(sections, *buffers);
        return std::make_shared<block::SeismicLists>(std::move(space), bytes, buffers);
      },
      "space"_a, "sections"_a);
  m.def(
      "seismic",
      [](std::shared_ptr<block::SeismicLists> lists, uint32_t query_cut, float heap_factor, const std::string& ordered, uint32_t hop) {
        const block::Seismic::Effort effort{query_cut, heap_factor, named<block::Seismic::Ordered>(ordered, {"none", "first", "all"}), hop};
        auto space = lists->space();
        return search_by(std::move(space), std::make_shared<block::Seismic>(std::move(lists), effort));
      },
      "lists"_a, nb::kw_only(), "query_cut"_a, "heap_factor"_a, "ordered"_a, "hop"_a);
}

}  // namespace gossamer
