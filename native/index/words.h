// The words of a text space as people type them, for typing errors: case-folded forms that are made of letters, each with
// the term it leads to and how often it occurred. Sections, both optional:
//   words.bytes   ascending by bytes, in blocks of kWordBlock; for each word varints of the bytes shared with the word before
//                 (0 in front of a block) and of the further bytes, then these, then varints of the term (number + 1, or 0
//                 for a word that the analyser drops; zigzag difference to the word before in the block) and the occurrences
//   words.starts  u64[blocks + 1]: where each block begins
// A word may stand there twice, with different terms.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/layout.h"

namespace gossamer {

inline constexpr uint32_t kWordBlock = 16;
inline constexpr uint32_t kShortestWord = 4, kLongestWord = 40;  // letters
inline constexpr uint32_t kNoWordTerm = 0xffffffffu;             // the analyser drops the word

// How many letters a form has, marks included, if it is a word that may be mistyped; else 0. A leading control character (the
// language of an analyser of several) is not part of it.
uint32_t letters_of(std::string_view form);
std::string_view without_language(std::string_view form);

// The two sections, read in place.
struct Words {
  std::span<const uint64_t> starts;
  std::span<const uint8_t> bytes;
};

class WordWriter {
 public:
  void add(std::string_view word, uint32_t term, uint64_t occurrences);  // ascending
  // What was written since the last call, and where blocks begin in all of it, the end included once.
  std::vector<uint8_t> take();
  size_t pending() const { return bytes_.size(); }
  std::vector<uint64_t> finish();

 private:
  std::string last_;
  uint32_t last_term_ = 0, in_block_ = 0;
  uint64_t taken_ = 0;
  std::vector<uint8_t> bytes_;
  std::vector<uint64_t> starts_;
};

// Walks over the words in order. Damaged bytes give Damaged or other words, never a wild read, and the walk ends.
class WordCursor {
 public:
  explicit WordCursor(const Words& words);

  bool next();  // moves to the next word; false at the end
  // Moves to the first later word that does not begin with the first `bytes` bytes of this one; false at the end.
  bool next_after(size_t bytes);

  std::string_view word() const { return word_; }
  size_t shared() const { return shared_; }  // bytes in common with the word that the cursor stood on before
  uint32_t term() const { return term_ - 1; }  // kNoWordTerm for a dropped word
  uint32_t occurrences() const { return occurrences_; }

 private:
  size_t blocks() const { return words_.starts.size() - 1; }
  void enter(size_t block);
  std::string_view first_of(size_t block) const;
  bool read(size_t at_least);

  Words words_;
  size_t block_ = 0;
  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
  bool first_ = false;  // the next word is the first of its block
  std::string word_;
  size_t shared_ = 0;
  uint32_t term_ = 0, occurrences_ = 0;
};

// Collects forms in any order and writes the sections; none where no form is a word.
class WordCollector {
 public:
  void add(std::string_view form, uint32_t term, uint64_t occurrences);  // `form` must stay where it is
  void finish(const std::string& space, std::vector<Section>& out);

 private:
  struct Entry {
    uint64_t key;  // the first eight bytes, so that most comparisons need no more
    std::string_view word;
    uint32_t term;
    uint64_t occurrences;
  };
  std::vector<Entry> entries_;
};

// Merges the words of several segments. `terms[i]` gives the new number of each term of segment i, kNoWordTerm where it has
// gone, and its words with it; `cf` bounds the occurrences, which count what was deleted since. Calls sink now and then.
struct WordSource {
  Words words;
  std::vector<uint32_t> terms;
};
void merge_words(const std::vector<WordSource>& sources, std::span<const uint64_t> cf, WordWriter& out,
                 const std::function<void()>& sink);

}  // namespace gossamer
