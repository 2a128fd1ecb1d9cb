// Query text to weighted terms, by the analyser of the index. Safe to call from several threads.
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
  explicit QueryParser(std::shared_ptr<const Analyzer> analyzer) : analyzer_(std::move(analyzer)) {}
  QueryParser(const QueryParser&) = delete;
  QueryParser& operator=(const QueryParser&) = delete;

  // Unique terms ascending by bytes; the weight is how often the query holds the term.
  std::vector<QueryTerm> parse(std::string_view text) const;

 private:
  std::shared_ptr<const Analyzer> analyzer_;
  mutable std::mutex mutex_;
  mutable std::vector<Analyzer::Scratch> idle_;
};

}  // namespace gossamer
