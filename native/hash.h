// A fast 64-bit hash of short byte strings (multiply-fold, after wyhash). Part of the file format: never change it.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace gossamer {

namespace detail {
inline uint64_t load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
inline uint64_t load32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}
inline uint64_t fold(uint64_t a, uint64_t b) {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}
}  // namespace detail

inline uint64_t hash_bytes(std::string_view text) {
  constexpr uint64_t s0 = 0xa0761d6478bd642fULL, s1 = 0xe7037ed1a0b428dbULL;
  const char* p = text.data();
  const size_t n = text.size();
  uint64_t a = 0, b = 0, seed = s0;
  if (n <= 16) {
    if (n >= 8) {
      a = detail::load64(p);
      b = detail::load64(p + n - 8);
    } else if (n >= 4) {
      a = detail::load32(p);
      b = detail::load32(p + n - 4);
    } else if (n > 0) {
      a = static_cast<uint64_t>(static_cast<unsigned char>(p[0])) << 16 |
          static_cast<uint64_t>(static_cast<unsigned char>(p[n >> 1])) << 8 | static_cast<unsigned char>(p[n - 1]);
    }
  } else {
    size_t left = n;
    for (; left > 16; left -= 16, p += 16) seed = detail::fold(detail::load64(p) ^ s1, detail::load64(p + 8) ^ seed);
    a = detail::load64(p + left - 16);
    b = detail::load64(p + left - 8);
  }
  return detail::fold(s1 ^ n, detail::fold(a ^ s1, b ^ seed));
}

// For hash maps of strings that are asked with views.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return hash_bytes(text); }
};

}  // namespace gossamer
