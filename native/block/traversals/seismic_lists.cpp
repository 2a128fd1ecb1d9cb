#include "block/traversals/seismic_lists.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "block/traversals/shortlist.h"

namespace gossamer::block {

namespace {

template <class T>
std::span<const T> part(const SectionBytes& sections, const std::string& name) {
  const auto found = sections.find(name);
  if (found == sections.end()) throw Damaged("section " + name + ": missing");
  if (found->second.size() % sizeof(T) != 0) throw Damaged("section " + name + ": not whole elements");
  return {reinterpret_cast<const T*>(found->second.data()), found->second.size() / sizeof(T)};
}

// Where each of `lists` lists begins among `elements`.
std::span<const uint64_t> starts(const SectionBytes& sections, const std::string& name, size_t lists, size_t elements) {
  const auto start = part<uint64_t>(sections, name);
  if (start.size() != lists + 1 || start[0] != 0 || start.back() != elements) throw Damaged("section " + name + ": wrong size");
  if (!std::is_sorted(start.begin(), start.end())) throw Damaged("section " + name + ": out of order");
  return start;
}

template <class T>
std::span<const T> of_list(std::span<const T> all, std::span<const uint64_t> start, uint32_t list) {
  return all.subspan(start[list], start[list + 1] - start[list]);
}

template <class T>
T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

}  // namespace

SeismicLists::SeismicLists(std::shared_ptr<const Space> space, const SectionBytes& sections, std::shared_ptr<const void> owner)
    : space_(std::move(space)), owner_(std::move(owner)) {
  const size_t terms = space_->terms();
  rows_ = part<uint32_t>(sections, "seismic.rows");
  postings_ = starts(sections, "seismic.postings", terms, rows_.size());
  ends_ = part<uint32_t>(sections, "seismic.ends");
  blocks_ = starts(sections, "seismic.blocks", terms, ends_.size());
  for (uint32_t t = 0; t < terms; ++t)
    if (blocks(t) > kMostBlocks) throw Damaged("section seismic.blocks: too many in a list");
  steps_ = part<float>(sections, "seismic.steps");
  if (steps_.size() != 2 * ends_.size()) throw Damaged("section seismic.steps: wrong size");
  if (terms > 65536) wide_terms_ = part<uint32_t>(sections, "seismic.terms");
  else narrow_terms_ = part<uint16_t>(sections, "seismic.terms");
  directory_ = starts(sections, "seismic.directory", terms, wide_terms_.size() + narrow_terms_.size());
  summaries_ = part<uint8_t>(sections, "seismic.summaries");
  summaries_start_ = starts(sections, "seismic.summaries.start", terms, summaries_.size());
  const uint32_t rows = space_->rows();
  if (rows > 0 && sections.contains("seismic.neighbours")) {
    neighbours_ = part<uint32_t>(sections, "seismic.neighbours");
    kept_ = neighbours_.size() / rows;
    if (neighbours_.size() % rows != 0) throw Damaged("section seismic.neighbours: wrong size");
  }
  if (sections.contains("seismic.columns"))
    columns_ = ColumnCodes(part<uint64_t>(sections, "seismic.columns.start"), part<uint8_t>(sections, "seismic.columns"), forward());
}

std::span<const uint32_t> SeismicLists::rows(uint32_t list, uint32_t block) const {
  const auto ends = of_list(ends_, blocks_, list);
  const auto all = of_list(rows_, postings_, list);
  const size_t from = block == 0 ? 0 : ends[block - 1], to = ends[block];
  if (from > to || to > all.size()) throw Damaged("section seismic.ends: out of order");
  return all.subspan(from, to - from);
}

uint64_t SeismicLists::estimate(uint32_t list, std::span<const QueryTerm> query, float* estimates, float* weights) const {
  const size_t n = blocks(list);
  std::fill(estimates, estimates + n, 0.0f);
  std::fill(weights, weights + n, 0.0f);
  const auto read = [&]<class Term>(std::span<const Term> terms) {
    return n > kNarrowBlocks ? add<uint16_t>(list, terms, query, estimates, weights)
                             : add<uint8_t>(list, terms, query, estimates, weights);
  };
  const uint64_t entries = wide_terms_.empty() ? read(of_list(narrow_terms_, directory_, list))
                                               : read(of_list(wide_terms_, directory_, list));
  const float* const steps = steps_.data() + 2 * blocks_[list];
  const auto slack = static_cast<float>(sum_slack(query.size()));
  for (size_t block = 0; block < n; ++block) {
    const float sum = estimates[block] * steps[2 * block + 1] + weights[block] * steps[2 * block];
    // what is not a number comes from damaged steps or from sums beyond float32
    estimates[block] = std::isnan(sum) ? std::numeric_limits<float>::infinity() : sum * slack + static_cast<float>(kTiny);
  }
  return entries;
}

// Adds, for each block, the weights of the query's terms that its summary holds, and their products with its codes.
template <class Block, class Term>
uint64_t SeismicLists::add(uint32_t list, std::span<const Term> terms, std::span<const QueryTerm> query, float* codes,
                           float* weights) const {
  const auto bytes = of_list(summaries_, summaries_start_, list);
  const size_t anchors = (terms.size() + kAnchored - 1) / kAnchored * sizeof(uint32_t), head = anchors + terms.size() * sizeof(Block);
  if (head > bytes.size()) throw Damaged("section seismic.summaries: a list is cut short");
  const uint8_t* const counts = bytes.data() + anchors;
  uint64_t entries = 0;
  auto at = terms.begin();
  for (const QueryTerm& q : query) {
    at = std::lower_bound(at, terms.end(), q.column);
    if (at == terms.end()) break;
    if (*at != q.column) continue;
    const auto place = static_cast<size_t>(at - terms.begin());
    size_t before = load<uint32_t>(bytes.data() + place / kAnchored * sizeof(uint32_t));
    for (size_t t = place / kAnchored * kAnchored; t < place; ++t) before += load<Block>(counts + t * sizeof(Block));
    const size_t count = load<Block>(counts + place * sizeof(Block));
    const size_t from = head + before * (sizeof(Block) + 1);
    if (from + count * (sizeof(Block) + 1) > bytes.size()) throw Damaged("section seismic.summaries: a list is cut short");
    const uint8_t* const block = bytes.data() + from;
    const uint8_t* const code = block + count * sizeof(Block);
    for (size_t i = 0; i < count; ++i) {
      const Block b = load<Block>(block + i * sizeof(Block));
      codes[b] += q.weight * static_cast<float>(code[i]);
      weights[b] += q.weight;
    }
    entries += count;
  }
  return entries;
}

}  // namespace gossamer::block
