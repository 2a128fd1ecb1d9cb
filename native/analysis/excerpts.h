// What is shown of a text that was found: the words to highlight, and the one or two windows that best tell why.
//
// A window is as many whole sentences as fit into 240 code points, or a stretch about one match of a longer sentence. Its
// score: the weights of the distinct wanted terms in it, the weights of the wanted pairs of neighbours that stand in it as
// far apart as wanted, and a tiny bonus for standing early. The best window is shown, and a second one if it holds a term
// that the first lacks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/analyzer.h"
#include "hash.h"

namespace gossamer {

struct Excerpt {
  std::vector<Range> highlights, windows;  // ascending, apart
  std::vector<uint8_t> intensities;        // of each highlight: how much its term counts here, from 1 to kIntensities
};

inline constexpr uint8_t kIntensities = 4;

class Excerpter {
 public:
  struct Term {
    std::string term;
    double weight;  // not negative
  };
  using Share = std::pair<std::string_view, double>;  // what a term counts in one text

  // Wanted are the terms, each once, and those words of `query` that are neighbours there; a pair weighs half its terms.
  Excerpter(const Analyzer& analyzer, std::vector<Term> terms, std::string_view query);
  Excerpter(const Excerpter&) = delete;  // index_ views terms_
  Excerpter& operator=(const Excerpter&) = delete;

  // `shares` tells the intensities; a term without one counts nothing.
  Excerpt operator()(std::string_view text, const std::vector<Share>& shares = {});

  // The highlights alone; words that share an original character, as the two of ½ do, make one range.
  std::vector<Range> highlights(std::string_view text);

 private:
  struct Match {
    uint32_t term, position;
    Range at;
  };
  struct Neighbours {  // where a pair occurs
    uint32_t pair;
    Range at;
  };
  struct Content {
    double weight;
    bool has_term;
  };
  uint32_t term_of(std::string_view word);
  void find_matches(std::string_view text);
  std::vector<uint8_t> intensities(const std::vector<Share>& shares);
  void find_neighbours();
  void find_windows();
  size_t first_match(uint32_t start) const;
  const Range* highlight_across(uint32_t at) const;
  Range whole_sentences(size_t first) const;
  Range around(Range match, Range sentence);
  std::vector<Range> choose();
  Content content(Range window, bool all);
  const std::vector<Range>& gaps();
  bool blank(uint32_t start, uint32_t end);

  const Analyzer& analyzer_;
  Analyzer::Scratch scratch_;
  std::vector<Term> terms_;
  std::unordered_map<std::string_view, uint32_t> index_;
  bool first_bytes_[256] = {};     // of the terms, where words begin as their terms do
  std::unordered_map<std::string, uint32_t, StringHash, std::equal_to<>> known_;  // words to terms, for most come again
  std::unordered_map<uint64_t, uint32_t> pairs_;  // by their terms and distance
  std::vector<double> pair_weights_;
  double heaviest_ = 0;

  // Of the text at hand.
  std::string_view text_;
  std::vector<Match> matches_;     // starts ascend; pieces of one word follow each other
  std::vector<Range> highlights_;  // the same, those that overlap made one
  std::vector<Neighbours> neighbours_;
  std::vector<Range> sentences_, windows_;
  std::vector<Range> gaps_;  // runs of white space, found when asked for
  bool gaps_known_ = false;
  // The round that counted a term or pair last, so that each counts once a round.
  std::vector<uint64_t> term_round_, pair_round_;
  uint64_t round_ = 0;
  std::vector<bool> shown_;  // terms in the best window
  std::vector<uint8_t> intensity_;  // by term
};

}  // namespace gossamer
