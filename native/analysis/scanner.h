// Reads valid or broken UTF-8 and feeds its code points, normalised a cluster at a time, to a splitter of words.
#pragma once

#include <cstdint>
#include <string_view>

#include "analysis/cluster.h"
#include "analysis/unicode.h"
#include "analysis/utf8.h"
#include "analysis/words.h"

namespace gossamer {

// More marks than this on one letter are normalised in portions, so that no text needs unbounded memory.
constexpr size_t kClusterLimit = 4096;

template <bool kTraced>
class Scanner {
 public:
  Scanner(bool normalize, bool casefold, bool possessive, bool identifiers = false)
      : words_(casefold, possessive, identifiers), cluster_(make_cluster(normalize, casefold)), normalize_(normalize) {}

  const Words<kTraced>& words() const { return words_; }

  // Calls emit(sink, word) for every word of `text`.
  void scan(std::string_view text, void* sink, typename Words<kTraced>::Emit emit) {
    words_.begin(sink, emit);
    cluster_.clear();  // a sink may have thrown
    const auto* const begin = reinterpret_cast<const uint8_t*>(text.data());
    const uint8_t* const end = begin + text.size();
    const uint8_t* p = begin;
    size_t shift = 0;  // bytes minus code points so far
    const auto offset = [&] { return static_cast<uint32_t>(static_cast<size_t>(p - begin) - shift); };
    while (p < end) {
      if (*p >= 0x80) {
        p = read_beyond_ascii(p, end, begin, shift);
        continue;
      }
      if constexpr (!kTraced) {
        if (!words_.joining() && kByteClass[*p] != unicode::kOther) {
          const uint8_t* const next = words_.run(p, end, offset());
          if (next == p) words_.finish();  // the word was full
          p = next;
          continue;
        }
      }
      words_.consume(*p, offset(), offset() + 1);
      ++p;
    }
    words_.finish();
  }

 private:
  static Cluster make_cluster(bool normalize, bool casefold) {
    if (normalize && casefold) return {unicode::fold_nfkc, unicode::fold_nfkd, true};
    if (normalize) return {unicode::nfkc, unicode::nfkd, false};
    return {casefold ? unicode::fold : unicode::nothing, unicode::nothing, false};
  }

  void flush() {
    for (const char32_t c : cluster_.normalized()) words_.consume(c, cluster_.start(), cluster_.end());
    cluster_.clear();
  }

  // Reads from the non-ASCII byte p up to the next ASCII byte.
  const uint8_t* read_beyond_ascii(const uint8_t* p, const uint8_t* end, const uint8_t* text, size_t& shift) {
    while (p < end && *p >= 0x80) {
      const auto [code_point, length] = decode(p, end);
      const auto offset = static_cast<uint32_t>(static_cast<size_t>(p - text) - shift);
      p += length;
      shift += length - 1;
      const uint8_t properties = unicode::properties(code_point);
      if (properties & unicode::kIgnorable) continue;
      if (normalize_ && (properties & unicode::kExtends) && cluster_.size() < kClusterLimit) {
        // Inside this loop the cluster holds what came last; before it, that was an ASCII character.
        if (cluster_.empty() && words_.open() && !words_.joining()) {
          const uint32_t before = words_.end() - 1;
          cluster_.add(words_.pop(), before);
        }
      } else if (!cluster_.empty()) {
        flush();
      }
      cluster_.add(code_point, offset);
    }
    if (!cluster_.empty()) flush();
    return p;
  }

  Words<kTraced> words_;
  Cluster cluster_;
  bool normalize_;
};

}  // namespace gossamer
