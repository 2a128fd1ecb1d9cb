#include "block/traversals/seismic_blocks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace gossamer::block {

namespace {

constexpr size_t kFewestInCentroidList = 5;

// Numbers that are the same on every machine (SplitMix64; Steele, Lea & Flood 2014).
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : state_(seed) { state_ = next() ^ stream; }
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
  }
  // Moves `count` elements drawn at random, without replacement, to the front.
  void draw(std::vector<uint32_t>& from, size_t count) {
    for (size_t i = 0; i < count; ++i) std::swap(from[i], from[i + next() % (from.size() - i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace

Vectors::Vectors(const Forward& forward) {
  start_.push_back(0);
  for (uint32_t row = 0; row < forward.rows(); ++row) {
    for (uint64_t at = forward.begin(row), end = at + forward.size(row); at < end; ++at)
      entries_.push_back({forward.column(at), forward.value(row, at)});
    start_.push_back(entries_.size());
  }
}

Vectors Vectors::strongest(uint32_t most) const {
  Vectors cut;
  cut.start_.push_back(0);
  std::vector<Entry> one;
  for (uint32_t r = 0; r < rows(); ++r) {
    one.assign(row(r).begin(), row(r).end());
    const size_t kept = std::min<size_t>(most, one.size());
    const auto end = one.begin() + static_cast<ptrdiff_t>(kept);
    std::nth_element(one.begin(), end, one.end(),
                     [](const Entry& a, const Entry& b) { return a.value != b.value ? a.value > b.value : a.term < b.term; });
    std::sort(one.begin(), end, [](const Entry& a, const Entry& b) { return a.term < b.term; });
    cut.entries_.insert(cut.entries_.end(), one.begin(), end);
    cut.start_.push_back(cut.entries_.size());
  }
  return cut;
}

Blocker::Blocker(const Vectors& vectors, const Vectors& strongest, size_t terms, const SeismicOptions& options)
    : vectors_(vectors), strongest_(strongest), options_(options), first_(terms, 0), last_(terms, 0), dense_(terms, 0.0f) {}

std::vector<uint32_t> Blocker::split(uint32_t term, std::vector<uint32_t>& rows) {
  if (rows.empty()) return {};
  if (options_.blocking == SeismicOptions::Blocking::value) return consecutive(rows);
  Random random(options_.seed, term);
  const auto wanted = static_cast<size_t>(options_.centroids * static_cast<double>(rows.size()));
  centroids_ = rows;
  const size_t count = std::clamp<size_t>(wanted, 1, std::min(kMostBlocks, rows.size()));
  random.draw(centroids_, count);
  centroids_.resize(count);
  list_size_ = rows.size();
  index_centroids();
  std::vector<uint32_t> own(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) own[i] = closest(rows[i]);
  dissolve(rows, own);

  std::vector<uint32_t> ends(centroids_.size(), 0), at, sorted(rows.size());
  for (uint32_t block : own) ++ends[block];
  for (size_t block = 1; block < ends.size(); ++block) ends[block] += ends[block - 1];
  at = ends;
  for (size_t i = rows.size(); i-- > 0;) sorted[--at[own[i]]] = rows[i];
  rows = std::move(sorted);
  if (options_.blocking == SeismicOptions::Blocking::random) random.draw(rows, rows.size());
  return ascending(rows, std::move(ends));
}

std::vector<uint32_t> Blocker::consecutive(std::vector<uint32_t>& rows) const {
  const size_t size = std::max<size_t>(std::max(1u, options_.block_size), (rows.size() - 1) / kMostBlocks + 1);
  std::vector<uint32_t> ends;
  for (size_t end = size; end < rows.size() + size; end += size)
    ends.push_back(static_cast<uint32_t>(std::min(end, rows.size())));
  return ascending(rows, std::move(ends));
}

// Without the blocks that hold no row; the rows of each in the order of the forward file.
std::vector<uint32_t> Blocker::ascending(std::vector<uint32_t>& rows, std::vector<uint32_t> ends) {
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  if (ends.front() == 0) ends.erase(ends.begin());
  uint32_t from = 0;
  for (uint32_t to : ends) std::sort(rows.begin() + std::exchange(from, to), rows.begin() + to);
  return ends;
}

void Blocker::dissolve(const std::vector<uint32_t>& rows, std::vector<uint32_t>& own) {
  constexpr uint32_t kGone = kNobody;
  std::vector<uint32_t> number(centroids_.size(), 0), left;
  for (uint32_t block : own) ++number[block];
  for (size_t block = 0; block < number.size(); ++block) {
    const bool stays = number[block] > options_.smallest;
    number[block] = stays ? static_cast<uint32_t>(left.size()) : kGone;
    if (stays) left.push_back(centroids_[block]);
  }
  if (left.empty() || left.size() == centroids_.size()) return;
  centroids_ = std::move(left);
  index_centroids();
  for (size_t i = 0; i < rows.size(); ++i) own[i] = number[own[i]] != kGone ? number[own[i]] : closest(rows[i]);
}

void Blocker::index_centroids() {
  for (uint32_t term : touched_) first_[term] = last_[term] = 0;
  touched_.clear();
  uint32_t entries = 0;
  for (uint32_t row : centroids_)
    for (const Entry& entry : vectors_.row(row)) {
      if (last_[entry.term]++ == 0) touched_.push_back(entry.term);
      ++entries;
    }
  lists_.resize(entries);
  uint32_t at = 0;
  for (uint32_t term : touched_) {
    first_[term] = at;
    at += std::exchange(last_[term], at);
  }
  for (uint32_t block = 0; block < centroids_.size(); ++block)
    for (const Entry& entry : vectors_.row(centroids_[block])) lists_[last_[entry.term]++] = {block, entry.value};
  score_.resize(centroids_.size());
  if (options_.blocking != SeismicOptions::Blocking::pruned) return;
  const auto share = static_cast<size_t>(options_.centroid_share * static_cast<double>(list_size_));
  const auto most = static_cast<uint32_t>(std::max(kFewestInCentroidList, share));
  for (uint32_t term : touched_) {
    if (last_[term] - first_[term] <= most) continue;
    std::nth_element(lists_.begin() + first_[term], lists_.begin() + first_[term] + most, lists_.begin() + last_[term],
                     [](const Weighted& a, const Weighted& b) {
                       return a.value != b.value ? a.value > b.value : a.centroid < b.centroid;
                     });
    last_[term] = first_[term] + most;
  }
}

uint32_t Blocker::closest(uint32_t row) {
  const bool whole = options_.blocking == SeismicOptions::Blocking::exact;
  std::fill(score_.begin(), score_.end(), 0.0f);
  add_products(whole ? vectors_.row(row) : strongest_.row(row));
  if (options_.blocking == SeismicOptions::Blocking::pruned) rescore(row);
  uint32_t best = highest();
  if (score_[best] > 0 || whole) return best;
  add_products(vectors_.row(row));  // it meets no centroid with its strongest terms
  return highest();
}

void Blocker::add_products(std::span<const Entry> row) {
  for (const Entry& entry : row)
    for (uint32_t at = first_[entry.term]; at < last_[entry.term]; ++at)
      score_[lists_[at].centroid] += entry.value * lists_[at].value;
}

// Replaces the scores above 0 by products of whole vectors.
void Blocker::rescore(uint32_t row) {
  for (const Entry& entry : vectors_.row(row)) dense_[entry.term] = entry.value;
  for (uint32_t block = 0; block < centroids_.size(); ++block) {
    if (score_[block] == 0) continue;
    score_[block] = 0;
    for (const Entry& entry : vectors_.row(centroids_[block])) score_[block] += dense_[entry.term] * entry.value;
  }
  for (const Entry& entry : vectors_.row(row)) dense_[entry.term] = 0;
}

// The first centroid with the highest score. Scores are not negative, so their bits are in the same order, and the largest of
// integers is found many at a time.
uint32_t Blocker::highest() const {
  int32_t most = 0;
  for (float score : score_) most = std::max(most, std::bit_cast<int32_t>(score));
  for (uint32_t block = 0; block < score_.size(); ++block)
    if (std::bit_cast<int32_t>(score_[block]) == most) return block;
  return 0;
}

}  // namespace gossamer::block
