#include "analysis/letters.h"

#include <stdexcept>
#include <utility>

#include "analysis/unicode.h"
#include "analysis/utf8.h"

namespace gossamer {

namespace {

constexpr std::pair<const char*, Letters> kNames[] = {
    {"", Letters::kKept},          {"arabic", Letters::kArabic},     {"french", Letters::kFrench},
    {"german", Letters::kGerman},  {"greek", Letters::kGreek},       {"hindi", Letters::kHindi},
    {"persian", Letters::kPersian}, {"romanian", Letters::kRomanian}, {"russian", Letters::kRussian},
    {"turkish", Letters::kTurkish},
};

constexpr bool is_accent(char32_t c) { return c >= 0x0300 && c <= 0x036F; }
constexpr bool is_arabic_sign(char32_t c) { return c == 0x0640 || (c >= 0x064B && c <= 0x0652) || c == 0x0670; }

// What stands for `c`: kDropped, a letter, or `c` itself.
constexpr char32_t kDropped = 0;

char32_t arabic(char32_t c) {
  if (is_arabic_sign(c)) return kDropped;
  if (c == 0x0622 || c == 0x0623 || c == 0x0625 || c == 0x0671) return 0x0627;
  return c == 0x0649 ? char32_t{0x064A} : c;
}

char32_t persian(char32_t c) {
  if (is_arabic_sign(c) || c == 0x0654) return kDropped;  // U+0654: hamza above
  if (c == 0x064A || c == 0x0649) return 0x06CC;
  if (c == 0x0643) return 0x06A9;
  return c == 0x0629 || c == 0x06C0 || c == 0x06C1 || c == 0x06BE ? char32_t{0x0647} : c;
}

char32_t hindi(char32_t c) {
  if (c == 0x093C) return kDropped;
  return c == 0x0901 ? char32_t{0x0902} : c;
}

char32_t romanian(char32_t c) { return c == 0x0219 ? char32_t{0x015F} : c == 0x021B ? char32_t{0x0163} : c; }

char32_t one_letter(Letters letters, char32_t c) {
  switch (letters) {
    case Letters::kArabic: return arabic(c);
    case Letters::kHindi: return hindi(c);
    case Letters::kPersian: return persian(c);
    case Letters::kRomanian: return romanian(c);
    case Letters::kRussian: return c == 0x0451 ? char32_t{0x0435} : c;
    case Letters::kGerman: return c == 0xE4 ? char32_t{'a'} : c == 0xF6 ? char32_t{'o'} : c == 0xFC ? char32_t{'u'} : c;
    default: return c;
  }
}

// Is the e after `before` an umlaut? `earlier` stands before `before`.
bool marks_umlaut(char32_t earlier, char32_t before) {
  if (before == 'a' || before == 'o') return true;
  return before == 'u' && earlier != 'q' && std::u32string_view(U"aeiouäöü").find(earlier) == std::u32string_view::npos;
}

std::string_view spelled_out(char32_t c) {
  switch (c) {
    case 0xE6: return "ae";
    case 0x153: return "oe";
    case 0xF8: return "o";
    case 0xFE: return "th";
    case 0xF0: case 0x111: return "d";
    case 0x127: return "h";
    case 0x131: return "i";
    case 0x142: return "l";
    case 0x167: return "t";
    default: return {};
  }
}

}  // namespace

void append(char32_t code_point, std::string& out) {
  char bytes[4];
  out.append(bytes, encode(code_point, bytes));
}

Letters letters_named(const std::string& name) {
  for (const auto& [known, letters] : kNames)
    if (name == known) return letters;
  throw std::invalid_argument("no letter rules \"" + name + "\"");
}

bool respell(Letters letters, std::string_view word, std::string& out) {
  if (letters == Letters::kGreek) return fold_accents(word, out);
  out.clear();
  const auto* p = reinterpret_cast<const uint8_t*>(word.data());
  const auto* const end = p + word.size();
  char32_t earlier = 0, before = 0;
  while (p < end) {
    const auto [c, length] = decode(p, end);
    p += length;
    if (letters == Letters::kTurkish && c == '\'' && !out.empty()) break;
    if (letters == Letters::kFrench && (c == 0xE6 || c == 0x153)) {
      out += spelled_out(c);
      continue;
    }
    const bool umlaut = letters == Letters::kGerman && c == 'e' && marks_umlaut(earlier, before);
    earlier = std::exchange(before, umlaut ? 0 : c);
    if (umlaut) continue;
    if (const char32_t letter = one_letter(letters, c); letter != kDropped) append(letter, out);
  }
  return !out.empty() && out != word;
}

bool fold_accents(std::string_view word, std::string& out) {
  out.clear();
  const auto* p = reinterpret_cast<const uint8_t*>(word.data());
  const auto* const end = p + word.size();
  bool accented = false;  // the letter before takes accents
  while (p < end) {
    const auto [c, length] = decode(p, end);
    p += length;
    if (accented && is_accent(c)) continue;
    const auto image = unicode::nfkd(c);
    const unicode::Script script = unicode::script(image.empty() ? c : image[0]);
    accented = script == unicode::Script::kLatin || script == unicode::Script::kGreek;
    if (const std::string_view letters = spelled_out(c); !letters.empty()) out += letters;
    else if (!accented || image.empty()) append(c, out);
    else for (const char32_t part : image) if (!is_accent(part)) append(part, out);
  }
  return !out.empty() && out != word;
}

}  // namespace gossamer
