// Many texts through a network: batches of texts of about one length, several at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "encoder/network.h"

namespace gossamer::encoder {

// Texts end to end: text i has ids indptr[i] .. indptr[i + 1].
struct Texts {
  std::span<const int64_t> indptr;
  std::span<const uint32_t> ids;

  size_t count() const { return indptr.size() - 1; }
  size_t length(size_t text) const { return static_cast<size_t>(indptr[text + 1] - indptr[text]); }
};

// What puts the states of a batch into scratch.hidden: a network's own run, or a copy of states made elsewhere.
using Fill = std::function<void(std::span<const uint32_t> members, std::span<const uint32_t> ids, const Starts&, Scratch&)>;

// Fills batches with states and calls done(numbers of the texts, their ids, starts, scratch) for each, from any thread; the
// states are in scratch.hidden. A text's states do not depend on what is beside it. `pulse` is called from the calling thread
// between batches and may throw. Throws std::invalid_argument for a text that is too long or an id beyond the vocabulary of
// the shape.
using Done = std::function<void(std::span<const uint32_t>, std::span<const uint32_t>, const Starts&, Scratch&)>;
void run_batches(const Shape& shape, const Texts& texts, unsigned threads, const std::function<void()>& pulse, const Fill& fill,
                 const Done& done);

}  // namespace gossamer::encoder
