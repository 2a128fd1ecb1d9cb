#include "block/order.h"

#include <algorithm>
#include <cmath>

#include "block/slices.h"

namespace gossamer::block {

Strongest::Strongest(const Rows& rows, uint32_t terms, unsigned threads, const Pulse& pulse) : terms_(terms) {
  offsets_.assign(size_t{rows.size()} + 1, 0);
  data_.resize(size_t{rows.size()} * kMost);
  in_slices(rows.size(), threads, pulse, [&](uint32_t from, uint32_t to) {
    std::vector<Entry> entries;
    for (uint32_t row = from; row < to; ++row) {
      rows.read(row, entries);
      if (entries.size() > kMost) {
        std::nth_element(entries.begin(), entries.begin() + kMost - 1, entries.end(), [](const Entry& a, const Entry& b) {
          const float x = std::fabs(a.value), y = std::fabs(b.value);
          return x != y ? x > y : a.term < b.term;
        });
        entries.resize(kMost);
      }
      std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.term < b.term; });
      for (size_t i = 0; i < entries.size(); ++i) data_[row * kMost + i] = entries[i].term;
      offsets_[row + 1] = entries.size();
    }
  });
  uint64_t end = 0;  // close the gaps after short rows
  for (uint32_t row = 0; row < rows.size(); ++row) {
    const auto first = data_.begin() + static_cast<ptrdiff_t>(row * kMost);
    std::copy(first, first + static_cast<ptrdiff_t>(offsets_[row + 1]), data_.begin() + static_cast<ptrdiff_t>(end));
    offsets_[row + 1] = end += offsets_[row + 1];
  }
  data_.resize(end);
}

}  // namespace gossamer::block
