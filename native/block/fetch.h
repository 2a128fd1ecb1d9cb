// Asks for memory before it is read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gossamer::block {

// Every cache line that holds one of n bytes: in steps of a line from where they begin, the last one would be left out.
inline void fetch(const void* at, size_t n = 1) {
  constexpr uintptr_t kLine = 64;
  const auto begin = reinterpret_cast<uintptr_t>(at), end = begin + n;
  for (uintptr_t line = begin / kLine * kLine; line < end; line += kLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(line));
    // To GCC a function that only prefetches has no effect, and it drops every call. This is an effect.
    __asm__ volatile("" : : "r"(line));
  }
}

}  // namespace gossamer::block
