#include <type_traits>

#include "bindings_queries.h"
#include "block/traversals/block_max_wand.h"
#include "block/traversals/bmp.h"
#include "block/traversals/maxscore.h"
#include "block/traversals/superblock.h"
#include "block/traversals/term_at_a_time.h"
#include "block/traversals/wand.h"

namespace gossamer {

namespace {

using Space = std::shared_ptr<block::Space>;

// What traversals read, made without the GIL.
template <class T, class... Arguments>
std::shared_ptr<T> made(Arguments&&... arguments) {
  const nb::gil_scoped_release unlocked;
  return std::make_shared<T>(std::forward<Arguments>(arguments)...);
}

// Bytes in memory of a structure, by part.
nb::dict parts(std::initializer_list<std::pair<const char*, size_t>> sizes) {
  nb::dict out;
  for (const auto& [name, bytes] : sizes) out[name] = bytes;
  return out;
}

std::shared_ptr<block::Postings> postings_of(const Space& space) { return made<block::Postings>(space); }

}  // namespace

void bind_traversals(nb::module_& m) {
  nb::class_<block::Postings>(m, "BlockPostings")
      .def(nb::new_(&postings_of), "space"_a)
      .def_prop_ro("parts", [](const block::Postings& postings) { return parts({{"postings", postings.bytes()}}); });
  nb::class_<block::BlockMaxPostings>(m, "BlockMaxPostings")
      .def(nb::new_([](const Space& space, size_t block_size) { return made<block::BlockMaxPostings>(space, block_size); }), "space"_a,
           "block_size"_a)
      .def_prop_ro("parts", [](const block::BlockMaxPostings& lists) {
        return parts({{"postings", lists.postings().bytes()}, {"maxima", lists.maxima_bytes()}});
      });
  nb::class_<block::BmpIndex>(m, "BmpIndex")
      .def(nb::new_([](const Space& space, uint32_t block_size, bool compressed, bool saturating) {
             return made<block::BmpIndex>(*postings_of(space), block_size, compressed, saturating);
           }),
           "space"_a, "block_size"_a, "compressed"_a, "saturating"_a)
      .def_prop_ro("parts", [](const block::BmpIndex& index) {
        return parts({{"blocks", index.rows.bytes()}, {"maxima", index.maxima.bytes()}, {"impacts", index.impacts.bytes()}});
      });
  nb::class_<block::SuperblockIndex>(m, "SuperblockIndex")
      .def(nb::new_([](const Space& space, uint32_t block_size, uint32_t blocks) {
             return made<block::SuperblockIndex>(*postings_of(space), block_size, blocks);
           }),
           "space"_a, "block_size"_a, "blocks"_a)
      .def_prop_ro("parts", [](const block::SuperblockIndex& index) {
        return parts({{"blocks", index.rows.bytes()},
                      {"maxima", index.maxima.bytes()},
                      {"superblocks", index.largest.bytes() + index.mean.bytes()},
                      {"impacts", index.impacts.bytes()}});
      });

  const auto over_postings = [&m]<class T>(const char* name, std::type_identity<T>) {
    m.def(
        name,
        [](const std::shared_ptr<block::Postings>& postings) {
          return search_by(postings->space(), std::make_shared<T>(postings));
        },
        "postings"_a);
  };
  over_postings("term_at_a_time", std::type_identity<block::TermAtATime>());
  over_postings("maxscore", std::type_identity<block::MaxScore>());
  over_postings("wand", std::type_identity<block::Wand>());
  m.def(
      "block_max_wand",
      [](const std::shared_ptr<block::BlockMaxPostings>& postings) {
        return search_by(postings->postings().space(), std::make_shared<block::BlockMaxWand>(postings));
      },
      "postings"_a);
  m.def(
      "bmp",
      [](const std::shared_ptr<block::BmpIndex>& index, float alpha, float beta) {
        return search_by(index->space, std::make_shared<block::Bmp>(index, alpha, beta));
      },
      "index"_a, "alpha"_a, "beta"_a);
  m.def(
      "superblock",
      [](const std::shared_ptr<block::SuperblockIndex>& index, float mu, float eta) {
        return search_by(index->space, std::make_shared<block::Superblock>(index, mu, eta));
      },
      "index"_a, "mu"_a, "eta"_a);
}

}  // namespace gossamer
