// The forward pass of BERT, and of those built like it (DistilBERT, MiniLM), over texts laid end to end without padding:
// absolute positions, post-layer normalisation. Devlin et al., "BERT" (2019); Vaswani et al., "Attention Is All You Need" (2017).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "encoder/matrix.h"

namespace gossamer::encoder {

enum class Activation { gelu, relu };

struct Shape {
  size_t layers, width, heads, inner, vocabulary, positions;
  float epsilon;
  Activation activation;
};

struct Norm {
  std::vector<float> scale, shift;
};

// A map and its bias as a checkpoint has them.
struct Linear {
  Weights weights;
  std::span<const float> bias;
};

struct LayerWeights {
  Linear query, key, value, attention, up, down;
  Norm attention_norm, output_norm;
};

// Texts of a batch: text i has rows starts[i] .. starts[i + 1].
using Starts = std::vector<size_t>;

// Arrays that one thread uses again and again.
struct Scratch {
  Buffer<float> hidden, projected, mixed, inner, keys, values, scores, transformed, rows;
  Rounded rounded;
};

class Layer {
 public:
  Layer(const LayerWeights& weights, const Shape& shape);
  // Replaces scratch.hidden, rows of padded(width) floats.
  void apply(const Starts& starts, Scratch& scratch) const;

 private:
  void attend(size_t first, size_t count, size_t head, Scratch& scratch) const;

  Shape shape_;
  Matrix projections_, attention_, up_, down_;  // query, key and value side by side
  Norm attention_norm_, output_norm_;
};

class Network {
 public:
  // `position`: (positions, width), with the row of token type 0 added.
  Network(const Shape& shape, std::shared_ptr<const Matrix> words, std::vector<uint32_t> slots, std::vector<float> position,
          Norm norm, std::vector<Layer> layers);

  const Shape& shape() const { return shape_; }
  size_t stride() const { return padded(shape_.width); }

  // The last layer's states of the texts, end to end, in scratch.hidden; ids are below the vocabulary and each text fits.
  void run(std::span<const uint32_t> ids, const Starts& starts, Scratch& scratch) const;

 private:
  Shape shape_;
  std::shared_ptr<const Matrix> words_;
  std::vector<uint32_t> slots_;  // id to output of `words`; empty where they are the same
  std::vector<float> position_;
  Norm norm_;
  std::vector<Layer> layers_;
};

void activate(Activation activation, float* values, size_t n);

}  // namespace gossamer::encoder
