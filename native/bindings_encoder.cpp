#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

#include "bindings_queries.h"
#include "encoder/batches.h"
#include "encoder/vocabulary_head.h"

namespace gossamer {

namespace {

using namespace encoder;  // NOLINT: this file is about nothing else

// A network and, if it has one, the head that gives weights to words.
struct Transformer {
  std::shared_ptr<const Network> network;
  std::shared_ptr<const VocabularyHead> head;
};

// Arrays by name, as gossamer.retrieval.encoders.transformer.checkpoint lists them; it has checked what is in them.
class Tensors {
 public:
  explicit Tensors(nb::dict arrays) : arrays_(arrays) {}

  bool has(const std::string& name) const { return arrays_.contains(name.c_str()); }

  std::span<const float> vector(const std::string& name, size_t n) const {
    const auto array = get<Array<float>>(name);
    if (array.size() != n) wrong(name);
    return {array.data(), n};
  }

  std::vector<float> table(const std::string& name, size_t rows, size_t columns) const {
    const Weights weights = floats(name, rows, columns);
    return {weights.floats, weights.floats + rows * columns};
  }

  // `name`.weight, floats or codes with the scales `name`.scale.
  Weights weights(const std::string& name, size_t outputs, size_t inputs) const {
    if (!has(name + ".scale")) return floats(name + ".weight", outputs, inputs);
    const auto codes = get<nb::ndarray<const int8_t, nb::ndim<2>, nb::c_contig>>(name + ".weight");
    const auto scales = get<Array<uint16_t>>(name + ".scale");
    if (codes.shape(0) != outputs || codes.shape(1) != inputs || scales.size() != outputs) wrong(name);
    return {outputs, inputs, nullptr, codes.data(), scales.data()};
  }

  Linear linear(const std::string& name, size_t outputs, size_t inputs) const {
    return {weights(name, outputs, inputs), vector(name + ".bias", outputs)};
  }

  Norm norm(const std::string& name, size_t n) const {
    const auto scale = vector(name + ".weight", n), shift = vector(name + ".bias", n);
    return {{scale.begin(), scale.end()}, {shift.begin(), shift.end()}};
  }

 private:
  template <class T>
  T get(const std::string& name) const {
    if (!has(name)) throw std::invalid_argument("no array \"" + name + "\"");
    return nb::cast<T>(arrays_[name.c_str()]);
  }
  Weights floats(const std::string& name, size_t rows, size_t columns) const {
    const auto array = get<nb::ndarray<const float, nb::ndim<2>, nb::c_contig>>(name);
    if (array.shape(0) != rows || array.shape(1) != columns) wrong(name);
    return {rows, columns, array.data(), nullptr, nullptr};
  }
  [[noreturn]] static void wrong(const std::string& name) { throw std::invalid_argument("array \"" + name + "\" has a wrong shape"); }

  nb::dict arrays_;
};

Shape shape_of(nb::dict config) {
  const auto size = [&](const char* name) { return nb::cast<size_t>(config[name]); };
  Shape shape{size("layers"), size("width"), size("heads"), size("inner"), size("vocabulary"), size("positions"),
              nb::cast<float>(config["epsilon"]),
              nb::cast<std::string>(config["activation"]) == "relu" ? Activation::relu : Activation::gelu};
  if (shape.heads == 0 || shape.width == 0 || shape.width % shape.heads != 0)
    throw std::invalid_argument("the width is not a multiple of the heads");
  return shape;
}

Transformer transformer_of(nb::dict config, nb::dict arrays) {
  const Shape shape = shape_of(config);
  const Tensors tensors(arrays);
  const Weights words = tensors.weights("embeddings.words", shape.vocabulary, shape.width);
  std::vector<float> positions = tensors.table("embeddings.positions.weight", shape.positions, shape.width);
  Norm norm = tensors.norm("embeddings.norm", shape.width);
  std::vector<LayerWeights> weights;
  for (size_t i = 0; i < shape.layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    const auto square = [&](const char* name) { return tensors.linear(layer + name, shape.width, shape.width); };
    weights.push_back({square("query"), square("key"), square("value"), square("attention"),
                       tensors.linear(layer + "up", shape.inner, shape.width), tensors.linear(layer + "down", shape.width, shape.inner),
                       tensors.norm(layer + "attention_norm", shape.width), tensors.norm(layer + "output_norm", shape.width)});
    const LayerWeights& made = weights.back();  // these three become one matrix
    if (made.query.weights.rounded() != made.key.weights.rounded() || made.query.weights.rounded() != made.value.weights.rounded())
      throw std::invalid_argument(layer + "query, key and value are int8 all three or none");
  }
  const bool head = tensors.has("head.words.bias"), tied = !tensors.has("head.words.weight");
  Linear transform, outputs;
  Norm head_norm;
  if (head) {
    transform = tensors.linear("head.transform", shape.width, shape.width);
    head_norm = tensors.norm("head.norm", shape.width);
    outputs = {tied ? words : tensors.weights("head.words", shape.vocabulary, shape.width), tensors.vector("head.words.bias", shape.vocabulary)};
  }

  const nb::gil_scoped_release unlocked;  // the arrays are the caller's, who waits
  Transformer made;
  std::shared_ptr<const Matrix> inputs;
  std::vector<uint32_t> slots;
  if (head) {
    WordOrder order = words_in_order(outputs.weights, outputs.bias);
    auto matrix = std::make_shared<const Matrix>(outputs.weights, outputs.bias, order.order);
    if (tied) {
      inputs = matrix;
      slots.resize(shape.vocabulary);
      for (uint32_t slot = 0; slot < order.order.size(); ++slot) slots[order.order[slot]] = slot;
    }
    made.head = std::make_shared<const VocabularyHead>(shape, transform, head_norm, matrix, std::move(order.order), std::move(order.bounds));
  }
  if (!inputs) inputs = std::make_shared<const Matrix>(words);
  std::vector<Layer> layers;
  for (const LayerWeights& layer : weights) layers.emplace_back(layer, shape);
  made.network = std::make_shared<const Network>(shape, inputs, std::move(slots), std::move(positions), std::move(norm), std::move(layers));
  return made;
}

Texts texts_of(const Array<int64_t>& indptr, const Array<uint32_t>& ids) {
  const Texts texts{{indptr.data(), indptr.size()}, {ids.data(), ids.size()}};
  bool fits = indptr.size() != 0 && indptr.data()[0] == 0 && static_cast<size_t>(texts.indptr.back()) == ids.size();
  for (size_t i = 0; fits && i + 1 < indptr.size(); ++i) fits = texts.indptr[i] <= texts.indptr[i + 1];
  if (!fits) throw std::invalid_argument("indptr does not cover the ids");
  return texts;
}

std::vector<bool> by_id(const std::vector<uint32_t>& ids, size_t vocabulary) {
  std::vector<bool> bits;
  if (!ids.empty()) bits.resize(vocabulary);
  for (const uint32_t id : ids) {
    if (id >= vocabulary) throw std::invalid_argument("id " + std::to_string(id) + " is beyond the vocabulary");
    bits[id] = true;
  }
  return bits;
}

Sparsity sparsity_of(const std::string& weight, float threshold, float prune, const std::optional<size_t>& most) {
  Sparsity sparsity;
  if (weight == "relu") sparsity.weight = Sparsity::Weight::relu;
  else if (weight == "log1p") sparsity.weight = Sparsity::Weight::log1p;
  else if (weight == "l0") sparsity.weight = Sparsity::Weight::twice_log1p;
  else throw std::invalid_argument("the weight of a logit is relu, log1p or l0");
  sparsity.threshold = std::max(threshold, 0.0f);
  sparsity.prune = prune;
  if (most) sparsity.most = *most;
  return sparsity;
}

Fill run_of(const Transformer& self) {
  return [network = self.network](std::span<const uint32_t>, std::span<const uint32_t> ids, const Starts& starts, Scratch& scratch) {
    network->run(ids, starts, scratch);
  };
}

using States = nb::ndarray<const float, nb::ndim<2>, nb::c_contig>;

// States that were made elsewhere, (ids, width).
Fill copy_of(const Transformer& self, const Texts& texts, const States& states) {
  const size_t width = self.network->shape().width, stride = self.network->stride();
  if (states.shape(0) != texts.ids.size() || states.shape(1) != width) throw std::invalid_argument("the states have a wrong shape");
  return [=, indptr = texts.indptr, from = states.data()](std::span<const uint32_t> members, std::span<const uint32_t> ids,
                                                          const Starts& starts, Scratch& scratch) {
    float* const hidden = scratch.hidden.grow(ids.size() * stride);
    std::fill_n(hidden, ids.size() * stride, 0.0f);
    for (size_t i = 0; i < members.size(); ++i)
      for (size_t row = 0; row < starts[i + 1] - starts[i]; ++row)
        std::copy_n(from + (static_cast<size_t>(indptr[members[i]]) + row) * width, width, hidden + (starts[i] + row) * stride);
  };
}

nb::tuple encode(const Transformer& self, const Array<int64_t>& indptr, const Array<uint32_t>& ids,
                 const std::optional<States>& states, const Counted& counted, const std::vector<uint32_t>& left_out, const Sparsity& sparsity, unsigned threads) {
  if (!self.head) throw std::invalid_argument("the model has no vocabulary head");
  const Texts texts = texts_of(indptr, ids);
  const std::vector<bool> words = by_id(left_out, self.network->shape().vocabulary);
  const Fill fill = states ? copy_of(self, texts, *states) : run_of(self);
  std::vector<Row> rows(texts.count());
  std::vector<int64_t> ends{0};
  std::vector<uint32_t> indices;
  std::vector<float> values;
  {
    const nb::gil_scoped_release unlocked;
    run_batches(self.network->shape(), texts, threads, signals_checked, fill,
                [&](std::span<const uint32_t> members, std::span<const uint32_t> of_batch, const Starts& starts, Scratch& scratch) {
                  std::vector<Row> found = self.head->apply(of_batch, starts, counted, words, sparsity, scratch);
                  for (size_t i = 0; i < members.size(); ++i) rows[members[i]] = std::move(found[i]);
                });
    for (Row& row : rows) {
      for (const Entry& entry : row) indices.push_back(entry.word), values.push_back(entry.weight);
      ends.push_back(static_cast<int64_t>(indices.size()));
      Row().swap(row);
    }
  }
  return nb::make_tuple(owned(std::move(ends)), owned(std::move(indices)), owned(std::move(values)));
}

// The `last` states of every id, those `transformed` by the head, or the `mean` of the last over each text.
nb::object states(const Transformer& self, const Array<int64_t>& indptr, const Array<uint32_t>& ids,
                  const std::optional<States>& given, const std::string& kind, unsigned threads) {
  const bool mean = kind == "mean", transformed = kind == "transformed";
  if (transformed && !self.head) throw std::invalid_argument("the model has no vocabulary head");
  const Texts texts = texts_of(indptr, ids);
  const size_t width = self.network->shape().width, count = mean ? texts.count() : ids.size();
  const Fill fill = given ? copy_of(self, texts, *given) : run_of(self);
  std::vector<float> out(count * width);
  {
    const nb::gil_scoped_release unlocked;
    run_batches(self.network->shape(), texts, threads, signals_checked, fill,
                [&](std::span<const uint32_t> members, std::span<const uint32_t> of_batch, const Starts& starts, Scratch& scratch) {
                  if (transformed) self.head->transform(scratch.hidden.data(), of_batch.size(), scratch);
                  const float* const states = transformed ? scratch.transformed.data() : scratch.hidden.data();
                  for (size_t i = 0; i < members.size(); ++i) {
                    const size_t length = starts[i + 1] - starts[i];
                    float* to = out.data() + (mean ? members[i] : static_cast<size_t>(texts.indptr[members[i]])) * width;
                    for (size_t row = 0; row < length; ++row) {
                      const float* const from = states + (starts[i] + row) * self.network->stride();
                      for (size_t k = 0; k < width; ++k)
                        if (mean) to[k] += from[k] / static_cast<float>(length);
                        else to[row * width + k] = from[k];
                    }
                  }
                });
  }
  return owned(std::move(out), count, width);
}

}  // namespace

void bind_encoder(nb::module_& m) {
  nb::class_<Transformer>(m, "Transformer")
      .def("__init__", [](Transformer* self, nb::dict config, nb::dict arrays) { new (self) Transformer(transformer_of(config, arrays)); },
           "config"_a, "arrays"_a)
      .def(
          "encode",
          [](const Transformer& self, const Array<int64_t>& indptr, const Array<uint32_t>& ids, const std::optional<States>& states,
             const std::vector<uint32_t>& ignored,
             std::pair<size_t, size_t> margin, bool first_only, const std::vector<uint32_t>& left_out, const std::string& weight,
             float threshold, float prune, std::optional<size_t> most, unsigned threads) {
            const Counted counted{by_id(ignored, self.network->shape().vocabulary), margin.first, margin.second, first_only};
            return encode(self, indptr, ids, states, counted, left_out, sparsity_of(weight, threshold, prune, most), threads);
          },
          "indptr"_a, "ids"_a, "states"_a.none(), "ignored"_a, "margin"_a, "first_only"_a, "left_out"_a, "weight"_a, "threshold"_a, "prune"_a,
          "most"_a.none(), "threads"_a)
      .def("states", &states, "indptr"_a, "ids"_a, "given"_a.none(), "kind"_a, "threads"_a);
}

}  // namespace gossamer
