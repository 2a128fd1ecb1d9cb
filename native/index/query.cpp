#include "index/query.h"

#include <algorithm>

#include "index/words.h"

namespace gossamer {

QueryParser::Scratches QueryParser::borrow() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Scratches scratches = std::move(idle_.back());
      idle_.pop_back();
      return scratches;
    }
  }
  Scratches scratches;
  for (const auto& analyzer : analyzers_) scratches.emplace_back(*analyzer);
  return scratches;
}

void QueryParser::give_back(Scratches scratches) const {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(scratches));
}

template <class F>
void QueryParser::each_word(size_t analyzer, std::string_view text, Scratches& scratches, F&& f) const {
  std::string form;
  analyzers_[analyzer]->split(text, scratches[analyzer], [&](const Word& w) {
    form.assign(w.word);  // filter() may reuse the buffer that w.word points into
    f(w, std::string_view(form), analyzers_[analyzer]->filter(form, scratches[analyzer]));
  });
}

std::vector<QueryTerm> QueryParser::parse(std::string_view text) const {
  Scratches scratches = borrow();
  std::vector<QueryTerm> query;
  std::vector<std::string> terms;
  for (size_t a = 0; a < analyzers_.size(); ++a) {
    terms.clear();
    each_word(a, text, scratches, [&](const Word&, std::string_view, std::string_view term) {
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
  give_back(std::move(scratches));
  return query;
}

std::vector<QueryWord> QueryParser::words(std::string_view text) const {
  Scratches scratches = borrow();
  std::vector<QueryWord> words;
  size_t own = 0;  // words of the first analyser, which gives the positions
  for (size_t a = 0; a < analyzers_.size(); ++a) {
    size_t at = 0;
    each_word(a, text, scratches, [&](const Word& w, std::string_view form, std::string_view term) {
      uint32_t position = w.position;
      if (a > 0) {
        while (at < own && words[at].end <= w.start) ++at;
        if (at == own || words[at].start >= w.end) return;
        position = words[at].position;
      }
      const uint32_t letters = analyzers_[a]->gives_words() ? letters_of(form) : 0;
      words.push_back({std::string(without_language(form)), std::string(term), letters, position, w.start, w.end});
    });
    if (a == 0) own = words.size();
  }
  std::stable_sort(words.begin(), words.end(), [](const auto& x, const auto& y) { return x.position < y.position; });
  give_back(std::move(scratches));
  return words;
}

}  // namespace gossamer
