// Search over several spaces at once: a score is one sum over their concatenated vocabularies, and so are its bounds. Text adds
// the one-byte bounds of its postings (traversal.cpp), vectors those of their lists' layers (block/plan.h), both in units of
// one scale, to the same 16-bit accumulators. As in block/search.h there are three steps:
//   1. a threshold, from the parts of the lists that promise most;
//   2. which parts need not be read: what they could add stays well below the threshold (`rest`);
//   3. bounds of all rows over the others, and the exact scores of those rows that may be among the best.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "index/scan.h"
#include "index/traversal_state.h"

namespace gossamer {

namespace {

constexpr uint32_t kWindow = block::kListWindow;  // rows that are bounded together: half a window of text
constexpr uint64_t kFirstPostings = 3000;         // that step 1 reads of each space
constexpr size_t kFirstRows = 16;                 // that step 1 scores, at least
constexpr double kUnreadShare = 0.1;              // of the threshold that unread parts of each space may add up to
constexpr double kRounding = 1e-6;                // relative slack of a bound in units
constexpr size_t kScoredTogether = 32;            // candidates that are put in order at a time
constexpr size_t kAhead = 4;                      // rows whose vectors are fetched while another is scored

}  // namespace

std::vector<Snapshot::Terms> Snapshot::by_space(const std::vector<QueryTerm>& query) {
  std::vector<Terms> parts;
  for (auto at = query.begin(); at != query.end();) {
    const auto end = std::find_if(at, query.end(), [at](const QueryTerm& term) { return term.space != at->space; });
    parts.emplace_back(at, end);
    at = end;
  }
  return parts;
}

std::vector<uint32_t> Snapshot::by_size() const {
  std::vector<uint32_t> order(segments_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, std::greater<>(), [&](uint32_t s) { return segments_[s]->rows(); });
  return order;
}

// The search of one segment.
struct Snapshot::SpaceSearch {
  const Snapshot& snapshot;
  const uint32_t number;
  const Segment& segment;
  const TextSpace& text;
  const Bitmap& accept;
  Scratch& scratch;
  TopDocuments& top;
  const bool grouped;
  std::span<VectorPart> vectors;

  // A term of the query's text; they ascend.
  struct List {
    const Plan::Term* term;
    const std::vector<Slice>* slices;
    const std::array<uint16_t, 256>* table;  // bound code -> contribution in units
    float most;                              // largest contribution
    uint64_t postings;
    bool read;                               // or left out, and only looked up in rows that are scored
    size_t slice;                            // the next one
    const uint16_t *at, *end;                // what is left of the slice before
  };
  std::vector<List> lists;
  double scale = 0;

  // False where units cannot bound scores.
  bool prepare(const Plan& plan);
  void read_strongest(size_t wanted);
  double leave_out(double budget);
  bool add_bounds(uint32_t window);
  void find(uint32_t window, uint16_t least);
  void score(uint32_t row);
  void score_all(size_t n, const std::function<uint32_t(size_t)>& row_at, const std::function<bool(size_t)>& wanted);
  void first_rows(size_t k);
  void all_rows();
};

bool Snapshot::SpaceSearch::prepare(const Plan& plan) {
  scratch.slices.resize(std::max(scratch.slices.size(), plan.terms.size()));
  scratch.table.resize(std::max(scratch.table.size(), plan.terms.size()));
  const std::vector<float>& ceiling = snapshot.ceiling_[number];
  double total = 0;
  size_t terms = 0;
  for (const Plan::Term& term : plan.terms) {
    const uint32_t of_segment = term.number[number];
    if (of_segment == kNoTerm) continue;
    const size_t place = lists.size();
    text.slices(of_segment, scratch.slices[place]);
    const auto most = static_cast<float>(term.weight * term.stats.idf * ceiling[text.term_max[of_segment]]);
    total += most;
    lists.push_back({&term, &scratch.slices[place], &scratch.table[place], most, text.frequency(of_segment), false, 0, nullptr, nullptr});
  }
  terms += lists.size();
  for (VectorPart& part : vectors) {
    part.plan.make(part.magnitudes, part.space->block().lists(), part.space->block().layers());
    total += part.plan.most;
    terms += part.columns.size();
  }
  if (!(total < 1e30) || !(total > 1e-30)) return false;
  scale = (65535.0 - 2.0 * static_cast<double>(terms)) / total;
  for (VectorPart& part : vectors) part.plan.rescale(scale, part.magnitudes, part.space->block().layers());
  for (size_t i = 0; i < lists.size(); ++i) {
    const auto unit = static_cast<float>(lists[i].term->weight * lists[i].term->stats.idf * scale);
    const auto limit = static_cast<float>(lists[i].most * scale);
    for (size_t code = 0; code < 256; ++code)  // codes above the term's largest do not occur
      scratch.table[i][code] = static_cast<uint16_t>(std::min(unit * ceiling[code], limit) + 1.0f);
  }
  return true;
}

// Of each space the parts that promise most for a posting, until there are enough.
void Snapshot::SpaceSearch::read_strongest(size_t wanted) {
  const uint64_t enough = std::max<uint64_t>(kFirstPostings, 8 * wanted);
  for (VectorPart& part : vectors) part.plan.read_strongest(enough);
  std::vector<List*> order;
  for (List& list : lists) {
    list.read = false;
    list.slice = 0;
    order.push_back(&list);
  }
  std::ranges::sort(order, std::greater<>(), [](const List* list) { return list->most / static_cast<float>(list->postings); });
  uint64_t read = 0;
  for (List* list : order) {
    if (read >= enough) break;
    list->read = true;
    read += list->postings;
  }
}

// Leaves out of each space what adds at most `budget` to any row; gives back how much all of it adds.
double Snapshot::SpaceSearch::leave_out(double budget) {
  double rest = 0, of_text = 0;
  for (VectorPart& part : vectors) rest += part.plan.leave_out(budget);
  std::vector<List*> order;
  for (List& list : lists) {
    list.read = true;
    list.slice = 0;
    order.push_back(&list);
  }
  std::ranges::sort(order, std::less<>(), [](const List* list) { return list->most / static_cast<float>(list->postings); });
  for (List* list : order) {
    if (!(of_text + list->most < budget)) continue;
    of_text += list->most;
    list->read = false;
  }
  return rest + of_text;
}

// Adds up the bounds of the rows of a window; false where there are none. Windows ascend.
bool Snapshot::SpaceSearch::add_bounds(uint32_t window) {
  uint16_t* const bound = scratch.bound.data();
  uint64_t read = 0;
  for (VectorPart& part : vectors) read += part.plan.add_bounds(window, bound);
  const uint32_t of_text = window * kWindow / kWindowRows;
  const bool first = window * kWindow % kWindowRows == 0;  // half of it
  for (List& list : lists) {
    if (!list.read) continue;
    if (first) {
      list.at = list.end = text.rows.data();
      if (list.slice < list.slices->size() && (*list.slices)[list.slice].window == of_text) {
        const Slice& slice = (*list.slices)[list.slice++];
        list.at = text.rows.data() + slice.begin;
        list.end = text.rows.data() + slice.end;
      }
    }
    const uint16_t* const stop = first ? std::lower_bound(list.at, list.end, uint16_t{kWindow}) : list.end;
    const uint8_t* code = text.bounds.data() + (list.at - text.rows.data());
    const std::array<uint16_t, 256>& table = *list.table;
    read += static_cast<uint64_t>(stop - list.at);
    for (const uint16_t* row = list.at; row < stop; ++row, ++code) {
      uint16_t& sum = bound[*row % kWindow];  // damaged rows land somewhere in the window
      sum = static_cast<uint16_t>(sum + table[*code]);
    }
    list.at = stop;
  }
  scratch.postings += read;
  return read > 0;
}

// Appends the rows of the window whose bound is at least `least` to the candidates.
void Snapshot::SpaceSearch::find(uint32_t window, uint16_t least) {
  const ScanKernel scan = scan_kernel();
  const uint32_t base = window * kWindow, size = std::min(kWindow, segment.rows() - base);
  for (uint32_t from = 0; from < size; from += kBlockRows) {
    const size_t found = scan(scratch.bound.data() + from, kBlockRows, least,
                              accept.words.empty() ? nullptr : &accept.words[(base + from) / 64], scratch.found_row.data(),
                              scratch.found_bound.data());
    for (size_t i = 0; i < found; ++i) {
      const uint32_t row = base + from + scratch.found_row[i];
      if (row < segment.rows()) scratch.candidates.push_back(uint64_t{scratch.found_bound[i]} << 32 | (0xffffffffu - row));
    }
  }
}

void Snapshot::SpaceSearch::score(uint32_t row) {
  ++scratch.candidates_scored;
  double score = 0;
  bool matched = false;
  if (!lists.empty()) {
    const RowNorm norm = snapshot.norm_of(text, row);
    for (const List& list : lists) {
      const auto slice = std::ranges::lower_bound(*list.slices, row / kWindowRows, {}, &Slice::window);
      if (slice == list.slices->end() || slice->window != row / kWindowRows) continue;
      const auto posting = text.locate(*slice, row);
      if (!posting) continue;
      matched = true;
      score += list.term->weight * snapshot.weight(text, list.term->stats, *posting, norm);
    }
  }
  for (const VectorPart& part : vectors) score = part.add(row, score, matched);
  if (matched) top.offer({static_cast<float>(score), number, row, segment.document_of(row), segment.order(row)}, grouped);
}

// Scores rows as long as they are wanted, while the vectors of the next ones are on their way.
void Snapshot::SpaceSearch::score_all(size_t n, const std::function<uint32_t(size_t)>& row_at, const std::function<bool(size_t)>& wanted) {
  const auto fetch = [&](size_t i) {
    for (const VectorPart& part : vectors) {
      if (i + kAhead < n) part.space->forward().prefetch_place(row_at(i + kAhead));
      part.space->forward().prefetch(row_at(i));
    }
  };
  for (size_t i = 0; i < std::min(n, kAhead); ++i) fetch(i);
  for (size_t i = 0; i < n; ++i) {
    if (i + kAhead < n) fetch(i + kAhead);
    if (!wanted(i)) return;
    score(row_at(i));
  }
}

void Snapshot::SpaceSearch::first_rows(size_t k) {
  const size_t wanted = std::max(kFirstRows, k + k / 4);
  read_strongest(wanted);
  std::vector<uint64_t>& candidates = scratch.candidates;
  candidates.clear();
  uint16_t least = 1;
  const auto thin = [&] {
    if (candidates.size() <= wanted) return;
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(wanted) - 1, candidates.end(), std::greater<>());
    candidates.resize(wanted);
    least = static_cast<uint16_t>(std::min<uint64_t>(65535, (candidates.back() >> 32) + 1));
  };
  for (uint32_t window = 0; window * uint64_t{kWindow} < segment.rows(); ++window) {
    if (!add_bounds(window)) continue;
    find(window, least);
    thin();
  }
  for (const uint64_t candidate : candidates) scratch.scored.push_back(0xffffffffu - static_cast<uint32_t>(candidate));
  std::ranges::sort(scratch.scored);
  score_all(scratch.scored.size(), [&](size_t i) { return scratch.scored[i]; }, [](size_t) { return true; });
}

void Snapshot::SpaceSearch::all_rows() {
  const double rest = leave_out(top.full() ? kUnreadShare * top.worst() : 0);
  const double rest_units = std::min(65535.0, std::ceil(rest * (1 + kRounding) * scale));
  // Bounds below this cannot reach the k-th score; slack for the rounding of score and scale.
  const auto need = [&]() -> uint32_t {
    if (!top.full()) return 1;
    return static_cast<uint32_t>(std::clamp(std::floor(top.worst() * (1 - kRounding) * scale) - 1 - rest_units, 1.0, 65535.0));
  };
  std::vector<uint64_t>& candidates = scratch.candidates;
  candidates.clear();
  const auto score_candidates = [&] {  // best bound first, so that the threshold rises early
    while (!candidates.empty()) {
      const auto few = candidates.begin() + static_cast<ptrdiff_t>(std::min(candidates.size(), kScoredTogether));
      if (few != candidates.end()) std::nth_element(candidates.begin(), few - 1, candidates.end(), std::greater<>());
      std::sort(candidates.begin(), few, std::greater<>());
      score_all(static_cast<size_t>(few - candidates.begin()), [&](size_t i) { return 0xffffffffu - static_cast<uint32_t>(candidates[i]); },
                [&](size_t i) { return (candidates[i] >> 32) >= need(); });
      candidates.erase(candidates.begin(), few);
      const uint32_t now = need();
      std::erase_if(candidates, [now](uint64_t candidate) { return (candidate >> 32) < now; });
    }
  };
  for (uint32_t window = 0; window * uint64_t{kWindow} < segment.rows(); ++window) {
    if (!add_bounds(window)) continue;
    const size_t before = candidates.size();
    find(window, static_cast<uint16_t>(need()));
    const auto known = [&](uint64_t candidate) {
      return std::ranges::binary_search(scratch.scored, 0xffffffffu - static_cast<uint32_t>(candidate));
    };
    candidates.erase(std::remove_if(candidates.begin() + static_cast<ptrdiff_t>(before), candidates.end(), known), candidates.end());
    if (!top.full() || candidates.size() > kWindow) score_candidates();
  }
  score_candidates();
}

void Snapshot::search_spaces(const std::vector<Terms>& query, size_t k, bool exhaust, const Filter& accepts, TopDocuments& top,
                             TraversalCost& cost) const {
  const bool with_text = is_text(query.front());
  const std::span<const Terms> of_vectors = std::span(query).subspan(with_text ? 1 : 0);
  const Plan plan = with_text ? make_plan(query.front()) : Plan();
  size_t terms = 0;
  for (const Terms part : query) terms += part.size();
  exhaust = exhaust || terms > block::kMostTerms || (with_text && !can_prune(plan));
  auto scratch = borrow();  // where this throws, the scratch goes with the half search that it holds
  scratch->postings = scratch->candidates_scored = 0;
  scratch->vectors.resize(of_vectors.size());
  for (uint32_t s : by_size()) {
    const Segment& segment = *segments_[s];
    for (size_t i = 0; i < of_vectors.size(); ++i) {
      VectorPart& part = scratch->vectors[i];
      part.space = segment.vectors(of_vectors[i].front().space);
      if (part.space == nullptr) throw std::invalid_argument("a space of vectors expected");
      part.columns = columns_of(*part.space, of_vectors[i]);
      part.magnitudes = part.columns;
      for (block::QueryTerm& term : part.magnitudes) term.weight = std::fabs(term.weight);
      if (part.room < part.space->forward().query_size()) {
        part.room = part.space->forward().query_size();
        part.dense = block::DenseQuery(part.room);
      }
      for (const block::QueryTerm& term : part.columns) part.dense.set(term.column, term.weight);
    }
    const bool grouped = segment.rows() != segment.documents();
    const size_t wanted = std::min<size_t>(segment.rows(), grouped ? 2 * k : k);  // several rows of a document may be among the best
    SpaceSearch search{*this, s, segment, segment.space(), accepts[s], *scratch, top, grouped, scratch->vectors, {}, 0};
    scratch->scored.clear();
    if (exhaust || !search.prepare(plan)) {
      exhaustive(plan, s, scratch->vectors, accepts[s], *scratch, top);
    } else {
      if (!top.full()) search.first_rows(wanted);
      search.all_rows();
    }
    for (VectorPart& part : scratch->vectors) part.dense.clear();
  }
  cost = {scratch->postings, scratch->candidates_scored};
  give_back(std::move(scratch));
}

bool Snapshot::prunes(const std::vector<QueryTerm>& query) const {
  const auto parts = by_space(query);
  const bool with_text = parts.empty() ? text_ : is_text(parts.front());
  return query.size() <= block::kMostTerms && (!with_text || can_prune(make_plan(parts.empty() ? Terms() : parts.front())));
}

}  // namespace gossamer
