#include "index/query.h"

#include <algorithm>
#include <optional>

namespace gossamer {

std::vector<QueryTerm> QueryParser::parse(std::string_view text) const {
  std::optional<Analyzer::Scratch> scratch;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      scratch.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  if (!scratch) scratch.emplace(*analyzer_);
  std::vector<std::string> terms;
  std::string form;
  analyzer_->split(text, *scratch, [&](const Word& w) {
    form.assign(w.word);  // filter() may reuse the buffer that w.word points into
    const std::string_view term = analyzer_->filter(form, *scratch);
    if (!term.empty()) terms.emplace_back(term);
  });
  std::sort(terms.begin(), terms.end());
  std::vector<QueryTerm> query;
  for (std::string& term : terms) {
    if (!query.empty() && query.back().term == term) query.back().weight += 1;
    else query.push_back({std::move(term), 1});
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(*scratch));
  return query;
}

}  // namespace gossamer
