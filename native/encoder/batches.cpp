#include "encoder/batches.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "index/builder.h"

namespace gossamer::encoder {

namespace {

// Enough rows that weights, read once for all of them, cost little beside the products, few enough that the states of a small
// model stay in the second-level cache. A longer text is a batch of its own.
constexpr size_t kRows = 256;

void check(const Shape& shape, const Texts& texts) {
  for (size_t text = 0; text < texts.count(); ++text) {
    if (texts.length(text) > shape.positions)
      throw std::invalid_argument("text " + std::to_string(text) + " has " + std::to_string(texts.length(text)) +
                                  " ids, and the model reads up to " + std::to_string(shape.positions));
    for (auto at = static_cast<size_t>(texts.indptr[text]); at < static_cast<size_t>(texts.indptr[text + 1]); ++at)
      if (texts.ids[at] >= shape.vocabulary)
        throw std::invalid_argument("text " + std::to_string(text) + " has id " + std::to_string(texts.ids[at]) +
                                    ", and the vocabulary ends at " + std::to_string(shape.vocabulary - 1));
  }
}

}  // namespace

void run_batches(const Shape& shape, const Texts& texts, unsigned threads, const std::function<void()>& pulse, const Fill& fill,
                 const Done& done) {
  check(shape, texts);
  std::vector<uint32_t> order(texts.count());
  std::iota(order.begin(), order.end(), 0u);
  // The longest first: threads then end at about the same time.
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return texts.length(a) > texts.length(b); });
  std::vector<size_t> first{0};  // of each batch
  size_t rows = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (rows != 0 && rows + texts.length(order[i]) > kRows) first.push_back(i), rows = 0;
    rows += texts.length(order[i]);
  }
  first.push_back(order.size());

  std::atomic<size_t> next{0};
  const size_t batches = first.size() - 1;
  const auto workers = static_cast<unsigned>(std::clamp<size_t>(batches, 1, std::max(1u, threads)));
  run_parallel(workers, [&](unsigned worker) {
    Scratch scratch;
    std::vector<uint32_t> ids;
    try {
      for (size_t batch; (batch = next.fetch_add(1)) < batches;) {
        const auto members = std::span<const uint32_t>(order).subspan(first[batch], first[batch + 1] - first[batch]);
        Starts starts{0};
        ids.clear();
        for (const uint32_t text : members) {
          const auto of_text = texts.ids.subspan(static_cast<size_t>(texts.indptr[text]), texts.length(text));
          ids.insert(ids.end(), of_text.begin(), of_text.end());
          starts.push_back(ids.size());
        }
        fill(members, ids, starts, scratch);
        done(members, ids, starts, scratch);
        if (worker == 0 && pulse) pulse();
      }
    } catch (...) {
      next = batches;  // the others stop too
      throw;
    }
  });
}

}  // namespace gossamer::encoder
