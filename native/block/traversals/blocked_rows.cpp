#include "block/traversals/blocked_rows.h"

#include <algorithm>
#include <cmath>

namespace gossamer::block {

BlockedRows::BlockedRows(const Postings& postings, uint32_t block_rows, float unit) : block_rows_(block_rows) {
  const size_t blocks = (size_t{postings.rows()} + block_rows - 1) / block_rows;
  block_terms_.assign(blocks + 1, 0);
  block_entries_.assign(blocks + 1, 0);
  // Calls f(term, block, first of its postings, one behind the last) in order of terms, then blocks.
  const auto each = [&](auto&& f) {
    for (uint32_t term = 0; term < postings.terms(); ++term) {
      const auto rows = postings.list(term).rows;
      for (size_t from = 0, to = 0; from < rows.size(); from = to) {
        const uint32_t block = rows[from] / block_rows;
        while (to < rows.size() && rows[to] / block_rows == block) ++to;
        f(term, block, from, to);
      }
    }
  };
  each([&](uint32_t, uint32_t block, size_t from, size_t to) {
    ++block_terms_[block + 1];
    block_entries_[block + 1] += to - from;
  });
  for (size_t b = 0; b < blocks; ++b) {
    block_terms_[b + 1] += block_terms_[b];
    block_entries_[b + 1] += block_entries_[b];
  }
  terms_.resize(block_terms_.back());
  starts_.resize(block_terms_.back());
  rows_.resize(block_entries_.back());
  values_.resize(block_entries_.back());
  std::vector<uint64_t> term_at(block_terms_.begin(), block_terms_.end() - 1), entry_at(block_entries_.begin(), block_entries_.end() - 1);
  each([&](uint32_t term, uint32_t block, size_t from, size_t to) {
    const List list = postings.list(term);
    terms_[term_at[block]] = term;
    starts_[term_at[block]++] = static_cast<uint32_t>(entry_at[block] - block_entries_[block]);
    for (size_t i = from; i < to; ++i) {
      rows_[entry_at[block]] = static_cast<uint8_t>(list.rows[i] % block_rows);
      values_[entry_at[block]++] = unit > 0 ? std::nearbyint(list.values[i] / unit) : list.values[i];
    }
  });
}

void BlockedRows::score(uint32_t block, std::span<const QueryTerm> terms, float most, const Bitmap* accept, Shortlist& list,
                        Cost& cost) const {
  std::array<float, kMostBlockRows> sums{};
  std::array<uint64_t, kMostBlockRows / 64> touched{};
  const uint64_t base = block_entries_[block], end = block_terms_[block + 1];
  const uint32_t* at = terms_.data() + block_terms_[block];
  const uint32_t* const stop = terms_.data() + end;
  for (const QueryTerm& term : terms) {
    at = std::lower_bound(at, stop, term.column);
    if (at == stop) break;
    if (*at != term.column) continue;
    const auto place = static_cast<uint64_t>(at - terms_.data());
    const uint64_t last = place + 1 < end ? base + starts_[place + 1] : block_entries_[block + 1];
    for (uint64_t entry = base + starts_[place]; entry < last; ++entry) {
      const uint8_t row = rows_[entry];
      sums[row] += term.weight * values_[entry];
      touched[row / 64] |= uint64_t{1} << (row % 64);
    }
    cost.postings += last - (base + starts_[place]);
  }
  for (uint32_t word = 0; word < touched.size(); ++word)
    for (uint64_t left = touched[word]; left != 0; left &= left - 1) {
      const auto local = word * 64 + static_cast<uint32_t>(std::countr_zero(left));
      const uint32_t row = block * block_rows_ + local;
      if (accept != nullptr && !(*accept)[row]) continue;
      list.add(row, std::min(sums[local], most));
      ++cost.scored;
    }
}

}  // namespace gossamer::block
