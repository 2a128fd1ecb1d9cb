// Seismic: a few strong lists, each cut into blocks of rows that are close to each other; a block is opened only where the
// query's product with the block's summary comes near the k-th score. After Bruch, Nardini, Rulli & Venturini, "Efficient
// Inverted Indexes for Approximate Retrieval over Learned Sparse Representations" (2024); ordered blocks and the graph of
// neighbours from their "Pairing Clustered Inverted Indexes with kNN Graphs for Fast Approximate Retrieval over Learned Sparse
// Representations" (2024).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "block/best.h"
#include "block/traversals/pool.h"
#include "block/traversals/seismic_lists.h"

namespace gossamer::block {

class Seismic : public Traversal {
 public:
  enum class Ordered : uint8_t { none, first, all };

  struct Effort {
    uint32_t query_cut = 10;           // lists that are read: those of the heaviest terms
    float heap_factor = 0.9f;          // a block is skipped where its estimate stays below this share of the k-th score
    Ordered ordered = Ordered::first;  // lists whose blocks are read in the order of their estimates, best first
    uint32_t neighbours = std::numeric_limits<uint32_t>::max();  // of each found row that are scored at the end
  };

  Seismic(std::shared_ptr<const SeismicLists> lists, const Effort& effort) : lists_(std::move(lists)), effort_(effort) {}
  void search(const Query& query, const Bitmap* accept, Best& best, Cost& cost) const override;

 private:
  struct Scratch {
    std::vector<uint64_t> seen;          // a bit for each row; 0 between searches
    std::vector<uint32_t> met, waiting;  // the rows that have one, and of these the ones that are not scored yet
    std::vector<uint32_t> blocks;
    std::vector<float> estimates = std::vector<float>(kMostBlocks + 1), weights = std::vector<float>(kMostBlocks + 1);
    std::vector<QueryTerm> cut;
  };
  struct Run {
    const Query& query;
    const Bitmap* accept;
    Best& best;
    Cost& cost;
    Scratch& scratch;
  };
  void read_list(uint32_t list, bool ordered, Run& run) const;
  void meet(std::span<const uint32_t> rows, Run& run) const;
  void score_waiting(Run& run) const;
  void hop(Run& run) const;

  std::shared_ptr<const SeismicLists> lists_;
  Effort effort_;
  Pool<Scratch> pool_;
};

}  // namespace gossamer::block
