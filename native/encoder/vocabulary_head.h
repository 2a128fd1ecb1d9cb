// From states to a weight for every word: the masked-language-model head, of which only each word's largest logit over the
// positions is kept. Formal, Piwowarski & Clinchant, "SPLADE" (2021), with the max of "SPLADE v2" (2021).
//
// Words go in panels: one panel times all positions of a text stays in registers and cache, and only its largest values are
// written. The activation grows with the logit, so it comes after the maximum; logits that it makes 0 are not kept.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "encoder/network.h"

namespace gossamer::encoder {

struct Entry {
  uint32_t word;
  float weight;
};
using Row = std::vector<Entry>;  // ascending words

struct Sparsity {
  enum class Weight : uint8_t { relu, log1p, twice_log1p };  // of the logit x: max(x, 0), log(1 + that), log(1 + log(1 + that))

  Weight weight = Weight::log1p;
  float threshold = 0;  // weights up to it are dropped
  float prune = 0;      // and those up to this share of the text's largest
  size_t most = std::numeric_limits<size_t>::max();  // then only the largest are kept; of equal ones those of smaller words
};

// The positions of a text that count.
struct Counted {
  std::vector<bool> ignored;     // ids whose positions do not; empty for none
  size_t before = 0, after = 0;  // so many at its beginning and its end do not
  bool first_only = false;       // the first alone does, whatever it is

  bool has(size_t position, size_t length, uint32_t id) const {
    if (first_only) return position == 0;
    return position >= before && position + after < length && (ignored.empty() || !ignored[id]);
  }
};

class VocabularyHead {
 public:
  // `words` has the order of words_in_order(), with their biases.
  VocabularyHead(const Shape& shape, const Linear& transform, Norm norm, std::shared_ptr<const Matrix> words,
                 std::vector<uint32_t> order, std::vector<float> bounds);

  // The vectors of texts whose states are in scratch.hidden. A word counts where it is not in `left_out`, by id and empty for none.
  std::vector<Row> apply(std::span<const uint32_t> ids, const Starts& starts, const Counted& counted,
                         const std::vector<bool>& left_out, const Sparsity& sparsity, Scratch& scratch) const;

  // What is multiplied with the words: `count` rows of states become rows of padded(width) floats in scratch.transformed.
  void transform(const float* states, size_t count, Scratch& scratch) const;

 private:
  Starts gather(std::span<const uint32_t> ids, const Starts& starts, const Counted& counted, Scratch& scratch) const;
  size_t panels_within(float norm) const;

  Shape shape_;
  Matrix transform_;
  Norm norm_;
  std::shared_ptr<const Matrix> words_;
  std::vector<uint32_t> order_;  // output of `words` to word
  std::vector<float> bounds_;    // by output, ascending
};

// A word's logit is h . e + b <= |h| |e| + b, so states shorter than -b / |e| give it no weight. These bounds, ascending, and the
// words in their order: what a text needs is a beginning of it.
struct WordOrder {
  std::vector<uint32_t> order;
  std::vector<float> bounds;
};
WordOrder words_in_order(const Weights& words, std::span<const float> bias);

}  // namespace gossamer::encoder
