// Pieces of work that threads take one by one, and that Ctrl-C ends.
#pragma once

#include <atomic>
#include <cstdint>

#include "block/rows.h"

namespace gossamer::block {

// Hands out the numbers below n. Worker 0, which is the calling thread, sees to the pulse; what that throws ends all workers.
class Pieces {
 public:
  Pieces(uint32_t n, const Pulse& pulse) : n_(n), pulse_(pulse) {}

  // Calls f(number) until there are no more.
  template <class F>
  void each(unsigned worker, F&& f) {
    for (uint64_t piece = take(worker); piece < n_; piece = take(worker)) f(static_cast<uint32_t>(piece));
  }

 private:
  uint64_t take(unsigned worker) {
    if (worker == 0 && pulse_) {
      try {
        pulse_();
      } catch (...) {
        next_ = n_;
        throw;
      }
    }
    return next_++;
  }

  const uint64_t n_;
  const Pulse& pulse_;
  std::atomic<uint64_t> next_{0};
};

}  // namespace gossamer::block
