#include "analysis/scripts.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <stdexcept>

namespace gossamer {

namespace {

constexpr size_t kShort = 8;         // words of a text that is too short for a guess
constexpr size_t kFewest = 2;        // of one that may be in any language
constexpr size_t kRead = 2048;       // bytes of a text that are enough for one
constexpr uint32_t kTelling = 2;     // stop words that tell a language
constexpr uint32_t kClear = 6;       // that make asking `detect` needless, if no other language has half as many
constexpr size_t kLanguages = 31;    // a control character each

}  // namespace

Languages::Languages(const std::vector<LanguageConfig>& languages,
                     std::function<std::vector<uint32_t>(std::string_view, bool)> detect)
    : detect_(std::move(detect)) {
  if (languages.size() > kLanguages) throw std::invalid_argument("more than 31 languages");
  for (uint32_t i = 0; i < languages.size(); ++i) {
    scripts_.push_back(unicode::script_named(languages[i].script));
    auto& same = all_[static_cast<size_t>(scripts_.back())];
    same.push_back(i);
    ambiguous_ = ambiguous_ || same.size() > 1;
    for (const std::string& word : languages[i].filter.stop_words) stop_words_[word] |= 1u << i;
  }
}

Languages::Choice Languages::choose(std::string_view text, Scanner<false>& scanner) const {
  if (!ambiguous_) return {all_, false};
  struct Count {
    const Languages* self;
    size_t words = 0, kept = 0;
    std::array<uint32_t, kLanguages> stops{};
  } count{this};
  scanner.scan(text.substr(0, kRead), &count, [](void* sink, const Word& word) {
    auto& c = *static_cast<Count*>(sink);
    ++c.words;
    const auto found = c.self->stop_words_.find(word.word);
    if (found == c.self->stop_words_.end()) {
      ++c.kept;
      return;
    }
    for (uint32_t i = 0; i < c.self->scripts_.size(); ++i) c.stops[i] += found->second >> i & 1;
  });
  const bool is_short = count.words <= kShort && text.size() <= kRead;
  std::vector<uint32_t> likely;
  if (detect_) {
    auto counts = count.stops;  // a copy, to be ordered
    std::ranges::partial_sort(counts, counts.begin() + 2, std::ranges::greater());
    const bool told = counts[0] >= (is_short ? kTelling : kClear) && counts[0] >= 2 * counts[1];
    if (!told && count.words > kFewest) likely = detect_(text.substr(0, kRead), is_short);
  }
  Choice chosen{{}, is_short && count.kept > 0};
  ByScript& choice = chosen.languages;
  for (size_t s = 0; s < all_.size(); ++s) {
    const auto& all = all_[s];
    if (all.size() < 2) {
      choice[s] = all;
      continue;
    }
    std::ranges::copy_if(likely, std::back_inserter(choice[s]),
                         [&](uint32_t i) { return std::ranges::find(all, i) != all.end(); });
    if (!choice[s].empty()) {
      if (!is_short) choice[s].resize(1);
      continue;
    }
    uint32_t most = 0;
    for (const uint32_t i : all) most = std::max(most, count.stops[i]);
    if (most < kTelling) {
      choice[s] = all;
      continue;
    }
    for (const uint32_t i : all)
      if (count.stops[i] == most && (is_short || choice[s].empty())) choice[s].push_back(i);
  }
  return chosen;
}

}  // namespace gossamer
