#include "analysis/unicode.h"

#include <iterator>
#include <stdexcept>

namespace gossamer::unicode {

namespace {

#include "unicode_tables.inc"

constexpr uint32_t kBlockBits = 7;

template <class Value>
Value look_up(const uint16_t* blocks, const Value* values, char32_t c) {
  return values[static_cast<uint32_t>(blocks[c >> kBlockBits]) << kBlockBits | (c & ((1u << kBlockBits) - 1))];
}

std::span<const char32_t> image(uint16_t place) { return {image_pool + place + 1, image_pool[place]}; }

}  // namespace

uint8_t properties(char32_t c) { return look_up(properties_blocks, properties_values, c); }
uint8_t combining(char32_t c) { return look_up(combining_blocks, combining_values, c); }

Script script(char32_t c) { return static_cast<Script>(look_up(script_blocks, script_values, c)); }

Script script_named(const std::string& name) {
  constexpr const char* names[] = {"", "latin", "greek", "cyrillic", "arabic", "devanagari", "tamil"};
  for (size_t i = 1; i < std::size(names); ++i)
    if (name == names[i]) return static_cast<Script>(i);
  throw std::invalid_argument("no script \"" + name + "\"");
}

std::span<const char32_t> nothing(char32_t) { return {}; }
std::span<const char32_t> fold(char32_t c) { return image(look_up(fold_blocks, fold_values, c)); }
std::span<const char32_t> nfkc(char32_t c) { return image(look_up(nfkc_blocks, nfkc_values, c)); }
std::span<const char32_t> nfkd(char32_t c) { return image(look_up(nfkd_blocks, nfkd_values, c)); }
std::span<const char32_t> nfd(char32_t c) { return image(look_up(nfd_blocks, nfd_values, c)); }
std::span<const char32_t> lower(char32_t c) { return image(look_up(lower_blocks, lower_values, c)); }
std::span<const char32_t> fold_nfkc(char32_t c) { return image(look_up(fold_nfkc_blocks, fold_nfkc_values, c)); }
std::span<const char32_t> fold_nfkd(char32_t c) { return image(look_up(fold_nfkd_blocks, fold_nfkd_values, c)); }
std::span<const char32_t> lower_unaccented(char32_t c) {
  return image(look_up(lower_unaccented_blocks, lower_unaccented_values, c));
}

char32_t compose(char32_t first, char32_t second) {
  if (first - kLeadFirst < kLeads && second - kVowelFirst < kVowels)
    return kHangulFirst + ((first - kLeadFirst) * kVowels + (second - kVowelFirst)) * kTails;
  if (first - kHangulFirst < kHangulSyllables && (first - kHangulFirst) % kTails == 0 && second > kTailBase &&
      second - kTailBase < kTails)
    return first + (second - kTailBase);
  size_t low = 0, high = std::size(composition_pairs) / 3;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const char32_t* pair = composition_pairs + 3 * middle;
    if (pair[0] == first && pair[1] == second) return pair[2];
    if (pair[0] < first || (pair[0] == first && pair[1] < second))
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

const char* version() { return unicode_version_text; }

}  // namespace gossamer::unicode
