// Properties and images of code points, from tables generated at build time (make_unicode_tables.py).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace gossamer::unicode {

enum Class : uint8_t { kOther = 0, kLetter = 1, kDigit = 2, kMark = 3 };  // general categories L, N, M and the rest
constexpr uint8_t kClassMask = 3;
constexpr uint8_t kExtends = 4;    // may reorder or compose with what stands before it
constexpr uint8_t kIgnorable = 8;  // Default_Ignorable_Code_Point but U+200B: joiners, soft hyphen, variation selectors
constexpr uint8_t kPunctuation = 16, kNonspacing = 32, kControl = 64;  // general categories P, Mn, and Cc with Cf

// Of letters and marks; Han, Kana and Hangul count as one, and so do Thai, Lao, Khmer and Burmese.
enum class Script : uint8_t { kOther, kLatin, kGreek, kCyrillic, kArabic, kDevanagari, kTamil, kCjk, kSoutheastAsian };
constexpr uint32_t kScripts = 9;

uint8_t properties(char32_t code_point);  // class and flags
uint8_t combining(char32_t code_point);   // canonical combining class
Script script(char32_t code_point);
Script script_named(const std::string& name);  // latin, greek, cyrillic ...; throws std::invalid_argument

// The image of one code point; empty means "itself".
using Mapping = std::span<const char32_t> (*)(char32_t code_point);
std::span<const char32_t> nothing(char32_t code_point);    // always itself
std::span<const char32_t> fold(char32_t code_point);       // full case folding
std::span<const char32_t> nfkc(char32_t code_point);
std::span<const char32_t> nfkd(char32_t code_point);       // without Hangul syllables
std::span<const char32_t> nfd(char32_t code_point);        // without Hangul syllables
std::span<const char32_t> lower(char32_t code_point);      // full lower case, in no language's special way
std::span<const char32_t> fold_nfkc(char32_t code_point);  // NFKC and case folding, composed
std::span<const char32_t> fold_nfkd(char32_t code_point);  // the same decomposed; U+0345 is not folded yet

// Lower-cased, canonically decomposed, without nonspacing marks; a nonspacing mark is itself.
std::span<const char32_t> lower_unaccented(char32_t code_point);

// The canonical composition of two code points, Hangul included, or 0.
char32_t compose(char32_t first, char32_t second);

constexpr char32_t kHangulFirst = 0xAC00, kLeadFirst = 0x1100, kVowelFirst = 0x1161, kTailBase = 0x11A7;
constexpr uint32_t kLeads = 19, kVowels = 21, kTails = 28, kHangulSyllables = kLeads * kVowels * kTails;

const char* version();

}  // namespace gossamer::unicode
