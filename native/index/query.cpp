#include "index/query.h"

#include <algorithm>

namespace gossamer {

std::vector<QueryTerm> QueryParser::parse(std::string_view text) const {
  Scratches scratches;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      scratches = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (scratches.empty())
    for (const auto& analyzer : analyzers_) scratches.emplace_back(*analyzer);
  std::vector<QueryTerm> query;
  std::vector<std::string> terms;
  std::string form;
  for (size_t a = 0; a < analyzers_.size(); ++a) {
    terms.clear();
    analyzers_[a]->split(text, scratches[a], [&](const Word& w) {
      form.assign(w.word);  // filter() may reuse the buffer that w.word points into
      const std::string_view term = analyzers_[a]->filter(form, scratches[a]);
      if (!term.empty()) terms.emplace_back(term);
    });
    std::sort(terms.begin(), terms.end());
    const auto known = static_cast<ptrdiff_t>(query.size());
    for (auto term = terms.begin(); term != terms.end();) {
      const auto next = std::upper_bound(term, terms.end(), *term);
      query.push_back({std::move(*term), static_cast<double>(next - term)});
      term = next;
    }
    std::inplace_merge(query.begin(), query.begin() + known, query.end(), [](const auto& x, const auto& y) {
      return x.term != y.term ? x.term < y.term : x.weight > y.weight;
    });
    query.erase(std::unique(query.begin(), query.end(), [](const auto& x, const auto& y) { return x.term == y.term; }), query.end());
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(scratches));
  return query;
}

}  // namespace gossamer
