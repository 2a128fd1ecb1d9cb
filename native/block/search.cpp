#include "block/search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "index/scan.h"

namespace gossamer::block {

namespace {

constexpr size_t kAhead = 16;             // rows whose vectors are fetched while another is scored
constexpr size_t kScoredTogether = 32;    // candidates that are put in order at a time
constexpr double kRounding = 1e-6;        // relative slack of a bound in units
constexpr size_t kMostTogether = 65535;   // spaces that favourites can name

// How many rows step 1 scores.
size_t wanted(const Effort& effort, size_t k) { return std::max<size_t>(effort.candidates, k + k / 4); }

template <class T>
std::span<const T> part(const SectionBytes& sections, const std::string& name) {
  const auto found = sections.find(name);
  if (found == sections.end()) throw Damaged("section " + name + ": missing");
  if (found->second.size() % sizeof(T) != 0) throw Damaged("section " + name + ": not whole elements");
  return {reinterpret_cast<const T*>(found->second.data()), found->second.size() / sizeof(T)};
}

}  // namespace

struct Space::Scratch {
  explicit Scratch(size_t query_size) : query(query_size) {}
  DenseQuery query;                   // by term number
  std::vector<QueryTerm> terms;
  std::vector<uint16_t> bound = std::vector<uint16_t>(65536, 0);  // of the rows of a window; only damaged rows lie beyond it
  std::vector<uint16_t> found_row = std::vector<uint16_t>(kListWindow), found_bound = std::vector<uint16_t>(kListWindow);
  std::vector<uint64_t> candidates;   // bound, then row
  std::vector<uint32_t> scored;       // rows that step 1 has scored, ascending
  Plan plan;
  Cost cost;
};

Space::Space(const SectionBytes& sections, uint32_t rows, ValueKind kind, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)), columns_(part<uint32_t>(sections, "columns")) {
  const auto tops = part<float>(sections, "layers");
  if (tops.size() != kLayers) throw Damaged("section layers: wrong size");
  const auto falls = [](float a, float b) { return !(a <= b); };
  if (!(tops.front() >= 0) || !std::isfinite(tops.back()) || std::adjacent_find(tops.begin(), tops.end(), falls) != tops.end())
    throw Damaged("section layers: out of order");
  std::copy(tops.begin(), tops.end(), layers_.top.begin());
  const auto steps = part<Step>(sections, "steps");
  lists_ = Lists(part<uint64_t>(sections, "lists.offsets"), part<uint16_t>(sections, "lists"),
                 part<uint32_t>(sections, "steps.offsets"), steps);
  if (lists_.terms() != columns_.size()) throw Damaged("section lists.offsets: wrong size");
  const auto scales = kind == ValueKind::u8 ? part<float>(sections, "forward.scales") : std::span<const float>();
  forward_ = Forward(part<uint64_t>(sections, "forward.offsets"), part<uint8_t>(sections, "forward.columns"),
                     part<uint8_t>(sections, "forward.values"), scales, static_cast<uint32_t>(columns_.size()), kind);
  if (forward_.rows() != rows) throw Damaged("section forward.offsets: wrong size");
  if (sections.contains("order")) {
    order_ = part<uint32_t>(sections, "order");
    if (order_.size() != rows) throw Damaged("section order: wrong size");
    if (std::any_of(order_.begin(), order_.end(), [rows](uint32_t row) { return row >= rows; }))
      throw Damaged("section order: no such row");
  }
}

Space::~Space() = default;

std::unique_ptr<Space::Scratch> Space::borrow() const {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Scratch>(forward_.query_size());
  auto scratch = std::move(idle_.back());
  idle_.pop_back();
  return scratch;
}

void Space::give_back(std::unique_ptr<Scratch> scratch) const {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(scratch));
}

std::optional<uint32_t> Space::number_of(uint32_t column) const {
  if (columns_.empty() || column > columns_.back()) return std::nullopt;
  // Columns ascend, so that a number is at most its column, and less by no more columns than are left out in all.
  const size_t left_out = columns_.back() + size_t{1} - std::min<size_t>(columns_.size(), columns_.back() + size_t{1});
  const auto last = columns_.begin() + static_cast<ptrdiff_t>(std::min<size_t>(column + size_t{1}, columns_.size()));
  const auto first = columns_.begin() + static_cast<ptrdiff_t>(std::min<size_t>(column - std::min<size_t>(column, left_out), columns_.size()));
  const auto found = std::lower_bound(first, last, column);
  if (found == last || *found != column) return std::nullopt;
  return static_cast<uint32_t>(found - columns_.begin());
}

void Space::number_terms(const std::vector<QueryTerm>& query, Scratch& scratch) const {
  scratch.terms.clear();
  for (const QueryTerm& q : query) {
    const std::optional<uint32_t> number = number_of(q.column);
    if (!number) continue;
    scratch.query.set(*number, q.weight);
    scratch.terms.push_back({*number, std::fabs(q.weight)});
  }
}

// Calls score(row_at(i)) for i from 0 to n until it gives back false, while the vectors of the next rows are on their way.
template <class RowAt, class Score>
void Space::fetch_ahead(size_t n, RowAt&& row_at, Score&& score) const {
  for (size_t i = 0; i < std::min(n, 2 * kAhead); ++i) forward_.prefetch_place(row_at(i));
  for (size_t i = 0; i < std::min(n, kAhead); ++i) forward_.prefetch(row_at(i));
  for (size_t i = 0; i < n; ++i) {
    if (i + 2 * kAhead < n) forward_.prefetch_place(row_at(i + 2 * kAhead));
    if (i + kAhead < n) forward_.prefetch(row_at(i + kAhead));
    if (!score(row_at(i))) return;
  }
}

void Space::offer(uint32_t row, Scratch& scratch, Collector& best) const {
  ++scratch.cost.scored;
  bool matched = false;
  const double score = forward_.exact(row, scratch.query, matched);
  if (std::isnan(score)) throw Damaged("section forward.values: not a number");
  if (matched) best.offer({static_cast<float>(score), row});
}

bool Space::read_window(uint32_t window, Scratch& scratch) const {
  const uint64_t read = scratch.plan.add_bounds(window, scratch.bound.data());
  scratch.cost.postings += read;
  return read > 0;
}

// Rows by their bounds, of one space or several; at most about 8 * wanted at a time.
struct Space::Favourites {
  size_t wanted;
  std::vector<uint64_t>& rows;  // bound, then space and row, both inverted: of equal bounds the first counts more
  uint16_t threshold = 1;       // a lower bound is not among those wanted

  Favourites(size_t wanted, std::vector<uint64_t>& rows) : wanted(wanted), rows(rows) { rows.clear(); }
  void add(uint16_t bound, uint16_t space, uint32_t row) {
    rows.push_back(uint64_t{bound} << 48 | uint64_t{static_cast<uint16_t>(~space)} << 32 | ~row);
  }
  void thin() {
    if (rows.size() <= wanted) return;
    std::nth_element(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(wanted) - 1, rows.end(), std::greater<>());
    rows.resize(wanted);
    threshold = static_cast<uint16_t>(std::min<uint64_t>(65535, (rows.back() >> 48) + 1));
  }
  static uint16_t space(uint64_t favoured) { return static_cast<uint16_t>(~(favoured >> 32)); }
  static uint32_t row(uint64_t favoured) { return ~static_cast<uint32_t>(favoured); }
};

// Bounds from what the plan reads; leaves the rows of this space that may be wanted among the others.
void Space::favour(uint16_t space, const Bitmap* accept, Scratch& scratch, Favourites& favourites) const {
  const ScanKernel scan = scan_kernel();
  for (uint32_t base = 0; base < rows(); base += kListWindow) {
    if (!read_window(base / kListWindow, scratch)) continue;
    constexpr uint32_t kScanned = 1024;  // rows, before the threshold is looked at again
    const uint32_t size = std::min(kListWindow, rows() - base);
    for (uint32_t from = 0; from < size; from += kScanned) {
      const size_t found = scan(scratch.bound.data() + from, kScanned, favourites.threshold,
                                accept != nullptr ? &accept->words[(base + from) / 64] : nullptr, scratch.found_row.data(),
                                scratch.found_bound.data());
      for (size_t i = 0; i < found; ++i) {
        const uint32_t row = base + from + scratch.found_row[i];
        if (row < rows()) favourites.add(scratch.found_bound[i], space, row);
      }
      if (favourites.rows.size() >= 8 * favourites.wanted) favourites.thin();
    }
  }
}

void Space::score_favoured(std::span<const uint64_t> favoured, Scratch& scratch, Collector& best) const {
  scratch.scored.clear();
  for (const uint64_t one : favoured) scratch.scored.push_back(Favourites::row(one));
  std::sort(scratch.scored.begin(), scratch.scored.end());
  fetch_ahead(scratch.scored.size(), [&](size_t i) { return scratch.scored[i]; },
              [&](uint32_t row) { offer(row, scratch, best); return true; });
}

void Space::first_rows(const Effort& effort, size_t k, const Bitmap* accept, Scratch& scratch, Collector& best) const {
  Favourites favourites(wanted(effort, k), scratch.candidates);
  scratch.plan.read_strongest(std::max<uint64_t>(effort.postings, 8 * favourites.wanted));
  favour(0, accept, scratch, favourites);
  favourites.thin();
  score_favoured(favourites.rows, scratch, best);
}

void Space::all_rows(const Effort& effort, const Bitmap* accept, Scratch& scratch, Collector& best) const {
  Plan& plan = scratch.plan;
  const double rest = plan.leave_out(best.full() ? effort.share * best.worst() : 0);
  const auto rest_units = static_cast<uint32_t>(std::min(65535.0, std::ceil(rest * (1 + kRounding) * plan.scale)));
  // Bounds below this cannot reach the k-th score; slack for the rounding of score and scale.
  const auto need = [&]() -> uint32_t {
    if (!best.full()) return 1;
    const double units = std::floor(best.worst() * (1 - kRounding) * plan.scale) - 1 - rest_units;
    return static_cast<uint32_t>(std::clamp(units, 1.0, 65535.0));
  };
  const ScanKernel scan = scan_kernel();
  std::vector<uint64_t>& candidates = scratch.candidates;
  candidates.clear();
  const auto score_candidates = [&] {  // best bound first, so that the threshold rises early
    while (!candidates.empty()) {
      const size_t few = std::min(candidates.size(), kScoredTogether);
      if (candidates.size() > few)
        std::nth_element(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(few) - 1, candidates.end(), std::greater<>());
      std::sort(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(few), std::greater<>());
      size_t i = 0;
      fetch_ahead(few, [&](size_t at) { return 0xffffffffu - static_cast<uint32_t>(candidates[at]); }, [&](uint32_t row) {
        if ((candidates[i++] >> 32) < need()) return false;
        if (!std::binary_search(scratch.scored.begin(), scratch.scored.end(), row)) offer(row, scratch, best);
        return true;
      });
      const uint32_t now = need();
      candidates.erase(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(few));
      std::erase_if(candidates, [now](uint64_t candidate) { return (candidate >> 32) < now; });
    }
  };
  for (uint32_t base = 0; base < rows(); base += kListWindow) {
    if (!read_window(base / kListWindow, scratch)) continue;
    const size_t padded = (size_t{std::min(kListWindow, rows() - base)} + 63) / 64 * 64;
    const size_t found = scan(scratch.bound.data(), padded, static_cast<uint16_t>(need()),
                              accept != nullptr ? &accept->words[base / 64] : nullptr, scratch.found_row.data(),
                              scratch.found_bound.data());
    for (size_t i = 0; i < found; ++i) {
      const uint32_t row = base + scratch.found_row[i];
      if (row < rows()) candidates.push_back(uint64_t{scratch.found_bound[i]} << 32 | (0xffffffffu - row));
    }
    if (!best.full() || candidates.size() > kListWindow) score_candidates();
  }
  score_candidates();
}

std::vector<Scored> Space::search(const std::vector<QueryTerm>& query, size_t k, const Effort& effort, const Bitmap* accept,
                                  Cost* cost) const {
  Best best(std::min<size_t>(k, rows()), order_.data());
  search(query, k, effort, accept, best, cost);
  return std::move(best).sorted();
}

// The query and its plan in scratch space; where this throws, the scratch goes with the half search that it holds.
std::unique_ptr<Space::Scratch> Space::planned(const std::vector<QueryTerm>& query) const {
  auto scratch = borrow();
  scratch->cost = {};
  scratch->scored.clear();
  number_terms(query, *scratch);
  scratch->plan.make(scratch->terms, lists_, layers_);
  return scratch;
}

void Space::done(std::unique_ptr<Scratch> scratch, Cost* cost) const {
  scratch->query.clear();
  if (cost != nullptr) {
    cost->postings += scratch->cost.postings;
    cost->scored += scratch->cost.scored;
  }
  give_back(std::move(scratch));
}

void Space::search(const std::vector<QueryTerm>& query, size_t k, const Effort& effort, const Bitmap* accept, Collector& best,
                   Cost* cost) const {
  k = std::min<size_t>(k, rows());
  if (k == 0 || query.empty()) return;
  if (accept != nullptr && accept->words.empty()) accept = nullptr;
  if (query.size() > kMostTerms) return exhaustive(query, accept, best, cost);
  auto scratch = planned(query);
  if (!std::isfinite(scratch->plan.scale)) return exhaustive(query, accept, best, cost);
  if (!scratch->terms.empty()) {
    if (!effort.exact || !best.full()) first_rows(effort, k, accept, *scratch, best);  // else another space set a threshold
    if (effort.exact) all_rows(effort, accept, *scratch, best);
  }
  done(std::move(scratch), cost);
}

void Space::search_together(std::span<const Part> parts, size_t k, const Effort& effort, Cost* cost) {
  std::vector<std::unique_ptr<Scratch>> scratches;
  double scale = std::numeric_limits<double>::infinity();
  uint64_t postings = 0, rows = 0;
  bool fits = parts.size() <= kMostTogether;
  for (const Part& part : parts) {
    fits = fits && part.query.size() <= kMostTerms;
    if (!fits) break;
    Scratch& scratch = *scratches.emplace_back(part.space.planned(part.query));
    fits = std::isfinite(scratch.plan.scale);
    scale = std::min(scale, scratch.plan.scale);
    postings += scratch.plan.postings();
    rows += part.space.rows();
  }
  if (!fits || k == 0 || postings == 0) {
    for (const Part& part : parts) part.space.search(part.query, k, {}, part.accept, part.best, cost);
    return;
  }
  Favourites favourites(wanted(effort, std::min<size_t>(k, rows)), scratches.front()->candidates);
  const double share = static_cast<double>(std::max<uint64_t>(effort.postings, 8 * favourites.wanted)) / static_cast<double>(postings);
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto& [space, query, accept, best] = parts[i];
    Scratch& scratch = *scratches[i];
    if (scratch.plan.scale != scale) scratch.plan.rescale(scale, scratch.terms, space.layers_);
    scratch.plan.read_strongest(static_cast<uint64_t>(std::ceil(share * static_cast<double>(scratch.plan.postings()))));
    space.favour(static_cast<uint16_t>(i), accept != nullptr && accept->words.empty() ? nullptr : accept, scratch, favourites);
  }
  favourites.thin();
  std::vector<uint64_t>& all = favourites.rows;
  std::sort(all.begin(), all.end(), [](uint64_t a, uint64_t b) { return Favourites::space(a) < Favourites::space(b); });
  auto from = all.begin();
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto to = std::find_if(from, all.end(), [i](uint64_t one) { return Favourites::space(one) != i; });
    parts[i].space.score_favoured({from, to}, *scratches[i], parts[i].best);
    from = to;
  }
  for (size_t i = 0; i < parts.size(); ++i) parts[i].space.done(std::move(scratches[i]), cost);
}

std::vector<Scored> Space::search(const std::vector<QueryTerm>& query, size_t k, const Traversal& traversal, const Bitmap* accept,
                                  Cost* cost) const {
  k = std::min<size_t>(k, rows());
  if (k == 0) return {};
  if (accept != nullptr && accept->words.empty()) accept = nullptr;
  auto scratch = borrow();
  number_terms(query, *scratch);
  Best best(k, order_.data());
  Cost unused;
  if (!scratch->terms.empty()) traversal.search({scratch->terms, scratch->query}, accept, best, cost != nullptr ? *cost : unused);
  scratch->query.clear();
  give_back(std::move(scratch));
  return std::move(best).sorted();
}

std::vector<Scored> Space::exhaustive(const std::vector<QueryTerm>& query, size_t k, const Bitmap* accept) const {
  Best best(std::min<size_t>(k, rows()), order_.data());
  if (k > 0) exhaustive(query, accept, best);
  return std::move(best).sorted();
}

void Space::exhaustive(const std::vector<QueryTerm>& query, const Bitmap* accept, Collector& best, Cost* cost) const {
  DenseQuery dense(forward_.query_size());
  for (const QueryTerm& q : query) {
    if (const auto number = number_of(q.column)) dense.set(*number, q.weight);
  }
  for (uint32_t row = 0; row < rows(); ++row) {
    if (accept != nullptr && !(*accept)[row]) continue;
    bool matched = false;
    const double score = forward_.exact(row, dense, matched);
    if (std::isnan(score)) throw Damaged("section forward.values: not a number");
    if (cost != nullptr) ++cost->scored;
    if (matched) best.offer({static_cast<float>(score), row});
  }
}

}  // namespace gossamer::block
