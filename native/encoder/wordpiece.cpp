#include "encoder/wordpiece.h"

#include <span>

#include "analysis/unicode.h"
#include "analysis/utf8.h"

namespace gossamer::encoder {

namespace {

// The White_Space property. Python's own set, is_space, has the four information separators too.
bool is_white(char32_t c) { return is_space(c) && !(c >= 0x1C && c <= 0x1F); }

bool is_punctuation(char32_t c) {
  if (c < 0x80) return c > ' ' && c != 0x7F && (unicode::properties(c) & unicode::kClassMask) == unicode::kOther;
  return (unicode::properties(c) & unicode::kPunctuation) != 0;
}

// General categories Cc, Cf and Co, NUL and the replacement character, but for the white space among them.
bool is_dirt(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const bool is_private = (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xF0000 && (c & 0xFFFF) < 0xFFFE);
  return c == kReplacement || is_private || (unicode::properties(c) & unicode::kControl) != 0;
}

// The blocks of ideographs that BERT names; the gap before U+2B920 is the library's.
bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

// Calls each(code point) for the canonical decomposition. Marks stay in the order of the text: those that canonical order
// would exchange are dropped by the caller, but for seven signs of music, Hangul and Vietnamese Han reading.
template <class Each>
void decompose(char32_t c, Each each) {
  if (c - unicode::kHangulFirst < unicode::kHangulSyllables) {
    const uint32_t index = c - unicode::kHangulFirst, tail = index % unicode::kTails;
    each(unicode::kLeadFirst + index / (unicode::kVowels * unicode::kTails));
    each(unicode::kVowelFirst + index / unicode::kTails % unicode::kVowels);
    if (tail != 0) each(unicode::kTailBase + tail);
    return;
  }
  const std::span<const char32_t> parts = unicode::nfd(c);
  if (parts.empty()) return each(c);
  for (const char32_t part : parts) each(part);
}

using Pieces = std::vector<std::pair<std::string_view, uint32_t>>;

Pieces beginning(const WordPieceOptions& options) { return {options.vocabulary.begin(), options.vocabulary.end()}; }

Pieces continuing(const WordPieceOptions& options) {
  Pieces pieces;
  for (const auto& [piece, id] : options.vocabulary)
    if (piece.starts_with(options.prefix)) pieces.emplace_back(std::string_view(piece).substr(options.prefix.size()), id);
  return pieces;
}

}  // namespace

// One word at a time of a part of the text, normalised. Words wait for each other, so that what several of them look up in memory
// comes at the same time.
class WordPiece::Reader {
 public:
  Reader(const WordPiece& pieces, std::vector<uint32_t>& ids) : pieces_(pieces), ids_(ids) { words_.reserve(kAhead * 12); }

  void ascii(uint8_t c) {
    switch (pieces_.ascii_[c]) {
      case Kind::letter: words_ += pieces_.lowered_[c], ++letters_; break;
      case Kind::space: finish(); break;
      case Kind::punctuation: alone(c); break;
      case Kind::nothing: break;
    }
  }

  void read(char32_t c) {
    const WordPieceOptions& options = pieces_.options_;
    if (options.clean && is_dirt(c)) return;
    const bool ideograph = options.chinese && is_ideograph(c);
    if (ideograph) finish();
    if (options.strip)
      decompose(c, [&](char32_t part) {
        if ((unicode::properties(part) & unicode::kNonspacing) == 0) lower(part);
      });
    else lower(c);
    if (ideograph) finish();
  }

  void finish() {
    if (letters_ == 0) return;
    const size_t start = count_ == 0 ? 0 : waiting_[count_ - 1].end;
    waiting_[count_++] = {words_.size(), letters_, pieces_.first_.fetch(std::string_view(words_).substr(start))};
    letters_ = 0;
    if (count_ == kAhead) drain();
  }

  // The words that wait become ids.
  void drain() {
    size_t start = 0;
    for (size_t i = 0; i < count_; start = waiting_[i++].end) {
      const std::string_view word = std::string_view(words_).substr(start, waiting_[i].end - start);
      const uint32_t whole = pieces_.first_.id_of(waiting_[i].hash, word);
      if (whole != PiecesTable::kNone && waiting_[i].letters <= pieces_.options_.longest_word) ids_.push_back(whole);
      else pieces_.encode_word(word, waiting_[i].letters, ids_);
    }
    words_.clear();
    count_ = 0;
  }

 private:
  void lower(char32_t c) {
    const std::span<const char32_t> image = pieces_.options_.lower ? unicode::lower(c) : unicode::nothing(c);
    if (image.empty()) return add(c);
    for (const char32_t part : image) add(part);
  }

  void add(char32_t c) {
    if (is_white(c)) return finish();
    if (is_punctuation(c)) return alone(c);
    append(c);
  }

  void alone(char32_t c) {
    finish();
    append(c);
    finish();
  }

  void append(char32_t c) {
    char bytes[4];
    words_.append(bytes, gossamer::encode(c, bytes));
    ++letters_;
  }

  const WordPiece& pieces_;
  std::vector<uint32_t>& ids_;
  struct Word {
    size_t end;  // in words_
    uint32_t letters;
    uint64_t hash;
  };
  static constexpr size_t kAhead = 16;

  std::string words_;  // end to end, the last one not yet finished
  std::array<Word, kAhead> waiting_;
  size_t count_ = 0;
  uint32_t letters_ = 0;  // of the last one
};

WordPiece::WordPiece(const WordPieceOptions& options)
    : options_(options), first_(beginning(options)), next_(continuing(options)) {
  for (uint8_t c = 0; c < 128; ++c) {
    ascii_[c] = options.clean && is_dirt(c) ? Kind::nothing
                : is_white(c)               ? Kind::space
                : is_punctuation(c)         ? Kind::punctuation
                                            : Kind::letter;
    lowered_[c] = static_cast<char>(options.lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  options_.vocabulary.clear();  // the tables have it
  for (const auto& [token, id] : options.special) begins_special_[static_cast<uint8_t>(token.front())] = true;
}

void WordPiece::encode(std::string_view text, std::vector<uint32_t>& ids) const {
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    const auto* special = begins_special_[static_cast<uint8_t>(text[at])] ? special_at(text.substr(at)) : nullptr;
    if (special == nullptr) {
      ++at;
      continue;
    }
    encode_part(text.substr(start, at - start), ids);
    ids.push_back(special->second);
    start = at += special->first.size();
  }
  encode_part(text.substr(start), ids);
}

const std::pair<std::string, uint32_t>* WordPiece::special_at(std::string_view text) const {
  const std::pair<std::string, uint32_t>* longest = nullptr;
  for (const auto& special : options_.special)
    if (text.starts_with(special.first) && (longest == nullptr || special.first.size() > longest->first.size()))
      longest = &special;
  return longest;
}

void WordPiece::encode_part(std::string_view text, std::vector<uint32_t>& ids) const {
  Reader reader(*this, ids);
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  for (const auto* const end = p + text.size(); p < end;) {
    if (*p < 0x80) {
      reader.ascii(*p++);
      continue;
    }
    const auto [c, length] = decode(p, end);
    reader.read(c);
    p += length;
  }
  reader.finish();
  reader.drain();
}

void WordPiece::encode_word(std::string_view word, uint32_t letters, std::vector<uint32_t>& ids) const {
  const size_t before = ids.size();
  const PiecesTable* table = &first_;
  bool known = letters <= options_.longest_word;
  while (known && !word.empty()) {
    const PiecesTable::Found found = table->longest(word);
    known = found.id != PiecesTable::kNone;
    if (known) ids.push_back(found.id);
    word.remove_prefix(found.length);
    table = &next_;
  }
  if (known) return;
  ids.resize(before);
  ids.push_back(options_.unknown);
}

}  // namespace gossamer::encoder
