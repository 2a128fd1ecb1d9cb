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

constexpr uint32_t kAllLayers = kLayers + 1;
constexpr size_t kMostTerms = 8192;       // more leave too few bits for each bound: such a query is scored row by row
constexpr size_t kAhead = 4;              // rows whose vectors are fetched while another is scored
constexpr size_t kScoredTogether = 32;    // candidates that are put in order at a time
constexpr double kRounding = 1e-6;        // relative slack of a bound in units

template <class T>
std::span<const T> part(const SectionBytes& sections, const std::string& name) {
  const auto found = sections.find(name);
  if (found == sections.end()) throw Damaged("section " + name + ": missing");
  if (found->second.size() % sizeof(T) != 0) throw Damaged("section " + name + ": not whole elements");
  return {reinterpret_cast<const T*>(found->second.data()), found->second.size() / sizeof(T)};
}

}  // namespace

// What a search needs to know of the query's lists.
struct Space::Plan {
  struct Term {
    const uint16_t *begin, *end;
    const uint16_t* at;    // the chunk to read next
    uint32_t cut;          // layers below this are not read
    uint32_t columns;      // the term's number
    std::array<uint16_t, kLayers> units;
  };
  // A part of a list between two steps.
  struct Piece {
    uint16_t term;
    uint16_t key;          // orders pieces: postings left out for each unit of bound
    uint32_t from, to;     // layers
    uint32_t postings;
    float bound;           // by which leaving it out raises what the term may still add
  };
  std::vector<Term> terms;
  std::vector<Piece> pieces, sorted;  // sorted: those that leave out most for what they risk first
  double scale = 0;                   // units of a score
};

struct Space::Scratch {
  std::vector<float> query;
  std::vector<uint16_t> bound = std::vector<uint16_t>(kWindowRows, 0);
  std::vector<uint16_t> found_row = std::vector<uint16_t>(kWindowRows), found_bound = std::vector<uint16_t>(kWindowRows);
  std::vector<uint64_t> candidates;   // bound, then row
  std::vector<uint32_t> scored;       // rows that step 1 has scored, ascending
  Plan plan;
  Cost cost;
};

Space::Space(const SectionBytes& sections, uint32_t rows, ValueKind kind, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)), columns_(part<uint32_t>(sections, "columns")) {
  const auto tops = part<float>(sections, "layers");
  if (tops.size() != kLayers) throw Damaged("section layers: wrong size");
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
  if (idle_.empty()) {
    auto scratch = std::make_unique<Scratch>();
    scratch->query.assign(forward_.query_size(), 0.0f);
    return scratch;
  }
  auto scratch = std::move(idle_.back());
  idle_.pop_back();
  return scratch;
}

void Space::give_back(std::unique_ptr<Scratch> scratch) const {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(scratch));
}

void Space::make_plan(const std::vector<QueryTerm>& query, Scratch& scratch) const {
  Plan& plan = scratch.plan;
  plan.terms.clear();
  plan.pieces.clear();
  double most = 0;
  for (const QueryTerm& q : query) {
    const auto found = std::lower_bound(columns_.begin(), columns_.end(), q.column);
    if (found == columns_.end() || *found != q.column) continue;
    const auto number = static_cast<uint32_t>(found - columns_.begin());
    scratch.query[number] = q.weight;
    const auto slot = static_cast<uint16_t>(plan.terms.size());
    plan.terms.push_back({lists_.begin(number), lists_.end(number), nullptr, 0, number, {}});
    if (plan.terms.back().begin > plan.terms.back().end) throw Damaged("section lists.offsets: out of order");
    Step before{0, 0, 0};
    for (const Step& step : lists_.steps(number)) {
      if (!(step.bound > before.bound) || step.left <= before.left || step.cut > kLayers)
        throw Damaged("section steps: out of order");
      const float bound = q.weight * (step.bound - before.bound);
      const uint32_t postings = step.left - before.left;
      // the exponent and two more bits of postings / bound: four keys an octave
      const auto ratio = std::bit_cast<uint32_t>(static_cast<float>(postings) / std::max(bound, 1e-30f));
      plan.pieces.push_back({slot, static_cast<uint16_t>(ratio >> 21), before.cut, step.cut, postings, bound});
      before = step;
    }
    most += double{q.weight} * before.bound;
  }
  plan.scale = (65535.0 - 2.0 * static_cast<double>(plan.terms.size())) / (most > 0 ? most : 1);
  if (!(most < 1e30) || (most > 0 && most < 1e-30)) plan.scale = std::numeric_limits<double>::infinity();
  for (Plan::Term& term : plan.terms)
    for (size_t l = 0; l < kLayers; ++l)
      term.units[l] = static_cast<uint16_t>(
          std::min(65534.0, std::floor(double{scratch.query[term.columns]} * layers_.top[l] * plan.scale)) + 1);
  // A stable counting sort, so that the pieces of a term keep their order.
  std::array<uint16_t, 1025> start{};
  for (const Plan::Piece& piece : plan.pieces) ++start[1024 - piece.key % 1024];
  for (size_t i = 1; i < start.size(); ++i) start[i] = static_cast<uint16_t>(start[i] + start[i - 1]);
  plan.sorted.resize(plan.pieces.size());
  for (const Plan::Piece& piece : plan.pieces) plan.sorted[start[1023 - piece.key % 1024]++] = piece;
}

void Space::offer(uint32_t row, Scratch& scratch, Collector& best) const {
  ++scratch.cost.scored;
  const double slack = 1 + 6e-8 * static_cast<double>(forward_.size(row) + 16);  // of a float32 sum in any order
  if (best.full() && forward_.about(row, scratch.query.data()) * slack < best.worst()) return;
  bool matched = false;
  const double score = forward_.exact(row, scratch.query.data(), matched);
  if (std::isnan(score)) throw Damaged("section forward.values: not a number");
  if (matched) best.offer({static_cast<float>(score), row});
}

void Space::first_rows(const Effort& effort, size_t k, const Bitmap* accept, Scratch& scratch, Collector& best) const {
  Plan& plan = scratch.plan;
  const size_t wanted = std::max<size_t>(effort.candidates, k + k / 4);
  const uint64_t enough = std::max<uint64_t>(effort.postings, 8 * wanted);
  for (Plan::Term& term : plan.terms) {
    term.at = term.begin;
    term.cut = kAllLayers;
  }
  uint64_t read = 0;
  for (auto piece = plan.sorted.rbegin(); piece != plan.sorted.rend() && read < enough; ++piece) {
    plan.terms[piece->term].cut = piece->from;
    read += piece->postings;
  }
  std::vector<uint64_t>& candidates = scratch.candidates;
  candidates.clear();
  uint64_t threshold = 0;
  uint16_t* const bound = scratch.bound.data();
  const auto thin = [&](size_t keep) {
    if (candidates.size() <= keep) return;
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(keep) - 1, candidates.end(), std::greater<>());
    candidates.resize(keep);
    threshold = candidates.back() >> 32;
  };
  for (uint32_t base = 0; base < rows(); base += kWindowRows) {
    const uint32_t size = std::min(kWindowRows, rows() - base);
    const auto each_list = [&](auto&& f) {
      for (Plan::Term& term : plan.terms) {
        if (term.cut == kAllLayers || term.at == term.end) continue;
        const Chunk chunk = Lists::chunk(term.at, term.end);
        if (chunk.window == base / kWindowRows) f(term, chunk);
      }
    };
    each_list([&](Plan::Term& term, const Chunk& chunk) {
      const uint16_t* row = chunk.rows;
      for (size_t i = 0; i < chunk.layers.size() && chunk.layers[i] >= term.cut; i += 2) {
        const uint16_t units = term.units[chunk.layers[i]];
        for (const uint16_t* const stop = row + chunk.layers[i + 1] + 1; row < stop; ++row)
          bound[*row] = static_cast<uint16_t>(bound[*row] + units);
      }
      scratch.cost.postings += static_cast<uint64_t>(row - chunk.rows);
    });
    each_list([&](Plan::Term& term, const Chunk& chunk) {
      const uint16_t* row = chunk.rows;
      for (size_t i = 0; i < chunk.layers.size() && chunk.layers[i] >= term.cut; i += 2)
        for (const uint16_t* const stop = row + chunk.layers[i + 1] + 1; row < stop; ++row) {
          const uint16_t found = std::exchange(bound[*row], uint16_t{0});  // a row that comes again counts once
          if (found <= threshold || *row >= size || (accept != nullptr && !(*accept)[base + *row])) continue;
          candidates.push_back(uint64_t{found} << 32 | (0xffffffffu - (base + *row)));
          if (candidates.size() >= 8 * wanted) thin(wanted);
        }
      term.at = chunk.end;
    });
  }
  thin(wanted);
  scratch.scored.clear();
  for (uint64_t& candidate : candidates) {
    candidate = 0xffffffffu - (candidate & 0xffffffffu);
    scratch.scored.push_back(static_cast<uint32_t>(candidate));
  }
  std::sort(scratch.scored.begin(), scratch.scored.end());
  for (size_t i = 0; i < scratch.scored.size(); ++i) {
    if (i + kAhead < scratch.scored.size()) forward_.prefetch(scratch.scored[i + kAhead]);
    offer(scratch.scored[i], scratch, best);
  }
}

void Space::all_rows(const Effort& effort, const Bitmap* accept, Scratch& scratch, Collector& best) const {
  Plan& plan = scratch.plan;
  for (Plan::Term& term : plan.terms) {
    term.at = term.begin;
    term.cut = 0;
  }
  const double budget = best.full() ? effort.share * best.worst() : 0;
  double rest = 0;
  for (const Plan::Piece& piece : plan.sorted) {
    uint32_t& cut = plan.terms[piece.term].cut;
    if (cut != piece.from || rest + piece.bound > budget) continue;
    rest += piece.bound;
    cut = piece.to;
  }
  const auto rest_units = static_cast<uint32_t>(std::min(65535.0, std::ceil(rest * (1 + kRounding) * plan.scale)));
  // Bounds below this cannot reach the k-th score; slack for the rounding of score and scale.
  const auto need = [&]() -> uint32_t {
    if (!best.full()) return 1;
    const double units = std::floor(best.worst() * (1 - kRounding) * plan.scale) - 1 - rest_units;
    return static_cast<uint32_t>(std::clamp(units, 1.0, 65535.0));
  };
  const ScanKernel scan = scan_kernel();
  uint16_t* const bound = scratch.bound.data();
  std::vector<uint64_t>& candidates = scratch.candidates;
  candidates.clear();
  const auto score_candidates = [&] {  // best bound first, so that the threshold rises early
    while (!candidates.empty()) {
      const size_t few = std::min(candidates.size(), kScoredTogether);
      if (candidates.size() > few)
        std::nth_element(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(few) - 1, candidates.end(), std::greater<>());
      std::sort(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(few), std::greater<>());
      for (size_t i = 0; i < few && (candidates[i] >> 32) >= need(); ++i) {
        if (i + kAhead < few) forward_.prefetch(0xffffffffu - static_cast<uint32_t>(candidates[i + kAhead]));
        offer(0xffffffffu - static_cast<uint32_t>(candidates[i]), scratch, best);
      }
      const uint32_t now = need();
      candidates.erase(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(few));
      std::erase_if(candidates, [now](uint64_t candidate) { return (candidate >> 32) < now; });
    }
  };
  for (uint32_t base = 0; base < rows(); base += kWindowRows) {
    const uint32_t size = std::min(kWindowRows, rows() - base);
    bool any = false;
    for (Plan::Term& term : plan.terms) {
      if (term.at == term.end) continue;
      const Chunk chunk = Lists::chunk(term.at, term.end);
      if (chunk.window != base / kWindowRows) continue;
      term.at = chunk.end;
      const uint16_t* row = chunk.rows;
      for (size_t i = 0; i < chunk.layers.size() && chunk.layers[i] >= term.cut; i += 2) {
        const uint16_t units = term.units[chunk.layers[i]];
        const uint16_t* const stop = row + chunk.layers[i + 1] + 1;
        for (; stop - row >= 4; row += 4) {
          bound[row[0]] = static_cast<uint16_t>(bound[row[0]] + units);
          bound[row[1]] = static_cast<uint16_t>(bound[row[1]] + units);
          bound[row[2]] = static_cast<uint16_t>(bound[row[2]] + units);
          bound[row[3]] = static_cast<uint16_t>(bound[row[3]] + units);
        }
        for (; row < stop; ++row) bound[*row] = static_cast<uint16_t>(bound[*row] + units);
      }
      any = any || row != chunk.rows;
      scratch.cost.postings += static_cast<uint64_t>(row - chunk.rows);
    }
    if (!any) continue;
    const size_t padded = (size_t{size} + 63) / 64 * 64;
    const size_t found = scan(bound, padded, static_cast<uint16_t>(need()), accept != nullptr ? &accept->words[base / 64] : nullptr,
                              scratch.found_row.data(), scratch.found_bound.data());
    for (size_t i = 0; i < found; ++i) {
      const uint32_t row = base + scratch.found_row[i];
      if (row >= rows() || std::binary_search(scratch.scored.begin(), scratch.scored.end(), row)) continue;
      candidates.push_back(uint64_t{scratch.found_bound[i]} << 32 | (0xffffffffu - row));
    }
    if (padded < kWindowRows) std::fill(bound + padded, bound + kWindowRows, uint16_t{0});  // only damaged rows lie there
    if (!best.full() || candidates.size() > kWindowRows) score_candidates();
  }
  score_candidates();
}

std::vector<Scored> Space::search(const std::vector<QueryTerm>& query, size_t k, const Effort& effort, const Bitmap* accept,
                                  Cost* cost) const {
  Best best(std::min<size_t>(k, rows()), order_.data());
  search(query, k, effort, accept, best, cost);
  return std::move(best).sorted();
}

void Space::search(const std::vector<QueryTerm>& query, size_t k, const Effort& effort, const Bitmap* accept, Collector& best,
                   Cost* cost) const {
  k = std::min<size_t>(k, rows());
  if (k == 0 || query.empty()) return;
  if (accept != nullptr && accept->words.empty()) accept = nullptr;
  if (query.size() > kMostTerms) return exhaustive(query, accept, best, cost);
  auto scratch = borrow();
  scratch->cost = {};
  scratch->scored.clear();
  make_plan(query, *scratch);  // where this throws, the scratch goes with the half search that it holds
  if (!std::isfinite(scratch->plan.scale)) return exhaustive(query, accept, best, cost);
  if (!scratch->plan.terms.empty()) {
    if (!effort.exact || !best.full()) first_rows(effort, k, accept, *scratch, best);  // else another space set a threshold
    if (effort.exact) all_rows(effort, accept, *scratch, best);
  }
  for (const Plan::Term& term : scratch->plan.terms) scratch->query[term.columns] = 0;
  if (cost != nullptr) {
    cost->postings += scratch->cost.postings;
    cost->scored += scratch->cost.scored;
  }
  give_back(std::move(scratch));
}

std::vector<Scored> Space::search(const std::vector<QueryTerm>& query, size_t k, const Traversal& traversal, const Bitmap* accept,
                                  Cost* cost) const {
  k = std::min<size_t>(k, rows());
  if (k == 0) return {};
  if (accept != nullptr && accept->words.empty()) accept = nullptr;
  auto scratch = borrow();
  std::vector<QueryTerm> terms;
  for (const QueryTerm& q : query) {
    const auto found = std::lower_bound(columns_.begin(), columns_.end(), q.column);
    if (found == columns_.end() || *found != q.column) continue;
    terms.push_back({static_cast<uint32_t>(found - columns_.begin()), q.weight});
    scratch->query[terms.back().column] = q.weight;
  }
  Best best(k, order_.data());
  Cost unused;
  if (!terms.empty()) traversal.search({terms, scratch->query.data()}, accept, best, cost != nullptr ? *cost : unused);
  for (const QueryTerm& term : terms) scratch->query[term.column] = 0;
  give_back(std::move(scratch));
  return std::move(best).sorted();
}

std::vector<Scored> Space::exhaustive(const std::vector<QueryTerm>& query, size_t k, const Bitmap* accept) const {
  Best best(std::min<size_t>(k, rows()), order_.data());
  if (k > 0) exhaustive(query, accept, best);
  return std::move(best).sorted();
}

void Space::exhaustive(const std::vector<QueryTerm>& query, const Bitmap* accept, Collector& best, Cost* cost) const {
  std::vector<float> dense(forward_.query_size(), 0.0f);
  for (const QueryTerm& q : query) {
    const auto found = std::lower_bound(columns_.begin(), columns_.end(), q.column);
    if (found != columns_.end() && *found == q.column) dense[static_cast<size_t>(found - columns_.begin())] = q.weight;
  }
  for (uint32_t row = 0; row < rows(); ++row) {
    if (accept != nullptr && !(*accept)[row]) continue;
    bool matched = false;
    const double score = forward_.exact(row, dense.data(), matched);
    if (std::isnan(score)) throw Damaged("section forward.values: not a number");
    if (cost != nullptr) ++cost->scored;
    if (matched) best.offer({static_cast<float>(score), row});
  }
}

}  // namespace gossamer::block
