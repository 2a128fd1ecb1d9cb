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
  struct Waiting {
    uint32_t block;
    size_t end;  // of its rows
  };
  struct Scratch {
    std::vector<uint64_t> seen;   // a bit for each row; 0 between searches
    std::vector<uint32_t> met;    // the rows that have one
    std::vector<uint32_t> blocks;
    std::vector<uint32_t> rows;   // that wait for their scores, block by block
    std::vector<Waiting> waiting;
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
  template <class Vectors>
  void search(const Vectors& vectors, Run& run) const;
  template <class Vectors>
  void read_list(const Vectors& vectors, uint32_t list, bool ordered, Run& run) const;
  template <class Vectors>
  void wait(const Vectors& vectors, std::span<const uint32_t> rows, uint32_t block, Run& run) const;
  template <class Vectors, class More, class Hopeless>
  void score_waiting(const Vectors& vectors, Run& run, More&& more, Hopeless&& hopeless) const;
  template <class Vectors>
  void hop(const Vectors& vectors, Run& run) const;

  std::shared_ptr<const SeismicLists> lists_;
  Effort effort_;
  Pool<Scratch> pool_;
};

}  // namespace gossamer::block
