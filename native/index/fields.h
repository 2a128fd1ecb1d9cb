// BM25F's view of a row: how long each of its fields is, and how often each holds a term. Fields are numbered; the last one is
// the body, which has what the others leave of the row's length and of a term's count.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "index/scoring.h"

namespace gossamer {

inline constexpr size_t kMostFields = 32;

// Words of each field and rows that have it; kept by a segment, added up over a snapshot.
struct FieldTotals {
  std::vector<uint64_t> words, rows;

  explicit FieldTotals(size_t fields = 0) : words(fields, 0), rows(fields, 0) {}

  // `lengths`: of all fields but the body, whose length is the rest of `total`.
  void add_row(std::span<const uint32_t> lengths, uint32_t total) {
    const auto add = [this](size_t f, uint32_t length) {
      words[f] += length;
      rows[f] += length > 0 ? 1 : 0;
    };
    for (size_t f = 0; f < lengths.size(); ++f) {
      add(f, lengths[f]);
      total -= std::min(total, lengths[f]);
    }
    add(lengths.size(), total);
  }
  void add(const FieldTotals& other) {
    for (size_t f = 0; f < words.size(); ++f) {
      words[f] += other.words[f];
      rows[f] += other.rows[f];
    }
  }
  std::vector<double> means() const {  // over rows that have the field
    std::vector<double> means;
    for (size_t f = 0; f < words.size(); ++f)
      means.push_back(rows[f] > 0 ? static_cast<double>(words[f]) / static_cast<double>(rows[f]) : 0);
    return means;
  }
};

// Mean lengths: of whole rows, and of each field.
struct Means {
  double length = 0;
  std::vector<double> fields;
};

// The length norms of one row. With fields B is 1, and worth[f] is what one occurrence in field f counts.
struct RowNorm {
  double B;
  std::array<double, kMostFields> worth;

  RowNorm() : B(1) {}
  RowNorm(const Bm25& s, const Means& means, uint32_t length, std::span<const uint32_t> field_lengths) {
    if (s.fields.empty()) {
      B = length_norm(s, length, means.length);
      return;
    }
    B = 1;
    uint32_t rest = length;
    for (size_t f = 0; f < s.fields.size(); ++f) {
      const uint32_t l = f < field_lengths.size() ? field_lengths[f] : rest;
      rest -= std::min(rest, l);
      worth[f] = l > 0 ? s.fields[f].weight / length_norm(s, s.fields[f].b, l, means.fields[f]) : 0;
    }
  }

  // The term frequency that enters the score. `by_field`: counts in all fields but the body, each at most 255.
  double frequency(uint32_t count, std::span<const uint8_t> by_field) const {
    if (by_field.empty()) return count;
    double sum = 0;
    for (size_t f = 0; f < by_field.size(); ++f) {
      sum += worth[f] * by_field[f];
      count -= std::min<uint32_t>(count, by_field[f]);
    }
    return sum + worth[by_field.size()] * count;
  }
};

}  // namespace gossamer
