// Query text to weighted terms, by the analysers of the index. Safe to call from several threads.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "index/traversal.h"

namespace gossamer {

// A word of a query as it was typed.
struct QueryWord {
  std::string word;  // case-folded
  std::string term;  // empty where the analyser drops the word
  uint32_t letters;  // of a word that may be mistyped (words.h), else 0
  uint32_t position, start, end;
};

class QueryParser {
 public:
  explicit QueryParser(std::vector<std::shared_ptr<const Analyzer>> analyzers) : analyzers_(std::move(analyzers)) {}
  QueryParser(const QueryParser&) = delete;
  QueryParser& operator=(const QueryParser&) = delete;

  // Unique terms ascending by bytes; the weight is how often the query holds the term, by the analyser that finds it most.
  std::vector<QueryTerm> parse(std::string_view text) const;

  // All words of a text, positions ascending; several may share one, as a compound and its parts do, and a word and what
  // another analyser makes of it.
  std::vector<QueryWord> words(std::string_view text) const;

 private:
  using Scratches = std::vector<Analyzer::Scratch>;  // one for each analyser
  Scratches borrow() const;
  void give_back(Scratches scratches) const;
  // Calls f(word, its form, its term) for every word that one of the analysers finds.
  template <class F>
  void each_word(size_t analyzer, std::string_view text, Scratches& scratches, F&& f) const;

  std::vector<std::shared_ptr<const Analyzer>> analyzers_;
  mutable std::mutex mutex_;
  mutable std::vector<Scratches> idle_;
};

}  // namespace gossamer
