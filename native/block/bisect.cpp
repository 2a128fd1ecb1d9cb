#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "block/order.h"
#include "block/slices.h"

namespace gossamer::block {

namespace {

constexpr uint32_t kLeaf = 16;         // rows that are not divided further
constexpr int kRounds = 16;            // of exchanges between two halves
constexpr float kInertia = 0.25f;      // bits that a move must gain for each round gone by, so that rows do not swing
constexpr uint32_t kSettled = 512;     // a round that moves one row in this many is the last

// Logarithms of whole numbers, which are looked up far more often than they differ.
class Logarithms {
 public:
  explicit Logarithms(size_t largest) : values_(largest + 1) {
    for (size_t i = 1; i <= largest; ++i) values_[i] = std::log2(static_cast<float>(i));
  }
  float operator[](uint32_t i) const { return values_[i]; }

 private:
  std::vector<float> values_;
};

// Divides a range of places in two. Terms are numbered anew in each range, so that what a round reads lies together.
class Division {
 public:
  Division(const Strongest& rows, const Logarithms& logarithms)
      : rows_(rows), log_(logarithms), local_(rows.terms(), 0) {}

  void divide(std::span<uint32_t> places, unsigned threads, const Pulse& pulse) {
    load(places);
    const auto n = static_cast<uint32_t>(places.size()), half = n / 2;
    key_.resize(n);
    for (int round = 0; round < kRounds; ++round) {
      weigh(half, n - half);
      const float inertia = kInertia * static_cast<float>(round);
      in_slices(n, threads, pulse, [&](uint32_t from, uint32_t to) {
        for (uint32_t i = from; i < to; ++i) key_[i] = {wish(i) + (right_[i] != 0 ? inertia : -inertia), i};
      }, 16384);
      if (exchange(half) <= n / kSettled) break;
    }
    order_.clear();
    for (const char side : {char{0}, char{1}})
      for (uint32_t i = 0; i < n; ++i)
        if (right_[i] == side) order_.push_back(places[i]);
    std::copy(order_.begin(), order_.end(), places.begin());
  }

 private:
  struct Term {
    uint32_t left, right;  // rows that hold it
    float gain;            // of moving one row that holds it from left to right, in bits
    float back;            // of the other way
  };

  // The terms of each row under numbers of this range; those of one row alone attract no other.
  void load(std::span<const uint32_t> places) {
    const auto n = static_cast<uint32_t>(places.size());
    seen_.clear();
    terms_.clear();
    start_.assign(1, 0);
    right_.assign(n, 0);
    std::fill(right_.begin() + n / 2, right_.end(), char{1});
    held_.clear();
    for (uint32_t row : places)
      for (uint32_t term : rows_[row])
        if (++local_[term] == 1) seen_.push_back(term);
    for (uint32_t term : seen_) {
      const bool shared = local_[term] > 1;
      if (shared) terms_.push_back({0, 0, 0, 0});
      local_[term] = shared ? static_cast<uint32_t>(terms_.size()) : 0;
    }
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t term : rows_[places[i]]) {
        const uint32_t number = local_[term];
        if (number == 0) continue;
        held_.push_back(number - 1);
        ++(right_[i] != 0 ? terms_[number - 1].right : terms_[number - 1].left);
      }
      start_.push_back(held_.size());
    }
    for (uint32_t term : seen_) local_[term] = 0;
  }

  // Equation (1) of the paper: d rows among n cost d log(n / (d + 1)).
  float cost(uint32_t left, uint32_t n_left, uint32_t right, uint32_t n_right) const {
    return static_cast<float>(left) * (log_[n_left] - log_[left + 1]) + static_cast<float>(right) * (log_[n_right] - log_[right + 1]);
  }

  void weigh(uint32_t n_left, uint32_t n_right) {
    for (Term& term : terms_) {
      const float now = cost(term.left, n_left, term.right, n_right);
      term.gain = term.left == 0 ? 0 : now - cost(term.left - 1, n_left, term.right + 1, n_right);
      term.back = term.right == 0 ? 0 : now - cost(term.left + 1, n_left, term.right - 1, n_right);
    }
  }

  // How much a row would rather be right than left.
  float wish(uint32_t i) const {
    float sum = 0;
    if (right_[i] != 0) {
      for (uint64_t at = start_[i]; at < start_[i + 1]; ++at) sum -= terms_[held_[at]].back;
    } else {
      for (uint64_t at = start_[i]; at < start_[i + 1]; ++at) sum += terms_[held_[at]].gain;
    }
    return sum;
  }

  // The rows with the least wish go left, which exchanges pairs of rows as long as both together gain. How many moved.
  uint32_t exchange(uint32_t half) {
    ranked_ = key_;
    std::nth_element(ranked_.begin(), ranked_.begin() + half, ranked_.end());
    const auto first_right = ranked_[half];
    uint32_t moved = 0;
    for (uint32_t i = 0; i < key_.size(); ++i) {
      const char side = key_[i] < first_right ? 0 : 1;
      if (side == right_[i]) continue;
      ++moved;
      right_[i] = side;
      for (uint64_t at = start_[i]; at < start_[i + 1]; ++at) {
        Term& term = terms_[held_[at]];
        term.left += side != 0 ? -1u : 1u;
        term.right += side != 0 ? 1u : -1u;
      }
    }
    return moved;
  }

  const Strongest& rows_;
  const Logarithms& log_;
  std::vector<uint32_t> local_;        // term -> its number in the range and 1 more; 0 outside load()
  std::vector<uint32_t> seen_, held_, order_;
  std::vector<uint64_t> start_;        // of the terms of each row in held_
  std::vector<Term> terms_;
  std::vector<char> right_;            // side of each row
  std::vector<std::pair<float, uint32_t>> key_, ranked_;
};

}  // namespace

std::vector<uint32_t> order_by_bisection(const Strongest& rows, unsigned threads, const Pulse& pulse) {
  std::vector<uint32_t> places(rows.rows());
  std::iota(places.begin(), places.end(), 0u);
  const Logarithms logarithms(size_t{rows.rows()} + 2);
  const std::span<uint32_t> all(places);
  std::vector<std::span<uint32_t>> ranges{all};
  const auto halve = [](std::span<uint32_t> range, auto&& add) {
    add(range.first(range.size() / 2));
    add(range.subspan(range.size() / 2));
  };
  Division together(rows, logarithms);  // few ranges: all threads at one; then each thread has ranges of its own
  while (ranges.size() < std::max<size_t>(64, 4 * size_t{threads}) && ranges.front().size() > 2 * kLeaf) {
    std::vector<std::span<uint32_t>> halves;
    for (const std::span<uint32_t> range : ranges) {
      together.divide(range, threads, pulse);
      halve(range, [&](std::span<uint32_t> half) { halves.push_back(half); });
    }
    ranges = std::move(halves);
  }
  in_slices(static_cast<uint32_t>(ranges.size()), threads, pulse, [&](uint32_t from, uint32_t) {
    Division alone(rows, logarithms);
    std::vector<std::span<uint32_t>> left{ranges[from]};
    while (!left.empty()) {
      const std::span<uint32_t> range = left.back();
      left.pop_back();
      if (range.size() <= kLeaf) continue;
      alone.divide(range, 1, nullptr);
      halve(range, [&](std::span<uint32_t> half) { left.push_back(half); });
    }
  }, 1);
  return places;
}

}  // namespace gossamer::block
