// The BM25 family as one inner product: document weight = idf x tf part, query weight = count of the word in the query.
//
// Sources: Robertson & Zaragoza (2009), Kamphuis et al. (2020), Lv & Zhai (2011), Rousseau & Vazirgiannis (2013),
// Zhai & Lafferty (2004). f = term frequency, L = length of the row, A = mean length, N = rows, n = document frequency.
// BM25F (Robertson, Zaragoza & Taylor 2004): f is the sum over fields of weight x count / norm of the field's length; see
// fields.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace gossamer {

enum class Variant : uint8_t { robertson, lucene, atire, bm25l, bm25plus, tfidf, ql_dirichlet, bm25f };

struct FieldWeight {
  double weight = 1.0, b = 0.75;
};

struct Bm25 {
  Variant variant = Variant::lucene;
  double k1 = 1.2, b = 0.75, delta = 1.0, mu = 1000.0;
  bool lucene_lengths = false;  // round L as Lucene's one-byte norm does
  std::vector<FieldWeight> fields = {};  // of bm25f: declared fields, then title, headings and body

  // Upper bounds need a weight that is non-negative and grows with f / B.
  bool prunable() const { return variant != Variant::robertson && variant != Variant::ql_dirichlet; }
};

// Lucene's SmallFloat.intToByte4, decoded: exact below 40, then four significant bits.
inline uint32_t lucene_length(uint32_t length) {
  if (length < 40) return length;
  const uint32_t x = length - 24;
  int bits = 32 - __builtin_clz(x);
  const int shift = bits - 4;
  return ((x >> shift) << shift) + 24;
}

struct TermWeight {
  double idf = 0;   // ql: 1
  double mass = 1;  // ql: mu * cf / C
};

inline TermWeight term_weight(const Bm25& s, double N, double n, double cf, double C) {
  switch (s.variant) {
    case Variant::robertson: return {std::log((N - n + 0.5) / (n + 0.5)), 1};
    case Variant::lucene:
    case Variant::bm25f: return {std::log(1 + (N - n + 0.5) / (n + 0.5)), 1};
    case Variant::atire: return {std::log(N / n), 1};
    case Variant::bm25l: return {std::log((N + 1) / (n + 0.5)), 1};
    case Variant::bm25plus:
    case Variant::tfidf: return {std::log((N + 1) / n), 1};
    case Variant::ql_dirichlet: return {1, s.mu * cf / C};
  }
  return {};
}

// B = 1 - b + b L / A
inline double length_norm(const Bm25& s, double b, uint32_t length, double mean) {
  const double L = s.lucene_lengths ? lucene_length(length) : length;
  return mean > 0 ? 1 - b + b * L / mean : 1;
}
inline double length_norm(const Bm25& s, uint32_t length, double mean) { return length_norm(s, s.b, length, mean); }

inline double document_weight(const Bm25& s, const TermWeight& w, double f, double B) {
  const double saturated = f / (f + s.k1 * B);
  switch (s.variant) {
    case Variant::lucene:
    case Variant::bm25f: return w.idf * saturated;
    case Variant::robertson:
    case Variant::atire: return w.idf * (saturated * (s.k1 + 1));
    case Variant::bm25l: {
      const double c = f / B + s.delta;
      return w.idf * ((s.k1 + 1) * c / (s.k1 + c));
    }
    case Variant::bm25plus: return w.idf * (s.delta + saturated * (s.k1 + 1));
    case Variant::tfidf: return w.idf * (1 + std::log(1 + std::log(s.delta + f / B)));
    case Variant::ql_dirichlet: return std::log(1 + f / w.mass);
  }
  return 0;
}

// --- upper bounds in one byte -----------------------------------------------------------------------------------
// bounds[p] = ceil(255 u), u = c / (c + 1.2), c = f / B with the mean length at the time of writing. Every prunable weight
// is a growing function of c, and c grows by at most A_now / A_written when the mean length changes.

inline constexpr double kBoundHalf = 1.2;

inline uint8_t bound_code(double c) {
  const double u = c / (c + kBoundHalf);
  return static_cast<uint8_t>(std::clamp(std::ceil(255 * u * (1 + 1e-9)), 1.0, 255.0));
}

inline double bound_ratio(uint8_t code, double largest) {
  if (code == 255) return largest;
  const double u = code / 255.0;
  return std::min(largest, kBoundHalf * u / (1 - u) * (1 + 1e-9));
}

// The weight (without idf) at ratio c: document_weight with f = c, B = 1.
inline double tf_part_at(const Bm25& s, double c) { return document_weight(s, {1, 1}, c, 1); }

}  // namespace gossamer
