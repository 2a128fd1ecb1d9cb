// Letters that a language writes in more than one way, made one; and letters without their accents.
#pragma once

#include <string>
#include <string_view>

namespace gossamer {

enum class Letters {
  kKept,
  kArabic,    // no vowel signs and no tatweel; alef with any hamza is alef, alef maksura is yeh
  kFrench,    // ligatures spelled out: cœur is coeur
  kGerman,    // ä, ae -> a; ö, oe -> o; ü, ue -> u, but the u of ue stays after a vowel or q, as in "neue" and "quelle"
  kGreek,     // no accents
  kHindi,     // no nukta; candrabindu is anusvara
  kPersian,   // Arabic yeh and kaf as Persian ones, every heh alike, no vowel signs
  kRomanian,  // comma below as the cedilla that the stemmer expects
  kRussian,   // ё is е
  kTurkish,   // what follows an apostrophe is no part of the word: İstanbul'da is istanbul
};

Letters letters_named(const std::string& name);  // throws std::invalid_argument

// Writes the one spelling of a case-folded word to `out`; false when that is the word itself (`out` is of no use then).
bool respell(Letters letters, std::string_view word, std::string& out);

// Writes the word without the accents of its Latin and Greek letters to `out`, ø as o and æ as ae; false as above.
bool fold_accents(std::string_view word, std::string& out);

// Appends a code point as UTF-8.
void append(char32_t code_point, std::string& out);

}  // namespace gossamer
