// UTF-8 in and out, one code point at a time, for bytes of any origin.
#pragma once

#include <cstdint>

namespace gossamer {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code_point;
  uint32_t length;  // bytes, at least 1
};

// The code point at p < end. A malformed sequence gives U+FFFD for its longest well-formed beginning, at least one byte
// (the practice that the Unicode Standard recommends in section 3.9, and what Python's errors="replace" does).
inline Decoded decode(const uint8_t* p, const uint8_t* end) {
  const uint8_t lead = *p;
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {kReplacement, 1};
  const uint32_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte alone rules out overlong forms, surrogates and code points above U+10FFFF.
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t code_point = lead & (0x7Fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if (p + i == end) return {kReplacement, i};
    const uint8_t next = p[i];
    if (i == 1 ? next < low || next > high : (next & 0xC0) != 0x80) return {kReplacement, i};
    code_point = code_point << 6 | (next & 0x3Fu);
  }
  return {code_point, length};
}

// Writes 1 to 4 bytes at out and returns how many.
inline uint32_t encode(char32_t code_point, char* out) {
  const auto put = [out](uint32_t i, char32_t value) { out[i] = static_cast<char>(static_cast<uint8_t>(value)); };
  if (code_point < 0x80) {
    put(0, code_point);
    return 1;
  }
  if (code_point < 0x800) {
    put(0, 0xC0 | code_point >> 6);
    put(1, 0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    put(0, 0xE0 | code_point >> 12);
    put(1, 0x80 | (code_point >> 6 & 0x3F));
    put(2, 0x80 | (code_point & 0x3F));
    return 3;
  }
  put(0, 0xF0 | code_point >> 18);
  put(1, 0x80 | (code_point >> 12 & 0x3F));
  put(2, 0x80 | (code_point >> 6 & 0x3F));
  put(3, 0x80 | (code_point & 0x3F));
  return 4;
}

// White space, exactly as Python's str.split() has it.
constexpr bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace gossamer
