// In which order rows are stored. Rows alike side by side make windows and blocks of rows tell apart: a search can leave out
// more of them, and lists compress better. The answer of a search does not depend on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block/rows.h"

namespace gossamer::block {

enum class Order { given, bisect, cluster };

// The strongest terms of each row: enough to tell its topic.
class Strongest {
 public:
  static constexpr size_t kMost = 32;

  Strongest(const Rows& rows, uint32_t terms, unsigned threads, const Pulse& pulse);
  uint32_t rows() const { return static_cast<uint32_t>(offsets_.size() - 1); }
  uint32_t terms() const { return terms_; }
  size_t size(uint32_t row) const { return static_cast<size_t>(offsets_[row + 1] - offsets_[row]); }
  std::span<const uint32_t> operator[](uint32_t row) const { return {data_.data() + offsets_[row], size(row)}; }

 private:
  uint32_t terms_;
  std::vector<uint64_t> offsets_;
  std::vector<uint32_t> data_;
};

// All three give the input row of each place; the same whatever the number of threads.

// Recursive graph bisection: halves exchange rows as long as that shortens the logarithms of the gaps in the lists of the
// strongest terms (Dhulipala et al., "Compressing Graphs and Indexes with Recursive Graph Bisection", 2016), with
// quickselect in place of sorting (Mackenzie et al., "Tradeoff Options for Bipartite Graph Partitioning", 2021).
std::vector<uint32_t> order_by_bisection(const Strongest& rows, unsigned threads, const Pulse& pulse);

// Clusters about rows drawn at random, one after the other in the order that bisection gives their centres; a row joins the
// centre with which it shares most strong terms.
std::vector<uint32_t> order_by_clusters(const Strongest& rows, unsigned threads, uint64_t seed, const Pulse& pulse);

}  // namespace gossamer::block
