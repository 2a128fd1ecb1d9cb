// Makes the structure of Seismic (see seismic_lists.h) from the vectors of a space.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "block/rows.h"
#include "block/search.h"

namespace gossamer::block {

struct SeismicOptions {
  // Of all postings the terms * `postings` largest and of these `most` * `postings` a list; or `postings` a list.
  enum class Pruning : uint8_t { threshold, fixed };
  // To the closest of some rows drawn from the list: by the strongest `document_cut` terms of each row; the same over centroid
  // lists cut to `centroid_share` of the list, then by whole vectors; by whole vectors; blocks of the sizes of the first, filled
  // at random; or `block_size` rows that follow each other by value.
  enum class Blocking : uint8_t { approximate, pruned, exact, random, value };
  enum class Summary : uint8_t { largest, mean };
  enum class Rounding : uint8_t { nearest, up };

  Pruning pruning = Pruning::threshold;
  uint32_t postings = 3500;     // 0: nothing is pruned
  double most = 1.5;
  Blocking blocking = Blocking::approximate;
  double centroids = 0.1;       // of a list's rows
  uint32_t smallest = 2;        // a block of as many or fewer rows is dissolved
  uint32_t document_cut = 15;
  double centroid_share = 0.005;
  uint32_t block_size = 10;
  Summary summary = Summary::largest;
  double energy = 0.4;          // share of the summary's sum that is kept, largest entries first
  uint32_t entries = 0;         // or that many entries of each
  Rounding rounding = Rounding::nearest;
  uint32_t neighbours = 0;
  bool compressed = false;      // columns once more, in the form that seismic_columns.h describes; at most 65,536 terms
  uint64_t seed = 0;
  unsigned threads = 1;
  Pulse pulse;
};

// Sections of the structure; no value of the space may be negative. The same whatever the number of threads. Scratch memory is
// 16 bytes an entry. Throws std::invalid_argument where compressed columns do not fit.
std::vector<Section> build_seismic(const std::shared_ptr<const Space>& space, const SeismicOptions& options);

// For each row the `options.neighbours` rows that the structure itself finds closest (kNobody where it finds fewer).
std::vector<uint32_t> seismic_graph(const std::shared_ptr<const Space>& space, const std::vector<Section>& sections,
                                    const SeismicOptions& options);

}  // namespace gossamer::block
