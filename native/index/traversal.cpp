#include "index/traversal.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>

#include "index/scan.h"
#include "index/traversal_state.h"

namespace gossamer {

namespace {

constexpr uint32_t kFirstBlockRows = 1024;  // without a threshold yet; each block is twice as long as the one before
constexpr double kLookedUpShare = 0.25;     // of the threshold: more saves postings but costs look-ups of more candidates
constexpr size_t kScoredTogether = 16;      // rows of a block that are scored before the threshold is looked at again
constexpr size_t kMostPrunedTerms = 1024;   // more query terms than this leave too few bits for each bound

// std::lower_bound without branches that the processor would mispredict.
const uint16_t* lower_bound(const uint16_t* first, const uint16_t* last, uint16_t wanted) {
  auto length = static_cast<size_t>(last - first);
  while (length > 0) {
    const size_t half = (length + 1) / 2;
    first += first[half - 1] < wanted ? half : 0;
    length -= half;
  }
  return first;
}

}  // namespace

struct Snapshot::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Scratch>> idle;
};

Snapshot::Snapshot(std::vector<std::shared_ptr<const Segment>> segments, std::vector<Bitmap> accepts, bool text, Bm25 scoring)
    : segments_(std::move(segments)), accepts_(std::move(accepts)), text_(text), scoring_(scoring),
      pool_(std::make_unique<Pool>()) {
  FieldTotals totals(scoring_.fields.size());
  for (const auto& segment : segments_) {
    rows_ += segment->rows();
    tokens_ += segment->space().tokens;
    if (segment->space().fields.words.size() != scoring_.fields.size()) throw Damaged("section fields.words: other fields");
    totals.add(segment->space().fields);
  }
  means_ = {rows_ > 0 ? static_cast<double>(tokens_) / static_cast<double>(rows_) : 0, totals.means()};
  for (const auto& segment : segments_) {
    std::vector<float>& ceiling = ceiling_.emplace_back(256, 0.0f);
    const TextSpace& space = segment->space();
    double growth = space.written_mean > 0 ? std::max(1.0, means_.length / space.written_mean) : 1.0;
    const std::vector<double> written = space.fields.means();
    for (size_t f = 0; f < written.size(); ++f)
      if (written[f] > 0) growth = std::max(growth, means_.fields[f] / written[f]);
    for (unsigned code = 1; code < 256; ++code) {
      if (!scoring_.prunable()) break;
      const double most = tf_part_at(scoring_, growth * bound_ratio(static_cast<uint8_t>(code), space.largest_ratio));
      ceiling[code] = static_cast<float>(most * (1 + 1e-6));
    }
  }
}

Snapshot::~Snapshot() = default;

std::unique_ptr<Snapshot::Scratch> Snapshot::borrow() const {
  const std::lock_guard lock(pool_->mutex);
  if (pool_->idle.empty()) return std::make_unique<Scratch>();
  auto scratch = std::move(pool_->idle.back());
  pool_->idle.pop_back();
  return scratch;
}

void Snapshot::give_back(std::unique_ptr<Scratch> scratch) const {
  const std::lock_guard lock(pool_->mutex);
  pool_->idle.push_back(std::move(scratch));
}

Snapshot::Plan Snapshot::make_plan(std::span<const QueryTerm> query) const {
  Plan plan;
  for (const QueryTerm& q : query) {
    if (q.weight == 0) continue;
    Plan::Term term{&q.term, q.weight, {1, 1}, std::vector<uint32_t>(segments_.size(), kNoTerm)};
    uint64_t frequency = 0, mass = 0;
    for (size_t s = 0; s < segments_.size(); ++s) {
      const TextSpace& space = segments_[s]->space();
      const uint32_t number = term.number[s] = space.terms.find(q.term);
      if (number == kNoTerm) continue;
      frequency += space.frequency(number);
      mass += space.cf[number];
    }
    if (frequency == 0) continue;
    term.stats = term_weight(scoring_, static_cast<double>(rows_), static_cast<double>(frequency), static_cast<double>(mass),
                             static_cast<double>(tokens_));
    plan.query_length += q.weight;
    plan.terms.push_back(std::move(term));
  }
  return plan;
}

bool Snapshot::can_prune(const Plan& plan) const {
  if (!scoring_.prunable()) return false;
  if (plan.terms.size() > kMostPrunedTerms) return false;
  for (const Plan::Term& t : plan.terms)
    if (t.weight < 0 || t.stats.idf < 0) return false;
  for (const auto& segment : segments_)
    if (segment->space().bounds.size() != segment->space().rows.size()) return false;
  return true;
}

std::vector<Hit> Snapshot::top_k(const std::vector<QueryTerm>& query, size_t k, const How& how, const Filter* filter,
                                 TraversalCost* cost) const {
  if (k == 0 || rows_ == 0) return {};
  TopDocuments top(std::min<uint64_t>(k, rows_));
  TraversalCost touched;
  const auto parts = by_space(query);
  if (parts.size() > 1) search_spaces(parts, k, how.exhaustive, checked(filter), top, touched);
  else if (parts.size() == 1 && is_text(parts[0])) search_text(query, how.exhaustive, checked(filter), top, touched);
  else if (parts.size() == 1) search_vectors(segment_queries(parts[0]), parts[0].front().space, k, how, checked(filter), top, touched);
  if (cost != nullptr) *cost = touched;
  return std::move(top).sorted();
}

std::vector<Hit> Snapshot::top_k(const SegmentQueries& query, size_t k, const How& how, const Filter* filter,
                                 TraversalCost* cost) const {
  if (text_ || query.size() != segments_.size()) throw std::invalid_argument("a query of another snapshot");
  if (k == 0 || rows_ == 0) return {};
  TopDocuments top(std::min<uint64_t>(k, rows_));
  TraversalCost touched;
  search_vectors(query, 0, k, how, checked(filter), top, touched);
  if (cost != nullptr) *cost = touched;
  return std::move(top).sorted();
}

const Snapshot::Filter& Snapshot::checked(const Filter* filter) const {
  if (filter == nullptr) return accepts_;
  if (filter->size() != segments_.size()) throw std::invalid_argument("a filter of another snapshot");
  for (size_t s = 0; s < segments_.size(); ++s)
    if ((*filter)[s].words.size() != Bitmap::none(segments_[s]->rows()).words.size())
      throw std::invalid_argument("a filter of another snapshot");
  return *filter;
}

void Snapshot::search_text(const std::vector<QueryTerm>& query, bool exhaust, const Filter& accepts, TopDocuments& top,
                           TraversalCost& cost) const {
  const Plan plan = make_plan(query);
  if (plan.terms.empty()) return;
  exhaust = exhaust || !can_prune(plan);
  auto scratch = borrow();
  scratch->postings = scratch->candidates_scored = 0;
  for (uint32_t s = 0; s < segments_.size(); ++s) {
    if (exhaust) exhaustive(plan, s, {}, accepts[s], *scratch, top);
    else exact(plan, s, accepts[s], *scratch, top);
  }
  cost = {scratch->postings, scratch->candidates_scored};
  give_back(std::move(scratch));
}

void Snapshot::exhaustive(const Plan& plan, uint32_t s, std::span<const VectorPart> vectors, const Bitmap& accept, Scratch& scratch,
                          TopDocuments& top) const {
  const Segment& segment = *segments_[s];
  const TextSpace& space = segment.space();
  const bool grouped = segment.rows() != segment.documents();
  scratch.slices.resize(std::max(scratch.slices.size(), plan.terms.size()));
  std::vector<size_t> next(plan.terms.size(), 0);
  for (size_t t = 0; t < plan.terms.size(); ++t) {
    scratch.slices[t].clear();
    if (plan.terms[t].number[s] != kNoTerm) space.slices(plan.terms[t].number[s], scratch.slices[t]);
  }
  scratch.score.assign(kWindowRows, 0);
  scratch.touched.assign(kWindowRows, 0);
  for (uint32_t base = 0; base < segment.rows(); base += kWindowRows) {
    const uint32_t size = std::min(kWindowRows, segment.rows() - base);
    for (size_t t = 0; t < plan.terms.size(); ++t) {  // ascending terms: the order in which a score is summed
      const auto& slices = scratch.slices[t];
      if (next[t] == slices.size() || slices[next[t]].window != base / kWindowRows) continue;
      const Slice& slice = slices[next[t]++];
      const Plan::Term& term = plan.terms[t];
      scratch.postings += slice.end - slice.begin;
      for (uint64_t p = slice.begin; p < slice.end; ++p) {
        const uint32_t row = space.rows[p];
        if (row >= size) continue;  // damaged
        scratch.score[row] += term.weight * weight(space, term.stats, p, norm_of(space, base + row));
        scratch.touched[row] = 1;
      }
    }
    for (uint32_t row = 0; row < size; ++row) {
      bool matched = scratch.touched[row] != 0;
      if (!matched && vectors.empty()) continue;
      double score = scratch.score[row];
      scratch.touched[row] = 0;
      scratch.score[row] = 0;
      const uint32_t at = base + row;
      if (!accept[at]) continue;
      if (scoring_.variant == Variant::ql_dirichlet)
        score += plan.query_length * length_weight(space, at);
      for (const VectorPart& part : vectors) score = part.add(at, score, matched);
      if (!matched) continue;
      ++scratch.candidates_scored;
      top.offer({static_cast<float>(score), s, at, segment.document_of(at), segment.order(at)}, grouped);
    }
  }
}

void Snapshot::exact(const Plan& plan, uint32_t s, const Bitmap& accept, Scratch& scratch, TopDocuments& top) const {
  const Segment& segment = *segments_[s];
  const TextSpace& space = segment.space();
  const bool grouped = segment.rows() != segment.documents();

  // Terms of this segment by their largest possible contribution, largest first.
  struct Cursor {
    const Plan::Term* term;
    const std::vector<Slice>* slices;
    size_t slice;
    float most;                    // largest contribution
    const uint16_t* table;         // bound code -> contribution in units
    uint32_t most_units;
    const uint16_t *begin, *end;   // rows of the current block
  };
  std::vector<Cursor> cursors;
  scratch.slices.resize(std::max(scratch.slices.size(), plan.terms.size()));
  scratch.table.resize(std::max(scratch.table.size(), plan.terms.size()));
  const std::vector<float>& ceiling = ceiling_[s];
  double total = 0;
  for (size_t t = 0; t < plan.terms.size(); ++t) {
    const uint32_t number = plan.terms[t].number[s];
    if (number == kNoTerm) continue;
    space.slices(number, scratch.slices[t]);
    const auto most = static_cast<float>(plan.terms[t].weight * plan.terms[t].stats.idf * ceiling[space.term_max[number]]);
    total += most;
    cursors.push_back({&plan.terms[t], &scratch.slices[t], 0, most, nullptr, 0, nullptr, nullptr});
  }
  if (cursors.empty()) return;
  const double scale = total > 0 ? (65535.0 - 2.0 * static_cast<double>(cursors.size())) / total : 0;
  std::sort(cursors.begin(), cursors.end(), [](const Cursor& a, const Cursor& b) { return a.most > b.most; });
  for (size_t c = 0; c < cursors.size(); ++c) {
    const auto unit = static_cast<float>(cursors[c].term->weight * cursors[c].term->stats.idf * scale);
    const auto limit = static_cast<float>(cursors[c].most * scale);
    for (size_t code = 0; code < 256; ++code)  // codes above the term's largest do not occur
      scratch.table[c][code] = static_cast<uint16_t>(std::min(unit * ceiling[code], limit) + 1.0f);
    cursors[c].table = scratch.table[c].data();
    cursors[c].most_units = static_cast<uint32_t>(limit + 1.0f);
  }
  std::vector<size_t> by_term(cursors.size());  // the order in which a score is summed
  for (size_t c = 0; c < cursors.size(); ++c) by_term[c] = c;
  std::sort(by_term.begin(), by_term.end(), [&](size_t a, size_t b) { return cursors[a].term < cursors[b].term; });

  // Bounds below this cannot reach the k-th score. The slack covers rounding of score and scale.
  const auto threshold = [&]() -> uint32_t {
    if (!top.full()) return 1;
    return static_cast<uint32_t>(std::clamp(std::floor(top.worst() * (1 - 1e-6) * scale) - 1, 1.0, 65535.0));
  };
  const ScanKernel scan = scan_kernel();
  uint16_t* const bound = scratch.bound.data();
  const uint16_t* const all_rows = space.rows.data();
  const uint8_t* const all_bounds = space.bounds.data();

  // The score of a row whose bound over the essential terms is `most`, unless the other terms leave it short.
  std::vector<const uint16_t*> found_at(cursors.size());
  const auto score_row = [&](uint32_t row, uint32_t most, size_t essential, uint32_t rest, uint32_t now) {
    __builtin_prefetch(&space.lengths[row]);
    const auto wanted = static_cast<uint16_t>(row % kWindowRows);
    const auto look_up = [&](size_t i) {
      const uint16_t* at = lower_bound(cursors[i].begin, cursors[i].end, wanted);
      if (at == cursors[i].end || *at != wanted) at = nullptr;
      else __builtin_prefetch(&space.tf[static_cast<size_t>(at - all_rows)]);
      return found_at[i] = at;
    };
    for (size_t i = essential; i < cursors.size(); ++i) {
      rest -= cursors[i].most_units;
      if (const uint16_t* at = look_up(i)) most += cursors[i].table[all_bounds[at - all_rows]];
      if (most + rest < now) return;
    }
    for (size_t i = 0; i < essential; ++i) look_up(i);
    ++scratch.candidates_scored;
    double score = 0;
    bool matched = false;  // damaged bytes may have left a bound where no term stands
    const RowNorm norm = norm_of(space, row);
    for (size_t i : by_term) {
      if (found_at[i] == nullptr) continue;
      matched = true;
      const auto p = static_cast<uint64_t>(found_at[i] - all_rows);
      const Plan::Term& term = *cursors[i].term;
      score += term.weight * weight(space, term.stats, p, norm);
    }
    if (matched) top.offer({static_cast<float>(score), s, row, segment.document_of(row), segment.order(row)}, grouped);
  };

  uint32_t block = top.full() ? kBlockRows : kFirstBlockRows;
  for (uint32_t base = 0; base < segment.rows(); base += kWindowRows) {
    const uint32_t size = std::min(kWindowRows, segment.rows() - base);
    for (Cursor& c : cursors) {
      if (c.slice < c.slices->size() && (*c.slices)[c.slice].window == base / kWindowRows) {
        const Slice& part = (*c.slices)[c.slice++];
        c.end = all_rows + part.begin;  // where the first block starts
        c.begin = all_rows + part.end;  // kept until the block loop: the window's end
      } else {
        c.begin = c.end = all_rows;
      }
    }
    std::vector<const uint16_t*> window_end;
    for (Cursor& c : cursors) window_end.push_back(c.begin);
    for (uint32_t low = 0, high; low < size; low = high) {
      high = std::min(low + block, kWindowRows);
      block = std::min(2 * block, kBlockRows);
      // MaxScore: the weakest terms, as long as together they stay far below the threshold, are only looked up.
      const uint32_t need = threshold();
      size_t essential = cursors.size();
      uint32_t rest = 0;
      while (essential > 0 && rest + cursors[essential - 1].most_units < need * kLookedUpShare) rest += cursors[--essential].most_units;
      bool any = false;
      for (size_t i = 0; i < cursors.size(); ++i) {
        Cursor& c = cursors[i];
        const uint16_t* p = c.begin = c.end;
        const uint16_t* const stop = window_end[i];
        if (i >= essential) {
          c.end = high >= kWindowRows ? stop : lower_bound(p, stop, static_cast<uint16_t>(high));
          continue;
        }
        const uint8_t* code = all_bounds + (p - all_rows);
        const uint16_t* const table = c.table;
        // rows ascend, so four at once when the fourth is inside; damaged rows still land in `bound`
        for (; stop - p >= 4 && p[3] < high; p += 4, code += 4) {
          bound[p[0]] = static_cast<uint16_t>(bound[p[0]] + table[code[0]]);
          bound[p[1]] = static_cast<uint16_t>(bound[p[1]] + table[code[1]]);
          bound[p[2]] = static_cast<uint16_t>(bound[p[2]] + table[code[2]]);
          bound[p[3]] = static_cast<uint16_t>(bound[p[3]] + table[code[3]]);
        }
        for (; p < stop && *p < high; ++p, ++code) bound[*p] = static_cast<uint16_t>(bound[*p] + table[*code]);
        c.end = p;
        any = any || c.end != c.begin;
        scratch.postings += static_cast<uint64_t>(c.end - c.begin);
      }
      if (!any) continue;
      const size_t found = scan(bound + low, high - low, static_cast<uint16_t>(need - rest),
                                accept.words.empty() ? nullptr : &accept.words[(base + low) / 64],
                                scratch.found_row.data(), scratch.found_bound.data());
      // Best bound first, so that the threshold rises early: the best few are scored, the rest is thinned, and so on.
      std::vector<uint32_t>& order = scratch.order;
      order.clear();
      for (size_t i = 0; i < found; ++i)
        order.push_back(uint32_t{scratch.found_bound[i]} << 16 | (0xffffu - scratch.found_row[i]));
      while (!order.empty()) {
        const size_t few = std::min(order.size(), kScoredTogether);
        if (order.size() > few) std::nth_element(order.begin(), order.begin() + few - 1, order.end(), std::greater<>());
        std::sort(order.begin(), order.begin() + few, std::greater<>());
        for (size_t i = 0; i < few; ++i) {
          const uint32_t now = threshold();
          if ((order[i] >> 16) + rest < now) break;
          const uint32_t row = base + low + (0xffffu - (order[i] & 0xffffu));
          if (row < segment.rows()) score_row(row, order[i] >> 16, essential, rest, now);
        }
        const uint32_t now = threshold();
        order.erase(order.begin(), order.begin() + few);
        std::erase_if(order, [&](uint32_t entry) { return (entry >> 16) + rest < now; });
      }
    }
  }
}

double Snapshot::length_weight(const TextSpace& space, uint32_t row) const {
  return std::log(scoring_.mu / (space.lengths[row] + scoring_.mu));
}

}  // namespace gossamer
