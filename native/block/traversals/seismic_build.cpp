#include "block/traversals/seismic_build.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "block/pieces.h"
#include "block/traversals/seismic_blocks.h"
#include "block/traversals/seismic_summaries.h"
#include "index/builder.h"

namespace gossamer::block {

namespace {

struct WeightedRow {
  uint32_t row;
  float value;
};

bool stronger(const WeightedRow& a, const WeightedRow& b) { return a.value != b.value ? a.value > b.value : a.row < b.row; }

// The postings of all terms, those of a term by row.
class Inverted {
 public:
  Inverted(const Vectors& vectors, size_t terms) : start_(terms + 1, 0), postings_(vectors.entries()) {
    for (uint32_t row = 0; row < vectors.rows(); ++row)
      for (const Entry& entry : vectors.row(row)) ++start_[entry.term + 1];
    for (size_t t = 0; t < terms; ++t) start_[t + 1] += start_[t];
    std::vector<size_t> at(start_.begin(), start_.end() - 1);
    for (uint32_t row = 0; row < vectors.rows(); ++row)
      for (const Entry& entry : vectors.row(row)) postings_[at[entry.term]++] = {row, entry.value};
  }

  // Leaves the strongest postings, of all terms together and of each.
  void prune(const SeismicOptions& options) {
    if (options.postings == 0) return;
    float least = 0;
    double longest = options.postings;
    if (options.pruning == SeismicOptions::Pruning::threshold) {
      longest *= options.most;
      if (const size_t kept = size_t{options.postings} * terms(); kept < postings_.size()) {
        std::vector<float> values;
        for (const WeightedRow& posting : postings_) values.push_back(posting.value);
        std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(kept) - 1, values.end(), std::greater<>());
        least = values[kept - 1];
      }
    }
    const size_t most = longest < 4e9 ? static_cast<size_t>(longest) : std::numeric_limits<size_t>::max();
    for (uint32_t t = 0; t < terms(); ++t) {
      const std::span<WeightedRow> list = of(t);
      const auto weak = std::partition(list.begin(), list.end(), [least](const WeightedRow& p) { return p.value >= least; });
      const auto kept = std::min(most, static_cast<size_t>(weak - list.begin()));
      std::nth_element(list.begin(), list.begin() + static_cast<ptrdiff_t>(kept), weak, stronger);
      sizes_.push_back(kept);
    }
  }

  size_t terms() const { return start_.size() - 1; }
  // The rows of a term, strongest first.
  std::vector<uint32_t> rows(uint32_t term) {
    std::span<WeightedRow> list = of(term);
    if (!sizes_.empty()) list = list.first(sizes_[term]);
    std::sort(list.begin(), list.end(), stronger);
    std::vector<uint32_t> rows;
    for (const WeightedRow& posting : list) rows.push_back(posting.row);
    return rows;
  }

 private:
  std::span<WeightedRow> of(uint32_t term) { return std::span(postings_).subspan(start_[term], start_[term + 1] - start_[term]); }
  std::vector<size_t> start_, sizes_;
  std::vector<WeightedRow> postings_;
};

struct BuiltList {
  std::vector<uint32_t> rows, ends;
  SummarisedList summaries;
};

// Joins what all lists hold of one kind and says where each list begins.
template <class T, class Of>
void add_joined(std::vector<Section>& out, const char* start_name, const char* name, std::vector<BuiltList>& lists, Of&& of) {
  std::vector<uint64_t> start{0};
  for (BuiltList& list : lists) start.push_back(start.back() + of(list).size());
  std::vector<T> joined;
  joined.reserve(start.back());
  for (BuiltList& list : lists) {
    auto& part = of(list);
    joined.insert(joined.end(), part.begin(), part.end());
    std::remove_reference_t<decltype(part)>().swap(part);
  }
  if (start_name != nullptr) out.push_back(make_section(start_name, std::move(start), false));
  out.push_back(make_section(name, std::move(joined), false));
}

void add_columns(std::vector<Section>& out, const Vectors& vectors, size_t terms) {
  if (terms > 65536)
    throw std::invalid_argument("compressed columns have 16 bits and the vectors " + std::to_string(terms) + " terms: at most 65536");
  std::vector<uint64_t> start{0};
  std::vector<uint8_t> codes;
  std::vector<uint16_t> columns;
  for (uint32_t row = 0; row < vectors.rows(); ++row) {
    columns.clear();
    for (const Entry& entry : vectors.row(row)) columns.push_back(static_cast<uint16_t>(entry.term));
    encode_columns(columns, codes);
    start.push_back(codes.size());
  }
  codes.resize(codes.size() + kColumnPadding, 0);
  out.push_back(make_section("seismic.columns.start", std::move(start), false));
  out.push_back(make_section("seismic.columns", std::move(codes), false));
}

}  // namespace

std::vector<Section> build_seismic(const std::shared_ptr<const Space>& space, const SeismicOptions& options) {
  const Vectors vectors(space->forward());
  const size_t terms = space->terms();
  std::vector<Section> out;
  if (options.compressed) add_columns(out, vectors, terms);
  const Vectors strongest = vectors.strongest(options.document_cut);
  Inverted inverted(vectors, terms);
  inverted.prune(options);
  std::vector<BuiltList> lists(terms);
  Pieces pieces(static_cast<uint32_t>(terms), options.pulse);
  run_parallel(std::max(1u, options.threads), [&](unsigned worker) {
    Blocker blocker(vectors, strongest, terms, options);
    Summariser summariser(vectors, terms, options);
    pieces.each(worker, [&](uint32_t t) {
      lists[t].rows = inverted.rows(t);
      lists[t].ends = blocker.split(t, lists[t].rows);
      lists[t].summaries = summariser.summarise(lists[t].rows, lists[t].ends);
    });
  });
  add_joined<uint32_t>(out, "seismic.postings", "seismic.rows", lists, [](BuiltList& l) -> auto& { return l.rows; });
  add_joined<uint32_t>(out, "seismic.blocks", "seismic.ends", lists, [](BuiltList& l) -> auto& { return l.ends; });
  add_joined<float>(out, nullptr, "seismic.steps", lists, [](BuiltList& l) -> auto& { return l.summaries.steps; });
  add_joined<uint8_t>(out, "seismic.summaries.start", "seismic.summaries", lists,
                      [](BuiltList& l) -> auto& { return l.summaries.bytes; });
  const auto terms_of = [](BuiltList& l) -> auto& { return l.summaries.terms; };
  if (terms > 65536) add_joined<uint32_t>(out, "seismic.directory", "seismic.terms", lists, terms_of);
  else add_joined<uint16_t>(out, "seismic.directory", "seismic.terms", lists, terms_of);
  lists.clear();
  if (options.neighbours > 0)
    out.push_back(make_section("seismic.neighbours", seismic_graph(space, out, options), false));
  return out;
}

}  // namespace gossamer::block
