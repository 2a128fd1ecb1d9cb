// Cuts a list into blocks of rows that are close to each other: one pass of k-means from centroids drawn from the list.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block/forward.h"
#include "block/rows.h"
#include "block/traversals/seismic_build.h"
#include "block/traversals/seismic_lists.h"

namespace gossamer::block {

// Whole vectors, decoded.
class Vectors {
 public:
  explicit Vectors(const Forward& forward);
  uint32_t rows() const { return static_cast<uint32_t>(start_.size() - 1); }
  size_t entries() const { return entries_.size(); }
  std::span<const Entry> row(uint32_t row) const {
    return std::span(entries_).subspan(start_[row], start_[row + 1] - start_[row]);
  }
  // The `most` largest entries of each row.
  Vectors strongest(uint32_t most) const;

 private:
  Vectors() = default;
  std::vector<size_t> start_;
  std::vector<Entry> entries_;
};

// One for each thread.
class Blocker {
 public:
  // `strongest`: what is compared with centroids, of each row.
  Blocker(const Vectors& vectors, const Vectors& strongest, size_t terms, const SeismicOptions& options);

  // Orders the rows of a term's list (largest value first) block by block and returns where each block ends.
  std::vector<uint32_t> split(uint32_t term, std::vector<uint32_t>& rows);

 private:
  struct Weighted {
    uint32_t centroid;
    float value;
  };
  std::vector<uint32_t> consecutive(std::vector<uint32_t>& rows) const;
  static std::vector<uint32_t> ascending(std::vector<uint32_t>& rows, std::vector<uint32_t> ends);
  // Small blocks go; their rows move to the closest centroid that is left.
  void dissolve(const std::vector<uint32_t>& rows, std::vector<uint32_t>& own);
  void index_centroids();
  uint32_t closest(uint32_t row);
  void add_products(std::span<const Entry> row);
  void rescore(uint32_t row);
  uint32_t highest() const;

  const Vectors& vectors_;
  const Vectors& strongest_;
  const SeismicOptions& options_;
  // Lists over the centroids: those of term t are lists_[first_[t], last_[t]).
  std::vector<uint32_t> centroids_, first_, last_, touched_;
  std::vector<Weighted> lists_;
  std::vector<float> score_, dense_;
  size_t list_size_ = 0;
};

}  // namespace gossamer::block
