// A log of vectors to a space: its terms get numbers ascending by bytes, then block/build.h takes over.
#include <algorithm>
#include <numeric>
#include <utility>

#include "block/build.h"
#include "index/shard.h"

namespace gossamer {

namespace {

// Number of each of the terms by bytes; the names follow one another in that order.
std::vector<uint32_t> rank_terms(const StringTable& terms, std::vector<uint64_t>& offsets, std::vector<char>& bytes) {
  std::vector<std::string_view> names(terms.size());
  terms.for_each([&](std::string_view term, uint32_t number, uint32_t) { names[number] = term; });
  std::vector<uint32_t> sorted(names.size()), rank(names.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::ranges::sort(sorted, {}, [&](uint32_t term) { return names[term]; });
  for (uint32_t i = 0; i < sorted.size(); ++i) {
    const std::string_view name = names[sorted[i]];
    rank[sorted[i]] = i;
    bytes.insert(bytes.end(), name.begin(), name.end());
    offsets.push_back(bytes.size());
  }
  return rank;
}

// Renumbers the entries of every row, and puts them in order.
void sort_rows(VectorLog& vectors, const std::vector<uint32_t>& rank) {
  std::vector<std::pair<uint32_t, float>> entries;
  for (uint32_t& term : vectors.log) term = rank[term];
  for (size_t row = 0; row < vectors.rows(); ++row) {
    const uint64_t begin = vectors.row_begin[row], end = vectors.row_end(row);
    const auto first = vectors.log.begin();
    if (std::is_sorted(first + static_cast<ptrdiff_t>(begin), first + static_cast<ptrdiff_t>(end))) continue;
    entries.clear();
    for (uint64_t i = begin; i < end; ++i) entries.emplace_back(vectors.log[i], vectors.values[i]);
    std::ranges::sort(entries, {}, &std::pair<uint32_t, float>::first);
    for (uint64_t i = begin; i < end; ++i) std::tie(vectors.log[i], vectors.values[i]) = entries[i - begin];
  }
}

}  // namespace

void write_vectors(const SpaceKind& space, unsigned threads, VectorLog& vectors, SegmentFacts& facts, std::vector<Section>& out) {
  std::vector<uint64_t> offsets{0};
  std::vector<char> bytes;
  sort_rows(vectors, rank_terms(vectors.terms, offsets, bytes));
  facts.terms = offsets.size() - 1;
  facts.postings = vectors.log.size();
  std::vector<int64_t> indptr(vectors.row_begin.begin(), vectors.row_begin.end());
  indptr.push_back(static_cast<int64_t>(vectors.log.size()));
  auto slots = build_hash_slots(facts.terms, [&](size_t i) {
    return std::string_view(bytes.data() + offsets[i], offsets[i + 1] - offsets[i]);
  });
  const std::string at = space.name + ".";
  out.push_back(make_section(at + "terms.offsets", std::move(offsets)));
  out.push_back(make_section(at + "terms.bytes", std::move(bytes)));
  out.push_back(make_section(at + "terms.hash", std::move(slots)));
  block::BuildOptions build;
  build.values = space.values;
  build.threads = threads;
  for (Section& section : block::build({indptr, vectors.log, vectors.values}, build)) {
    section.name = at + section.name;
    out.push_back(std::move(section));
  }
}

}  // namespace gossamer
