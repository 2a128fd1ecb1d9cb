// What a search over segments knows and reuses: the query over a space of text, its parts over spaces of vectors, and scratch.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "index/traversal.h"

namespace gossamer {

// Scores of vectors are made of weights in float32, as encoders give them.
inline float float_weight(const QueryTerm& term) { return static_cast<float>(term.weight); }

// The query over a segment's columns; they ascend as the terms do.
std::vector<block::QueryTerm> columns_of(const VectorSpace& space, std::span<const QueryTerm> query);

inline constexpr uint32_t kBlockRows = 8192;  // accumulators of a block (16 KiB) stay in the first-level cache

struct Snapshot::Plan {
  struct Term {
    const std::string* name;
    double weight;
    TermWeight stats;
    std::vector<uint32_t> number;  // by segment; kNoTerm where absent
  };
  std::vector<Term> terms;   // ascending by bytes, only those that occur
  double query_length = 0;   // words of the query that occur in the index (ql)
};

// The query over the vectors of one space, in one segment.
struct Snapshot::VectorPart {
  const VectorSpace* space = nullptr;
  std::vector<block::QueryTerm> columns, magnitudes;  // with their weights, and the absolute values of these
  block::DenseQuery dense{0};                         // the same by column
  size_t room = 0;                                    // columns of `dense`
  block::Plan plan;

  // Onto the score of a row what the space adds to it, term after term.
  double add(uint32_t row, double score, bool& matched) const {
    bool here = false;
    score = space->forward().exact(row, dense, here, score);
    matched = matched || here;
    return score;
  }
};

struct Snapshot::Scratch {
  std::vector<uint16_t> bound = std::vector<uint16_t>(kWindowRows, 0);
  std::array<uint16_t, kBlockRows> found_row, found_bound;
  std::vector<uint32_t> order;
  std::vector<double> score;
  std::vector<uint8_t> touched;
  std::vector<std::vector<Slice>> slices;
  std::vector<std::array<uint16_t, 256>> table;
  std::vector<VectorPart> vectors;
  std::vector<uint64_t> candidates;  // bound, then row
  std::vector<uint32_t> scored;      // ascending
  uint64_t postings = 0, candidates_scored = 0;
};

}  // namespace gossamer
