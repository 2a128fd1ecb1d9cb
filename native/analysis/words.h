// Finds words in a stream of normalised code points:
// maximal runs of letters, marks and digits that start with a letter or digit, joined by a single ' . _ between letters
// or . , between digits. A word ends after 255 code points; what follows is the next word.
// A traced splitter also remembers where each code point of a word came from, for what cuts words into smaller pieces.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "analysis/analyzer.h"
#include "analysis/unicode.h"
#include "analysis/utf8.h"

namespace gossamer {

constexpr uint32_t kWordLimit = 255;
constexpr char32_t kApostrophe = 0x2019;  // NFKC keeps it apart from '

inline constexpr std::array<uint8_t, 256> kByteClass = [] {
  std::array<uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') table[c] = unicode::kLetter;
    if (c >= '0' && c <= '9') table[c] = unicode::kDigit;
  }
  return table;
}();

// The code points of a word, and the stretch of the original text that each stands for.
struct Trace {
  char32_t code_points[kWordLimit];
  Range places[kWordLimit];
  uint32_t size = 0;
};

template <bool kTraced>
class Words {
 public:
  using Emit = void (*)(void*, const Word&);

  // With `identifiers` a single _ joins digits too.
  Words(bool casefold, bool possessive, bool identifiers = false)
      : lower_(casefold ? 0x2020202020202020u : 0), possessive_(possessive), identifiers_(identifiers) {}

  // Of the word that is being emitted.
  const Trace& trace() const requires kTraced { return trace_; }

  void begin(void* sink, Emit emit) {
    sink_ = sink;
    emit_ = emit;
    position_ = bytes_ = count_ = end_ = 0;
    joiner_ = 0;
  }

  bool open() const { return bytes_ != 0; }
  bool joining() const { return joiner_ != 0; }

  // Appends the ASCII letters and digits at p, lower-cased where asked; returns the first byte that is none, or where the
  // word is full. For an open word, or p at a letter or digit. `offset` is the code point of p.
  const uint8_t* run(const uint8_t* p, const uint8_t* end, uint32_t offset) requires(!kTraced) {
    const uint8_t* const first = p;
    const uint32_t room = kWordLimit - count_;
    const uint8_t* const stop = static_cast<size_t>(end - p) < room ? end : p + room;
    char* out = word_ + bytes_;
    if (bytes_ == 0) start_ = offset;
    if constexpr (std::endian::native == std::endian::little) {
      while (stop - p >= 8) {
        uint64_t v;
        std::memcpy(&v, p, 8);
        const uint64_t stops = not_alphanumeric(v);
        v |= lower_;  // bit 5 is set in digits already
        std::memcpy(out, &v, 8);
        if (stops != 0) {
          const auto n = static_cast<uint32_t>(std::countr_zero(stops)) / 8;
          out += n;
          p += n;
          goto done;
        }
        p += 8;
        out += 8;
      }
    }
    for (; p < stop && kByteClass[*p] != unicode::kOther; ++p)
      *out++ = static_cast<char>(*p | static_cast<uint8_t>(lower_));
  done:
    if (p != first) {
      const auto n = static_cast<uint32_t>(p - first);
      bytes_ += n;
      count_ += n;
      end_ = offset + n;
      last_ = kByteClass[p[-1]];
    }
    return p;
  }

  // The next code point, which stands for [start, end) of the original text.
  void consume(char32_t c, uint32_t start, uint32_t end) {
    const uint8_t kind = c < 0x80 ? kByteClass[c] : unicode::properties(c) & unicode::kClassMask;
    switch (kind) {
      case unicode::kLetter:
      case unicode::kDigit:
        if (joiner_ != 0) {
          if (joins(kind) && count_ + 2 <= kWordLimit)
            append(static_cast<uint8_t>(joiner_), end_, start);
          else
            finish();
          joiner_ = 0;
        } else if (count_ == kWordLimit) {
          finish();
        }
        if (!open()) start_ = start;
        append(c < 0x80 ? static_cast<char32_t>(c | (lower_ & 0x20)) : c, start, end);
        last_ = kind;
        end_ = end;
        break;
      case unicode::kMark:
        if (!open()) break;
        if (joiner_ != 0 || count_ == kWordLimit) {
          finish();
        } else {
          append(c, start, end);
          end_ = end;
        }
        break;
      default:
        if (!open()) break;
        if (joiner_ == 0 && (c == '\'' || c == '.' || c == '_' || c == ',' || c == kApostrophe))
          joiner_ = c == kApostrophe ? '\'' : static_cast<char>(c);
        else
          finish();
    }
  }

  // Takes the last character, an ASCII letter or digit, back out of an open word: marks follow it.
  char32_t pop() {
    --count_;
    return static_cast<uint8_t>(word_[--bytes_]);
  }
  uint32_t end() const { return end_; }

  // Ends the open word, if any.
  void finish() {
    if (bytes_ != 0) {
      uint32_t size = bytes_;
      const bool owner = possessive_ && size > 2 && word_[size - 2] == '\'' && (word_[size - 1] | 0x20) == 's';
      if (owner) size -= 2;
      if constexpr (kTraced) trace_.size = owner ? count_ - 2 : count_;
      emit_(sink_, Word{{word_, size}, position_++, start_, end_});
    }
    bytes_ = count_ = 0;
    joiner_ = 0;
  }

 private:
  bool joins(uint8_t next) const {
    if (identifiers_ && joiner_ == '_') return true;
    if (last_ != next) return false;
    return next == unicode::kLetter ? joiner_ != ',' : joiner_ == '.' || joiner_ == ',';
  }

  void append(char32_t c, uint32_t start, uint32_t end) {
    if constexpr (kTraced) {
      trace_.code_points[count_] = c;
      trace_.places[count_] = {start, end};
    }
    bytes_ += encode(c, word_ + bytes_);
    ++count_;
  }

  // The high bit of every byte that is no ASCII letter or digit.
  static uint64_t not_alphanumeric(uint64_t v) {
    constexpr uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
    const uint64_t seven = v & ~high, lower = seven | 0x20 * ones;
    const uint64_t letter = (lower + (0x80 - 'a') * ones) & ~(lower + (0x7F - 'z') * ones);
    const uint64_t digit = (seven + (0x80 - '0') * ones) & ~(seven + (0x7F - '9') * ones);
    return (~(letter | digit) | v) & high;
  }

  uint64_t lower_;
  bool possessive_, identifiers_;
  uint8_t last_ = unicode::kOther;  // class of the last letter or digit
  char joiner_ = 0;                 // read, but not yet known to join
  uint32_t bytes_ = 0, count_ = 0;  // of the open word
  uint32_t start_ = 0, end_ = 0, position_ = 0;
  void* sink_ = nullptr;
  Emit emit_ = nullptr;
  char word_[4 * kWordLimit + 8];   // run() stores eight bytes at a time
  struct Nothing {};
  [[no_unique_address]] std::conditional_t<kTraced, Trace, Nothing> trace_;
};

}  // namespace gossamer
