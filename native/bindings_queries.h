// Queries as matrices from Python, and the best rows of each back to it.
#pragma once

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "bindings.h"
#include "block/build.h"
#include "block/search.h"
#include "block/slices.h"

namespace gossamer {

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig>;

inline block::Matrix matrix_of(const Array<int64_t>& indptr, const Array<uint32_t>& indices, const Array<float>& values) {
  const block::Matrix matrix{{indptr.data(), indptr.size()}, {indices.data(), indices.size()}, {values.data(), values.size()}};
  if (indptr.size() == 0 || indices.size() != values.size()) throw std::invalid_argument("the arrays of a matrix disagree");
  for (size_t i = 0; i + 1 < indptr.size(); ++i)
    if (matrix.indptr[i] > matrix.indptr[i + 1]) throw std::invalid_argument("indptr is not ascending");
  if (matrix.indptr[0] != 0 || static_cast<size_t>(matrix.indptr.back()) != indices.size())
    throw std::invalid_argument("indptr does not cover the entries");
  return matrix;
}

using Mask = nb::ndarray<const bool, nb::ndim<1>, nb::c_contig>;

template <class T>
nb::object owned(std::vector<T> values, size_t rows, size_t columns) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule capsule(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<2>>(kept->data(), {rows, columns}, capsule));
}

template <class T>
nb::object owned(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule capsule(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(kept->data(), {kept->size()}, capsule));
}

// The filter of stored rows that a filter of input rows gives.
inline Bitmap packed(std::span<const bool> wanted, std::span<const uint32_t> order) {
  Bitmap bits = Bitmap::none(static_cast<uint32_t>(wanted.size()));
  size_t row = 0;
  if (order.empty())
    for (; row + 8 <= wanted.size(); row += 8) {  // eight bytes of 0 or 1 become the bits of one: all meet in the highest byte
      uint64_t eight;
      std::memcpy(&eight, wanted.data() + row, 8);
      bits.words[row / 64] |= (eight * 0x0102040810204080u >> 56) << (row % 64);
    }
  for (; row < wanted.size(); ++row)
    bits.words[row / 64] |= uint64_t{wanted[order.empty() ? row : order[row]]} << (row % 64);
  return bits;
}

// A way of searching with its options, and the space that it goes over.
struct Search {
  std::shared_ptr<const block::Space> space;
  std::function<std::vector<block::Scored>(const std::vector<block::QueryTerm>&, size_t k, const Bitmap* accept, block::Cost&)> answer;
};

inline Search search_by(std::shared_ptr<const block::Space> space, std::shared_ptr<const block::Traversal> traversal) {
  const block::Space& over = *space;
  return {std::move(space), [&over, traversal = std::move(traversal)](const std::vector<block::QueryTerm>& query, size_t k,
                                                                      const Bitmap* accept, block::Cost& cost) {
            return over.search(query, k, *traversal, accept, &cost);
          }};
}

// Every query searched, `threads` at a time; (ids, scores) padded with -1 and -inf, then what it cost. `accepted`: of input
// rows; the filter is of stored ones.
inline nb::tuple search_all(const Search& search, const block::Matrix& queries, size_t k, const std::optional<Mask>& accepted,
                            unsigned threads) {
  const block::Space& space = *search.space;
  const size_t n = queries.rows();
  if (n > std::numeric_limits<int32_t>::max()) throw std::invalid_argument("more than 2^31 queries at a time");
  std::vector<int64_t> ids(n * k, -1);
  std::vector<float> scores(n * k, -std::numeric_limits<float>::infinity());
  block::Cost total;
  Bitmap accept;
  if (accepted) {
    if (accepted->size() != space.rows()) throw std::invalid_argument("a filter has one value for each row");
    accept = packed({accepted->data(), accepted->size()}, space.order());
  }
  const auto answer = [&](size_t i, std::vector<block::QueryTerm>& query, block::Cost& cost) {
    query.clear();
    for (auto at = static_cast<size_t>(queries.indptr[i]); at < static_cast<size_t>(queries.indptr[i + 1]); ++at)
      query.push_back({queries.indices[at], queries.values[at]});
    const std::vector<block::Scored> found = search.answer(query, k, accepted ? &accept : nullptr, cost);
    for (size_t j = 0; j < found.size(); ++j) {
      ids[i * k + j] = found[j].row;
      scores[i * k + j] = found[j].score;
    }
  };
  using Clock = std::chrono::steady_clock;
  static constexpr auto kBetweenSignals = std::chrono::milliseconds(20);
  auto last = Clock::now();
  const block::Pulse pulse = [&last] {  // of the calling thread
    if (Clock::now() - last < kBetweenSignals) return;
    last = Clock::now();
    signals_checked();
  };
  {
    const nb::gil_scoped_release unlocked;
    constexpr uint32_t kTaken = 8;  // queries at a time: threads end within that many of each other
    std::atomic<uint64_t> postings{0}, scored{0};
    block::in_slices(
        static_cast<uint32_t>(n), threads, pulse,
        [&](uint32_t from, uint32_t to) {
          std::vector<block::QueryTerm> query;
          block::Cost cost;
          for (uint32_t i = from; i < to; ++i) answer(i, query, cost);
          postings += cost.postings;
          scored += cost.scored;
        },
        kTaken);
    total = {postings, scored};
  }
  return nb::make_tuple(owned(std::move(ids), n, k), owned(std::move(scores), n, k), total.postings, total.scored);
}

}  // namespace gossamer
