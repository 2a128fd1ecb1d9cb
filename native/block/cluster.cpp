#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "block/order.h"
#include "block/slices.h"

namespace gossamer::block {

namespace {

constexpr uint32_t kRowsPerCentre = 128;
constexpr int kRounds = 2;

// Centres and the rows that belong to them, by k-means on the sets of strongest terms.
class Clusters {
 public:
  Clusters(const Strongest& rows, unsigned threads, const Pulse& pulse) : rows_(rows), threads_(threads), pulse_(pulse) {}

  void draw(uint64_t seed) {
    std::vector<uint32_t> pool(rows_.rows());
    std::iota(pool.begin(), pool.end(), 0u);
    std::mt19937_64 random(seed);
    centres_.resize((pool.size() + kRowsPerCentre - 1) / kRowsPerCentre);
    for (size_t c = 0; c < centres_.size(); ++c) {
      std::swap(pool[c], pool[c + random() % (pool.size() - c)]);
      for (uint32_t term : rows_[pool[c]]) centres_[c].push_back({term, 1});
    }
  }

  // Each row to the centre of largest cosine; equal ones: the first.
  void assign() {
    std::vector<std::vector<Entry>> lists(rows_.terms());  // (centre, weight) of each term
    for (size_t c = 0; c < centres_.size(); ++c) {
      float squares = 0;
      for (const Entry& entry : centres_[c]) squares += entry.value * entry.value;
      for (const Entry& entry : centres_[c]) lists[entry.term].push_back({static_cast<uint32_t>(c), entry.value / std::sqrt(squares)});
    }
    centre_of_.assign(rows_.rows(), 0);
    in_slices(rows_.rows(), threads_, pulse_, [&](uint32_t from, uint32_t to) {
      std::vector<float> sums(centres_.size());
      for (uint32_t row = from; row < to; ++row) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        for (uint32_t term : rows_[row])
          for (const Entry& entry : lists[term]) sums[entry.term] += entry.value;
        centre_of_[row] = static_cast<uint32_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
      }
    });
  }

  // Each centre becomes the terms that most of its rows hold; one without rows stays.
  void move_centres() {
    const std::vector<uint32_t> sorted = by_cluster();
    std::vector<uint32_t> count(rows_.terms(), 0), seen;
    for (size_t from = 0, to; from < sorted.size(); from = to) {
      const uint32_t c = centre_of_[sorted[from]];
      for (to = from; to < sorted.size() && centre_of_[sorted[to]] == c; ++to)
        for (uint32_t term : rows_[sorted[to]])
          if (++count[term] == 1) seen.push_back(term);
      std::vector<Entry>& centre = centres_[c];
      centre.clear();
      for (uint32_t term : seen) centre.push_back({term, static_cast<float>(std::exchange(count[term], 0u))});
      seen.clear();
      const size_t most = std::min(centre.size(), 2 * Strongest::kMost);
      std::partial_sort(centre.begin(), centre.begin() + static_cast<ptrdiff_t>(most), centre.end(), [](const Entry& a, const Entry& b) {
        return a.value != b.value ? a.value > b.value : a.term < b.term;
      });
      centre.resize(most);
    }
  }

  const std::vector<std::vector<Entry>>& centres() const { return centres_; }

  // Rows cluster by cluster, ascending in each.
  std::vector<uint32_t> by_cluster() const {
    std::vector<uint32_t> sorted(rows_.rows());
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::stable_sort(sorted.begin(), sorted.end(), [this](uint32_t a, uint32_t b) { return centre_of_[a] < centre_of_[b]; });
    return sorted;
  }

  // Rows cluster by cluster, the clusters as `order` has them.
  std::vector<uint32_t> by_cluster(const std::vector<uint32_t>& order) {
    std::vector<uint32_t> place(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (uint32_t& c : centre_of_) c = place[c];
    return by_cluster();
  }

 private:
  const Strongest& rows_;
  unsigned threads_;
  const Pulse& pulse_;
  std::vector<std::vector<Entry>> centres_;
  std::vector<uint32_t> centre_of_;
};

class CentreRows : public Rows {
 public:
  explicit CentreRows(const std::vector<std::vector<Entry>>& centres) : centres_(centres) {}
  uint32_t size() const override { return static_cast<uint32_t>(centres_.size()); }
  void read(uint32_t row, std::vector<Entry>& out) const override { out = centres_[row]; }

 private:
  const std::vector<std::vector<Entry>>& centres_;
};

}  // namespace

std::vector<uint32_t> order_by_clusters(const Strongest& rows, unsigned threads, uint64_t seed, const Pulse& pulse) {
  if (rows.rows() == 0) return {};
  Clusters clusters(rows, threads, pulse);
  clusters.draw(seed);
  clusters.assign();
  for (int round = 1; round < kRounds; ++round) {
    clusters.move_centres();
    clusters.assign();
  }
  const Strongest centres(CentreRows(clusters.centres()), rows.terms(), threads, pulse);
  return clusters.by_cluster(order_by_bisection(centres, threads, pulse));
}

}  // namespace gossamer::block
