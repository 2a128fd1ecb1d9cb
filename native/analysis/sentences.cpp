#include "analysis/sentences.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "analysis/unicode.h"
#include "analysis/utf8.h"

namespace gossamer {

namespace {

constexpr uint32_t kRunLimit = 4096;
constexpr uint32_t kNoLimit = std::numeric_limits<uint32_t>::max();

// What a code point may be for the borders of sentences.
enum Role : uint8_t { kSpace = 1, kTerminator = 2, kCjkTerminator = 4, kCloser = 8, kOpener = 16, kBeyondAscii = 32 };

constexpr bool one_of(char32_t c, std::u32string_view set) { return set.find(c) != std::u32string_view::npos; }

constexpr uint8_t find_role(char32_t c) {
  unsigned role = is_space(c) ? kSpace : 0;
  if (one_of(c, U".!?…")) role |= kTerminator;
  if (one_of(c, U"。！？｡")) role |= kTerminator | kCjkTerminator;
  if (one_of(c, U"\"')]}>*_’”»›」』）】》〉")) role |= kCloser;
  if (one_of(c, U"\"'([{<*_‘“«‹「『（【《〈¿¡")) role |= kOpener;
  return static_cast<uint8_t>(role);
}
constexpr std::array<uint8_t, 256> kBytes = [] {
  std::array<uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = c < 0x80 ? find_role(c) : uint8_t{kBeyondAscii};
  return table;
}();
uint8_t role(char32_t c) { return c < 0x80 ? kBytes[c] : find_role(c); }

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(uint8_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// The first byte from p on that is no printing ASCII character.
const uint8_t* skip_printing(const uint8_t* p, const uint8_t* end) {
  constexpr uint64_t ones = 0x0101010101010101u, high = 0x80 * ones;
  if constexpr (std::endian::native == std::endian::little) {
    for (; end - p >= 8; p += 8) {
      uint64_t v;
      std::memcpy(&v, p, 8);
      const uint64_t stops = (~((v & ~high) + (0x7F - ' ') * ones) | v) & high;
      if (stops != 0) return p + std::countr_zero(stops) / 8;
    }
  }
  while (p < end && *p > ' ' && *p < 0x80) ++p;
  return p;
}

// The code point that ends before p > begin.
Decoded decode_before(const uint8_t* begin, const uint8_t* p) {
  const uint8_t* q = p - 1;
  while (q > begin && p - q < 4 && (*q & 0xC0) == 0x80) --q;
  const Decoded d = decode(q, p);
  return d.length == static_cast<uint32_t>(p - q) ? d : Decoded{kReplacement, 1};
}

// Abbreviations without their last full stop, ASCII lower case, ascending.
constexpr std::string_view kAlways[] = {
    "adm",  "approx", "ca",  "capt", "cf",   "cmdr", "col", "dr",   "eq",  "eqn",  "eqs",  "esp", "fig",
    "figs", "gen",    "gov", "hon",  "lt",   "maj",  "mme", "mr",   "mrs", "ms",   "mt",   "pres", "prof",
    "ref",  "refs",   "rep", "resp", "rev",  "sen",  "sgt", "st",   "tab", "viz",  "vs",
};
constexpr std::string_view kUnlessCapital[] = {"al", "co", "corp", "dept", "est", "etc", "inc", "jr", "ltd", "ph.d", "sr"};
constexpr std::string_view kBeforeDigit[] = {"art", "ch", "chap", "no", "nos", "p", "pp", "sec", "sect", "vol", "vols"};
static_assert(std::ranges::is_sorted(kAlways) && std::ranges::is_sorted(kUnlessCapital) &&
              std::ranges::is_sorted(kBeforeDigit));

// `core` is a word without its full stop and opening quotes, `next` the byte after the white space that follows (0: none).
bool is_abbreviation(const uint8_t* begin, const uint8_t* end, uint8_t next) {
  if (begin == end) return false;
  // One capital letter is an initial: "J. Smith".
  const Decoded first = decode(begin, end);
  if (begin + first.length == end && !(*begin >= 'a' && *begin <= 'z') &&
      (unicode::properties(first.code_point) & unicode::kClassMask) == unicode::kLetter)
    return true;
  // Single letters between full stops: "e.g", "U.S".
  const auto size = static_cast<size_t>(end - begin);
  if (size >= 3 && size % 2 == 1) {
    bool dotted = true;
    for (size_t i = 0; i < size && dotted; ++i) dotted = i % 2 ? begin[i] == '.' : is_ascii_letter(begin[i]);
    if (dotted) return true;
  }
  char lower[8];
  if (size > sizeof lower) return false;
  std::transform(begin, end, lower, [](uint8_t c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c); });
  const std::string_view word(lower, size);
  if (std::ranges::binary_search(kAlways, word)) return true;
  if (std::ranges::binary_search(kUnlessCapital, word)) return !(next >= 'A' && next <= 'Z');
  return is_digit(next) && std::ranges::binary_search(kBeforeDigit, word);
}

// "-", "*", "•", "1.", "12)", "a)", "(iv)" ... at the start of a line, or the # of a Markdown heading.
bool opens_list_item(const uint8_t* begin, const uint8_t* end) {
  const Decoded first = decode(begin, end);
  if (begin + first.length == end) return one_of(first.code_point, U"-*+•‣◦·–—#");
  if (*begin == '#') return std::all_of(begin, end, [](uint8_t c) { return c == '#'; });
  const uint8_t closing = end[-1];
  if (closing != '.' && closing != ')') return false;
  const bool bracket = *begin == '(' && closing == ')';
  const uint8_t *label = begin + bracket, *label_end = end - 1;
  const auto size = label_end - label;
  if (size < 1 || size > 4) return false;
  if (std::all_of(label, label_end, is_digit)) return size <= 3;
  if (closing == '.') return false;
  return (size == 1 && is_ascii_letter(*label)) ||
         std::all_of(label, label_end, [](uint8_t c) { return c == 'i' || c == 'v' || c == 'x'; });
}

}  // namespace

SentenceScanner::SentenceScanner(std::string_view text, uint32_t limit, const std::vector<uint32_t>* headings)
    : text_(reinterpret_cast<const uint8_t*>(text.data())),
      end_(text_ + text.size()),
      p_(text_),
      limit_(limit),
      heading_(headings ? headings->data() : nullptr),
      headings_end_(headings ? headings->data() + headings->size() : nullptr) {}

// Skips white space and counts its line ends; true at a form feed or paragraph separator.
bool SentenceScanner::skip_space(int& lines) {
  bool page = false;
  while (p_ < end_) {
    if (*p_ < 0x80) {
      if (!(kBytes[*p_] & kSpace)) break;
      // \r\n is one line end, \r alone as well.
      lines += *p_ == '\n' || (*p_ == '\r' && !(p_ + 1 < end_ && p_[1] == '\n'));
      page |= *p_ == '\f';
      ++p_;
    } else {
      const Decoded d = decode(p_, end_);
      if (!is_space(d.code_point)) break;
      lines += d.code_point == 0x85 || d.code_point == 0x2028;
      page |= d.code_point == 0x2029;
      p_ += d.length;
      shift_ += d.length - 1;
    }
  }
  return page;
}

// Reads the next run without white space into word_.
bool SentenceScanner::read_word() {
  int lines = 0;
  const bool page = skip_space(lines);
  if (p_ == end_) return false;
  Word word{p_, p_, offset(), 0, page || lines >= 2, false, false, false};
  while (heading_ < headings_end_ && *heading_ <= word.start) {
    word.heading = word.border_before = true;
    ++heading_;
  }
  // Four bytes per code point reach beyond the longest run that is kept whole.
  const uint8_t* const stop =
      limit_ == kNoLimit || end_ - p_ <= 4 * kRunLimit + 1 ? end_ : p_ + 4 * kRunLimit + 1;
  while (p_ < stop && !word.closed) {
    if (*p_ < 0x80) {
      if (kBytes[*p_] & kSpace) break;
      ++p_;
      continue;
    }
    Decoded d = decode(p_, end_);
    const uint8_t kind = role(d.code_point);
    if (kind & kSpace) break;
    word.closed = kind & kCjkTerminator;
    do {  // and, after such a mark, whatever closes with it
      p_ += d.length;
      shift_ += d.length - 1;
      if (p_ == end_ || !word.closed) break;
      d = decode(p_, end_);
    } while (role(d.code_point) & (kTerminator | kCloser));
  }
  word.end = p_;
  word.length = offset() - word.start;
  cut(word);
  word.border_before |= lines == 1 && opens_list_item(word.begin, word.end);
  word_ = word;
  return true;
}

// Ends word where a heading starts in it or, for a long run, after kRunLimit code points.
void SentenceScanner::cut(Word& word) {
  uint32_t keep = limit_ == kNoLimit ? word.length : std::min(word.length, kRunLimit);
  word.piece = keep < word.length;
  if (heading_ < headings_end_ && *heading_ - word.start < keep) keep = *heading_ - word.start;
  if (keep == word.length) return;
  shift_ -= static_cast<size_t>(word.end - word.begin) - word.length;
  word.length = keep;
  word.closed = false;
  for (p_ = word.begin; keep > 0; --keep) {
    const uint32_t length = decode(p_, end_).length;
    p_ += length;
    shift_ += length - 1;
  }
  word.end = p_;
}

// Whether a sentence ends with `word`; `first` when it also starts with it, `next` is the first byte of the next word.
bool SentenceScanner::ends_sentence(const Word& word, bool first, uint8_t next) {
  const uint8_t* end = word.end;
  while (end > word.begin) {
    const Decoded d = decode_before(word.begin, end);
    if (!(role(d.code_point) & kCloser)) break;
    end -= d.length;
  }
  const uint8_t* core_end = end;
  bool full_stop = false;
  uint32_t terminators = 0;
  for (; core_end > word.begin; ++terminators) {
    const Decoded d = decode_before(word.begin, core_end);
    if (!(role(d.code_point) & kTerminator)) break;
    full_stop = d.code_point == '.';
    core_end -= d.length;
  }
  if (terminators != 1 || !full_stop) return terminators != 0;
  const uint8_t* core = word.begin;
  while (core < core_end) {
    const Decoded d = decode(core, core_end);
    if (!(role(d.code_point) & kOpener)) break;
    core += d.length;
  }
  if (first && core < core_end && std::all_of(core, core_end, [](uint8_t c) { return is_digit(c) || c == '.'; }))
    return false;
  return !is_abbreviation(core, core_end, next);
}

// Adds the words that plainly go on with the sentence: ASCII, one space or line end before them, no mark at their end.
void SentenceScanner::skim(Sentence& sentence) {
  const uint8_t* stop = end_;
  if (heading_ < headings_end_ && *heading_ - offset() < static_cast<size_t>(end_ - p_)) stop = p_ + (*heading_ - offset());
  for (; sentence.words < limit_ && stop - p_ > 1; ++sentence.words) {
    // A list item never starts with a letter or digit unless it ends with a mark.
    const uint8_t* const word = p_ + 1;
    if (*p_ != ' ' && !(*p_ == '\n' && (is_ascii_letter(*word) || is_digit(*word)))) return;
    const uint8_t* const end = skip_printing(word, stop);
    if (end == word || end == stop || kBytes[*end] != kSpace || kBytes[end[-1]] != 0 || end - word > kRunLimit) return;
    p_ = end;
  }
}

bool SentenceScanner::next(Sentence& sentence) {
  if (!pending_ && !read_word()) return false;
  pending_ = false;
  sentence = {word_.start, 0, static_cast<uint64_t>(word_.begin - text_), 0, 0, word_.heading};
  for (bool first = true;; first = false) {
    const Word last = word_;
    sentence.words += last.piece ? limit_ : 1;
    const bool may_end = kBytes[last.end[-1]] != 0;
    if (!may_end) skim(sentence);
    sentence.end = offset();
    sentence.byte_end = static_cast<uint64_t>(p_ - text_);
    if (sentence.words == limit_ || !read_word()) return true;
    pending_ = word_.border_before || word_.piece || last.closed || (may_end && ends_sentence(last, first, *word_.begin));
    if (pending_) return true;
  }
}

}  // namespace gossamer
