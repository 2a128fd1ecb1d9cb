#include "index/words.h"

#include <algorithm>
#include <utility>

#include "analysis/unicode.h"
#include "analysis/utf8.h"
#include "index/postings.h"

namespace gossamer {

namespace {

constexpr size_t kLongestBytes = 4 * kLongestWord;

uint32_t zigzag(uint32_t difference) { return difference << 1 ^ (difference >> 31 ? 0xffffffffu : 0); }
uint32_t unzigzag(uint32_t value) { return value >> 1 ^ (value & 1 ? 0xffffffffu : 0); }

size_t common(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

std::string_view without_language(std::string_view form) {
  if (!form.empty() && static_cast<uint8_t>(form[0]) < 0x20) form.remove_prefix(1);
  return form;
}

uint32_t letters_of(std::string_view form) {
  form = without_language(form);
  if (form.size() < kShortestWord || form.size() > kLongestBytes) return 0;
  const auto* p = reinterpret_cast<const uint8_t*>(form.data());
  const auto* const end = p + form.size();
  uint32_t letters = 0;
  while (p < end) {
    const Decoded c = decode(p, end);
    const uint8_t kind = unicode::properties(c.code_point) & unicode::kClassMask;
    if (kind != unicode::kLetter && kind != unicode::kMark) return 0;
    const unicode::Script script = unicode::script(c.code_point);
    if (script == unicode::Script::kCjk || script == unicode::Script::kSoutheastAsian) return 0;  // no words, but runs of them
    ++letters;
    p += c.length;
  }
  return letters >= kShortestWord && letters <= kLongestWord ? letters : 0;
}

void WordWriter::add(std::string_view word, uint32_t term, uint64_t occurrences) {
  if (in_block_ == kWordBlock) in_block_ = 0;
  if (in_block_++ == 0) {
    starts_.push_back(taken_ + bytes_.size());
    last_.clear();
    last_term_ = 0;
  }
  const size_t shared = common(last_, word);
  put_varint(bytes_, static_cast<uint32_t>(shared));
  put_varint(bytes_, static_cast<uint32_t>(word.size() - shared));
  bytes_.insert(bytes_.end(), word.begin() + static_cast<ptrdiff_t>(shared), word.end());
  put_varint(bytes_, zigzag(term + 1 - last_term_));
  put_varint(bytes_, static_cast<uint32_t>(std::min<uint64_t>(occurrences, UINT32_MAX)));
  last_ = word;
  last_term_ = term + 1;
}

std::vector<uint8_t> WordWriter::take() {
  taken_ += bytes_.size();
  return std::exchange(bytes_, {});
}

std::vector<uint64_t> WordWriter::finish() {
  starts_.push_back(taken_ + bytes_.size());
  return std::move(starts_);
}

WordCursor::WordCursor(const Words& words) : words_(words) {
  if (!words_.starts.empty() && blocks() > 0) enter(0);
}

void WordCursor::enter(size_t block) {
  const uint64_t from = words_.starts[block], to = words_.starts[block + 1];
  if (from >= to || to > words_.bytes.size()) throw Damaged("section words.starts: offsets out of order");
  block_ = block;
  at_ = words_.bytes.data() + from;
  end_ = words_.bytes.data() + to;
  first_ = true;
}

std::string_view WordCursor::first_of(size_t block) const {
  const uint64_t from = words_.starts[block], to = words_.starts[block + 1];
  if (from >= to || to > words_.bytes.size()) throw Damaged("section words.starts: offsets out of order");
  const uint8_t* p = words_.bytes.data() + from;
  const uint8_t* const end = words_.bytes.data() + to;
  get_varint(p, end);
  const uint32_t size = get_varint(p, end);
  if (size > static_cast<size_t>(end - p)) throw Damaged("section words.bytes: a word is too long");
  return {reinterpret_cast<const char*>(p), size};
}

// Reads the next word of the block. Returns false, and leaves word_ as it is, when it shares at_least bytes with it.
bool WordCursor::read(size_t at_least) {
  size_t shared = get_varint(at_, end_);
  const size_t size = get_varint(at_, end_);
  if (size > static_cast<size_t>(end_ - at_) || shared + size > kLongestBytes)
    throw Damaged("section words.bytes: a word is too long");
  const std::string_view further(reinterpret_cast<const char*>(at_), size);
  at_ += size;
  const bool first = std::exchange(first_, false);
  term_ = (first ? 0 : term_) + unzigzag(get_varint(at_, end_));
  occurrences_ = get_varint(at_, end_);
  const size_t known = first ? common(word_, further) : shared;
  if (known >= at_least) return false;
  if (first) shared = 0;
  else if (shared > word_.size()) throw Damaged("section words.bytes: a word shares more than there is");
  word_.resize(shared);
  word_ += further;
  shared_ = known;
  return true;
}

bool WordCursor::next() { return next_after(static_cast<size_t>(-1)); }

bool WordCursor::next_after(size_t bytes) {
  const auto begins_so = [&](size_t block) { return first_of(block).starts_with(std::string_view(word_).substr(0, bytes)); };
  for (;;) {
    while (at_ != end_)
      if (read(bytes)) return true;
    if (at_ == nullptr || block_ + 1 == blocks()) return false;
    size_t next = block_ + 1;
    if (bytes <= word_.size() && begins_so(next)) {
      // The last block whose first word begins so holds the first word that does not, or ends before it.
      size_t step = 1;
      while (next + step < blocks() && begins_so(next + step)) {
        next += step;
        step *= 2;
      }
      for (; step > 0; step /= 2)
        if (next + step < blocks() && begins_so(next + step)) next += step;
    }
    enter(next);
  }
}

void WordCollector::add(std::string_view form, uint32_t term, uint64_t occurrences) {
  if (letters_of(form) == 0) return;
  const std::string_view word = without_language(form);
  uint64_t key = 0;
  for (size_t i = 0; i < 8; ++i) key = key << 8 | (i < word.size() ? static_cast<uint8_t>(word[i]) : 0u);
  entries_.push_back({key, word, term, occurrences});
}

void WordCollector::finish(const std::string& space, std::vector<Section>& out) {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    if (a.key != b.key) return a.key < b.key;
    if (a.word != b.word) return a.word < b.word;
    return a.term < b.term;
  });
  if (entries_.empty()) return;
  WordWriter writer;
  for (size_t i = 0; i < entries_.size();) {
    const Entry& entry = entries_[i];
    uint64_t occurrences = 0;
    for (; i < entries_.size() && entries_[i].word == entry.word && entries_[i].term == entry.term; ++i)
      occurrences += entries_[i].occurrences;
    writer.add(entry.word, entry.term, occurrences);
  }
  out.push_back(make_section(space + ".words.starts", writer.finish(), false));
  out.push_back(make_section(space + ".words.bytes", writer.take(), false));
}

void merge_words(const std::vector<WordSource>& sources, std::span<const uint64_t> cf, WordWriter& out,
                 const std::function<void()>& sink) {
  struct Head {
    WordCursor cursor;
    const WordSource* source;
  };
  std::vector<Head> heads;
  for (const WordSource& source : sources) {
    heads.push_back({WordCursor(source.words), &source});
    if (!heads.back().cursor.next()) heads.pop_back();
  }
  std::vector<std::pair<uint32_t, uint64_t>> terms;  // of one word: term, occurrences
  while (!heads.empty()) {
    const auto least = std::min_element(heads.begin(), heads.end(), [](const Head& a, const Head& b) {
      return a.cursor.word() < b.cursor.word();
    });
    const std::string word(least->cursor.word());
    terms.clear();
    for (size_t i = 0; i < heads.size();) {
      WordCursor& cursor = heads[i].cursor;
      bool more = true;
      for (; more && cursor.word() == word; more = cursor.next()) {
        uint32_t term = cursor.term();
        if (term != kNoWordTerm) {
          if (term >= heads[i].source->terms.size()) throw Damaged("section words.bytes: no such term");
          term = heads[i].source->terms[term];
          if (term == kNoWordTerm) continue;  // gone
        }
        terms.emplace_back(term, cursor.occurrences());
      }
      if (more) ++i;
      else heads.erase(heads.begin() + static_cast<ptrdiff_t>(i));
    }
    std::sort(terms.begin(), terms.end());
    for (size_t i = 0; i < terms.size();) {
      const uint32_t term = terms[i].first;
      uint64_t occurrences = 0;
      for (; i < terms.size() && terms[i].first == term; ++i) occurrences += terms[i].second;
      out.add(word, term, term == kNoWordTerm ? occurrences : std::min(occurrences, cf[term]));
    }
    sink();
  }
}

}  // namespace gossamer
