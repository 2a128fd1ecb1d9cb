// Sentence borders, found in one pass over the white-space-separated words of a text.
//
// A sentence ends
//   - after . ! ? or an ellipsis and any closing quotes or brackets, before white space, unless the full stop belongs to
//     an abbreviation ("Fig.", "e.g."), an initial ("J. Smith") or a number that opens a list item ("3. ");
//   - after a CJK full stop, exclamation or question mark and any closing quotes or brackets, with or without white space;
//   - at a blank line, a form feed or paragraph separator, and before a line that opens a list item or a heading mark (#).
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace gossamer {

struct Sentence {
  uint32_t start, end;           // code points
  uint64_t byte_start, byte_end;
  uint32_t words;                // separated by white space
  bool heading;                  // starts at a heading
};

class SentenceScanner {
 public:
  // Sentences of more than `limit` words are cut at white space, runs of more than 4,096 code points without white space
  // anywhere; a piece of such a run counts `limit` words. A sentence also ends where one of `headings` (ascending code
  // points) starts.
  explicit SentenceScanner(std::string_view text, uint32_t limit = std::numeric_limits<uint32_t>::max(),
                           const std::vector<uint32_t>* headings = nullptr);

  bool next(Sentence& sentence);  // false at the end of the text

 private:
  struct Word {
    const uint8_t *begin, *end;
    uint32_t start, length;  // code points
    bool border_before;      // by the white space, heading or list mark before it
    bool closed;             // ends with a CJK terminator
    bool heading;
    bool piece;              // of a run that was cut
  };
  bool read_word();
  bool skip_space(int& lines);
  void cut(Word& word);
  void skim(Sentence& sentence);
  static bool ends_sentence(const Word& word, bool first, uint8_t next);
  uint32_t offset() const { return static_cast<uint32_t>(static_cast<size_t>(p_ - text_) - shift_); }

  const uint8_t *text_, *end_, *p_;
  size_t shift_ = 0;  // bytes minus code points up to p_
  uint32_t limit_;
  const uint32_t *heading_, *headings_end_;
  Word word_{};
  bool pending_ = false;  // word_ is read, but in no sentence yet
};

}  // namespace gossamer
