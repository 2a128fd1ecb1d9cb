#include "analysis/passages.h"

#include "analysis/sentences.h"

namespace gossamer {

namespace {
PassageRange range(const Sentence& first, const Sentence& last) {
  return {first.start, last.end, first.byte_start, last.byte_end};
}
}  // namespace

std::vector<PassageRange> split_passages(std::string_view text, uint32_t words, const std::vector<uint32_t>& headings) {
  std::vector<PassageRange> passages;
  SentenceScanner scanner = words == 0 ? SentenceScanner(text) : SentenceScanner(text, words, &headings);
  Sentence first, last, next;
  if (!scanner.next(first)) return {{0, 0, 0, 0}};
  last = first;
  uint64_t total = first.words;
  while (scanner.next(next)) {
    if (words != 0 && (next.heading || total + next.words > words)) {
      passages.push_back(range(first, last));
      const bool overlaps = !next.heading && uint64_t{last.words} + next.words <= words;
      first = overlaps ? last : next;
      total = overlaps ? last.words : 0;
    }
    total += next.words;
    last = next;
  }
  passages.push_back(range(first, last));
  return passages;
}

std::vector<PassageRange> split_sentences(std::string_view text) {
  std::vector<PassageRange> sentences;
  SentenceScanner scanner(text);
  for (Sentence sentence; scanner.next(sentence);) sentences.push_back(range(sentence, sentence));
  return sentences;
}

}  // namespace gossamer
