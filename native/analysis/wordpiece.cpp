#include "analysis/wordpiece.h"

#include "analysis/letters.h"
#include "analysis/unicode.h"
#include "analysis/utf8.h"

namespace gossamer {

namespace {

constexpr size_t kLongest = 100;  // code points of a word; longer ones are unknown
constexpr std::string_view kUnknown = "[UNK]";

bool stands_alone(char32_t c) {
  const bool ascii_symbol = c < 0x80 && c > ' ' && c != 0x7F && (unicode::properties(c) & unicode::kClassMask) == unicode::kOther;
  const bool ideograph = (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
                         (c >= 0x2A700 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
  return ascii_symbol || ideograph || (unicode::properties(c) & unicode::kPunctuation);
}

// White space there is \t, \n, \r and the separators Zs; other controls vanish, and so do line and paragraph separators' kin.
bool is_blank(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c != 0x85 && is_space(c);
}

}  // namespace

void WordPiece::split(std::string_view text, void* sink, void (*emit)(void*, const Word&)) const {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const auto* const end = p + text.size();
  std::vector<Letter> word;
  uint32_t position = 0;
  const auto finish = [&] {
    if (!word.empty()) split_word(word, position, sink, emit);
    word.clear();
  };
  for (uint32_t at = 0; p < end; ++at) {
    const auto [c, length] = decode(p, end);
    p += length;
    if (is_blank(c)) {
      finish();
      continue;
    }
    const uint8_t properties = unicode::properties(c);
    if (c == 0 || c == kReplacement || (properties & (unicode::kControl | unicode::kNonspacing))) continue;
    const bool alone = stands_alone(c);
    if (alone) finish();
    const auto image = unicode::lower_unaccented(c);
    if (c >= unicode::kHangulFirst && c < unicode::kHangulFirst + unicode::kHangulSyllables) {
      const uint32_t index = c - unicode::kHangulFirst, tail = index % unicode::kTails;
      word.push_back({{}, {at, at + 1}});
      append(unicode::kLeadFirst + index / (unicode::kVowels * unicode::kTails), word.back().bytes);
      word.push_back({{}, {at, at + 1}});
      append(unicode::kVowelFirst + index / unicode::kTails % unicode::kVowels, word.back().bytes);
      if (tail != 0) word.push_back({{}, {at, at + 1}}), append(unicode::kTailBase + tail, word.back().bytes);
    } else if (image.empty()) {
      word.push_back({{}, {at, at + 1}});
      append(c, word.back().bytes);
    } else {
      for (const char32_t part : image) word.push_back({{}, {at, at + 1}}), append(part, word.back().bytes);
    }
    if (alone) finish();
  }
  finish();
}

void WordPiece::split_word(const std::vector<Letter>& word, uint32_t& position, void* sink,
                           void (*emit)(void*, const Word&)) const {
  std::vector<std::pair<std::string, Range>> pieces;
  bool known = word.size() <= kLongest;
  for (size_t start = 0; known && start < word.size();) {
    std::string longest;
    size_t stop = start;
    std::string piece = start == 0 ? "" : "##";
    for (size_t i = start; i < word.size(); ++i) {
      piece += word[i].bytes;
      if (vocabulary_.contains(piece)) longest = piece, stop = i + 1;
    }
    known = stop > start;
    if (known) pieces.emplace_back(std::move(longest), Range{word[start].place.start, word[stop - 1].place.end});
    start = stop;
  }
  if (!known) pieces.assign(1, {std::string(kUnknown), {word.front().place.start, word.back().place.end}});
  for (const auto& [piece, place] : pieces) emit(sink, Word{piece, position++, place.start, place.end});
}

}  // namespace gossamer
