// Vectors with their terms numbered, from which a forward file and an order are made.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace gossamer::block {

struct Entry {
  uint32_t term;
  float value;
};

class Rows {
 public:
  virtual ~Rows() = default;
  virtual uint32_t size() const = 0;
  // The entries of a row, terms ascending, in place of what `out` held. Threads may do so at the same time.
  virtual void read(uint32_t row, std::vector<Entry>& out) const = 0;
};

// Called on the calling thread every now and then in long work; what it throws ends the work.
using Pulse = std::function<void()>;

}  // namespace gossamer::block
