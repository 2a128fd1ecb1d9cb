// Query text to weighted terms, by the analysers of the index. Safe to call from several threads.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "index/traversal.h"

namespace gossamer {

class QueryParser {
 public:
  explicit QueryParser(std::vector<std::shared_ptr<const Analyzer>> analyzers) : analyzers_(std::move(analyzers)) {}
  QueryParser(const QueryParser&) = delete;
  QueryParser& operator=(const QueryParser&) = delete;

  // Unique terms ascending by bytes; the weight is how often the query holds the term, by the analyser that finds it most.
  std::vector<QueryTerm> parse(std::string_view text) const;

 private:
  using Scratches = std::vector<Analyzer::Scratch>;  // one for each analyser

  std::vector<std::shared_ptr<const Analyzer>> analyzers_;
  mutable std::mutex mutex_;
  mutable std::vector<Scratches> idle_;
};

}  // namespace gossamer
