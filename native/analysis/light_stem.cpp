#include "analysis/light_stem.h"

#include <algorithm>
#include <initializer_list>

namespace gossamer {

namespace {

constexpr std::ptrdiff_t kPlural = 4;  // code points of the shortest plural
constexpr std::ptrdiff_t kShort = 6;   // a singular that is shorter is its own stem

std::ptrdiff_t length(std::string_view word) {
  return std::ranges::count_if(word, [](char byte) { return (byte & 0xC0) != 0x80; });
}

}  // namespace

std::string_view french_light(std::string_view word, std::string& out) {
  if (length(word) >= kPlural) {
    if (word.ends_with("aux"))
      word = out.assign(word.substr(0, word.size() - 2)).append("l");
    else if (word.ends_with('s') || word.ends_with('x'))
      word.remove_suffix(1);
  }
  if (length(word) < kShort) return word;
  for (const std::string_view ending : {"r", "e", "é"})
    if (word.ends_with(ending)) word.remove_suffix(ending.size());
  const char last = word.back();
  if ('a' <= last && last <= 'z' && last == word[word.size() - 2]) word.remove_suffix(1);
  return word;
}

}  // namespace gossamer
