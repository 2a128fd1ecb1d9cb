#include "analysis/excerpts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/passages.h"
#include "analysis/utf8.h"

namespace gossamer {

namespace {

constexpr uint32_t kWindow = 240;      // code points
constexpr uint32_t kBefore = 80;       // kept before the match where a window starts within a long sentence
constexpr uint32_t kApart = 4;         // words from one neighbour to the other: at most three stop words between them
constexpr double kEarly = 1e-3;        // of the heaviest term: what standing early can add

constexpr size_t kRemembered = 4096;   // words
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

uint64_t pair_key(uint32_t first, uint32_t second, uint32_t distance) {
  static_assert(kApart < 8);
  return uint64_t{first} << 35 | uint64_t{second} << 3 | distance;
}

}  // namespace

Excerpter::Excerpter(const Analyzer& analyzer, std::vector<Term> terms, std::string_view query)
    : analyzer_(analyzer), scratch_(analyzer), terms_(std::move(terms)), term_round_(terms_.size(), 0),
      shown_(terms_.size(), false) {
  for (uint32_t i = 0; i < terms_.size(); ++i) {
    heaviest_ = std::max(heaviest_, terms_[i].weight);
    if (terms_[i].term.empty()) continue;
    index_.emplace(terms_[i].term, i);
    first_bytes_[static_cast<uint8_t>(terms_[i].term[0])] = true;
  }
  if (!analyzer.keeps_first_byte()) std::ranges::fill(first_bytes_, true);
  find_matches(query);
  for (size_t i = 1, before = 0, here = 0; i < matches_.size(); ++i) {
    // The matches [before, here) stand at the position before this one's.
    if (matches_[i].position != matches_[i - 1].position) before = here, here = i;
    for (size_t j = before; j < here; ++j) {
      const Match &a = matches_[j], &b = matches_[i];
      if (b.position - a.position > kApart) continue;
      const auto pair = static_cast<uint32_t>(pair_weights_.size());
      if (pairs_.emplace(pair_key(a.term, b.term, b.position - a.position), pair).second)
        pair_weights_.push_back(0.5 * (terms_[a.term].weight + terms_[b.term].weight));
    }
  }
  pair_round_.assign(pair_weights_.size(), 0);
}

void Excerpter::find_matches(std::string_view text) {
  matches_.clear();
  analyzer_.split(text, scratch_, [&](const Word& word) {
    const uint32_t term = term_of(word.word);
    if (term != kNone) matches_.push_back({term, word.position, {word.start, word.end}});
  });
}

uint32_t Excerpter::term_of(std::string_view word) {
  // Most words need no look-up.
  if (!first_bytes_[static_cast<uint8_t>(word[0])]) return kNone;
  if (const auto known = known_.find(word); known != known_.end()) return known->second;
  std::string form(word);  // filter() may reuse the buffer that `word` points into
  const auto found = index_.find(analyzer_.filter(form, scratch_));
  const uint32_t term = found == index_.end() ? kNone : found->second;
  if (known_.size() < kRemembered) known_.emplace(std::move(form), term);
  return term;
}

std::vector<Range> Excerpter::highlights(std::string_view text) {
  find_matches(text);
  highlights_.clear();
  for (const Match& match : matches_) {
    if (!highlights_.empty() && match.at.start < highlights_.back().end)
      highlights_.back().end = std::max(highlights_.back().end, match.at.end);
    else
      highlights_.push_back(match.at);
  }
  return highlights_;
}

// In equal steps of the greatest share; of terms that share a highlight the one that counts most.
std::vector<uint8_t> Excerpter::intensities(const std::vector<Share>& shares) {
  double most = 0;
  for (const auto& [_, share] : shares) most = std::max(most, share);
  intensity_.assign(terms_.size(), 1);
  for (const auto& [term, share] : shares) {
    const auto found = index_.find(term);
    if (found == index_.end() || share <= 0) continue;
    intensity_[found->second] = static_cast<uint8_t>(std::max(1.0, std::ceil(kIntensities * share / most)));
  }
  std::vector<uint8_t> steps(highlights_.size(), 1);
  size_t at = 0;
  for (const Match& match : matches_) {
    while (highlights_[at].end <= match.at.start) ++at;
    steps[at] = std::max(steps[at], intensity_[match.term]);
  }
  return steps;
}

Excerpt Excerpter::operator()(std::string_view text, const std::vector<Share>& shares) {
  text_ = text;
  gaps_known_ = false;
  Excerpt excerpt{highlights(text), {}, intensities(shares)};
  sentences_.clear();
  for (const PassageRange& sentence : split_sentences(text)) sentences_.push_back({sentence.start, sentence.end});
  find_neighbours();
  find_windows();
  excerpt.windows = choose();
  return excerpt;
}

void Excerpter::find_neighbours() {
  neighbours_.clear();
  if (pairs_.empty()) return;
  for (size_t i = 0; i < matches_.size(); ++i) {
    for (size_t j = i + 1; j < matches_.size() && matches_[j].position - matches_[i].position <= kApart; ++j) {
      const auto found = pairs_.find(pair_key(matches_[i].term, matches_[j].term, matches_[j].position - matches_[i].position));
      if (found != pairs_.end()) neighbours_.push_back({found->second, {matches_[i].at.start, matches_[j].at.end}});
    }
  }
}

// From every sentence with a match as many whole sentences as fit; around every match of a longer one.
void Excerpter::find_windows() {
  windows_.clear();
  size_t match = 0;
  for (size_t s = 0; s < sentences_.size() && match < matches_.size(); ++s) {
    const Range sentence = sentences_[s];
    const size_t first = match;
    while (match < matches_.size() && matches_[match].at.start < sentence.end) ++match;
    if (match == first) continue;
    if (sentence.end - sentence.start <= kWindow) windows_.push_back(whole_sentences(s));
    else for (size_t m = first; m < match; ++m) windows_.push_back(around(matches_[m].at, sentence));
  }
}

Range Excerpter::whole_sentences(size_t first) const {
  const uint32_t start = sentences_[first].start;
  size_t last = first;
  while (last + 1 < sentences_.size() && sentences_[last + 1].end - start <= kWindow) ++last;
  return {start, sentences_[last].end};
}

// A window about one match in a sentence, cut at white space where there is any, and never through a match.
Range Excerpter::around(Range match, Range sentence) {
  const auto& spaces = gaps();
  uint32_t start = std::max(sentence.start, std::min(match.start - std::min(match.start, kBefore), sentence.end - kWindow));
  if (start > sentence.start) {
    const auto gap = std::ranges::lower_bound(spaces, start, {}, &Range::end);
    if (gap != spaces.end() && gap->end <= match.start) start = gap->end;
    if (const Range* cut = highlight_across(start)) start = cut->start;
  }
  uint32_t end = std::min(sentence.end, std::max(start + kWindow, match.end));
  if (end < sentence.end) {
    const auto gap = std::ranges::upper_bound(spaces, end, {}, &Range::start);
    if (gap != spaces.begin() && std::prev(gap)->start >= match.end) end = std::prev(gap)->start;
    if (const Range* cut = highlight_across(end)) end = cut->start >= match.end ? cut->start : cut->end;
  }
  return {start, end};
}

size_t Excerpter::first_match(uint32_t start) const {
  return static_cast<size_t>(std::ranges::lower_bound(matches_, start, {}, [](const Match& m) { return m.at.start; }) - matches_.begin());
}

// The highlight that begins before a place and ends after it.
const Range* Excerpter::highlight_across(uint32_t at) const {
  const auto next = std::ranges::lower_bound(highlights_, at, {}, &Range::start);
  return next != highlights_.begin() && std::prev(next)->end > at ? &*std::prev(next) : nullptr;
}

std::vector<Range> Excerpter::choose() {
  if (windows_.empty()) {  // no match: the opening
    if (sentences_.empty()) return {{0, 0}};
    const Range opening = sentences_[0];
    return {opening.end - opening.start <= kWindow ? whole_sentences(0) : around({opening.start, opening.start}, opening)};
  }
  const double early = kEarly * heaviest_ / static_cast<double>(std::max<size_t>(text_.size(), 1));
  const auto bonus = [&](Range window) { return -early * window.start; };

  Range best = windows_[0];
  double most = -std::numeric_limits<double>::infinity();
  for (const Range& window : windows_)
    if (const double score = content(window, true).weight + bonus(window); score > most) most = score, best = window;

  shown_.assign(terms_.size(), false);
  for (size_t m = first_match(best.start); m < matches_.size() && matches_[m].at.start < best.end; ++m)
    shown_[matches_[m].term] = true;
  const Range* other = nullptr;
  most = -std::numeric_limits<double>::infinity();
  for (const Range& window : windows_) {
    if (window.end > best.start && window.start < best.end) continue;
    const Content rest = content(window, false);
    if (!rest.has_term) continue;
    if (const double score = rest.weight + bonus(window); score > most) most = score, other = &window;
  }
  if (other == nullptr) return {best};
  const auto [first, second] = best.start < other->start ? std::pair{best, *other} : std::pair{*other, best};
  if (blank(first.end, second.start)) return {{first.start, second.end}};
  return {first, second};
}

// What a window holds: every term, or only those that the best window lacks, and every pair.
Excerpter::Content Excerpter::content(Range window, bool all) {
  ++round_;
  Content content{0, false};
  for (size_t m = first_match(window.start); m < matches_.size() && matches_[m].at.start < window.end; ++m) {
    const uint32_t term = matches_[m].term;
    if (term_round_[term] == round_ || (!all && shown_[term])) continue;
    term_round_[term] = round_;
    content.weight += terms_[term].weight;
    content.has_term = true;
  }
  auto pair = std::ranges::lower_bound(neighbours_, window.start, {}, [](const Neighbours& n) { return n.at.start; });
  for (; pair != neighbours_.end() && pair->at.start < window.end; ++pair) {
    if (pair->at.end > window.end || pair_round_[pair->pair] == round_) continue;
    pair_round_[pair->pair] = round_;
    content.weight += pair_weights_[pair->pair];
  }
  return content;
}

const std::vector<Range>& Excerpter::gaps() {
  if (gaps_known_) return gaps_;
  gaps_known_ = true;
  gaps_.clear();
  const auto* p = reinterpret_cast<const uint8_t*>(text_.data());
  const auto* const end = p + text_.size();
  for (uint32_t at = 0; p < end; ++at) {
    const Decoded d = decode(p, end);
    p += d.length;
    if (!is_space(d.code_point)) continue;
    if (!gaps_.empty() && gaps_.back().end == at) gaps_.back().end = at + 1;
    else gaps_.push_back({at, at + 1});
  }
  return gaps_;
}

bool Excerpter::blank(uint32_t start, uint32_t end) {
  if (start >= end) return true;
  const auto gap = std::ranges::upper_bound(gaps(), start, {}, &Range::start);
  return gap != gaps_.begin() && std::prev(gap)->end >= end;
}

}  // namespace gossamer
