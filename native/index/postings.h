// Pieces of the postings format that building and merging share.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/layout.h"

namespace gossamer {

inline void put_varint(std::vector<uint8_t>& out, uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

// Reads one varint at p, never past end; a run past the end yields what was there.
inline uint32_t get_varint(const uint8_t*& p, const uint8_t* end) {
  uint32_t value = 0;
  for (int shift = 0; p < end && shift < 35; shift += 7) {
    const uint8_t byte = *p++;
    value |= static_cast<uint32_t>(byte & 0x7f) << (shift & 31);
    if (byte < 0x80) break;
  }
  return value;
}

inline void put_positions(std::vector<uint8_t>& out, std::span<const uint32_t> positions) {
  uint32_t last = 0;
  for (uint32_t position : positions) {
    put_varint(out, position - last);
    last = position;
  }
}

// The window directory: for each term, the windows that hold its rows, and where each window's postings end.
struct WindowDirectory {
  std::vector<uint64_t> start;  // terms + 1
  std::vector<uint16_t> id;
  std::vector<uint64_t> end;    // absolute posting numbers

  void begin_term() { start.push_back(id.size()); }
  void add(uint32_t window, uint64_t posting_end) {
    id.push_back(static_cast<uint16_t>(window));
    end.push_back(posting_end);
  }
  void finish(const std::string& space, std::vector<Section>& out) {
    start.push_back(id.size());
    out.push_back(make_section(space + ".windows.start", std::move(start)));
    out.push_back(make_section(space + ".windows.id", std::move(id)));
    out.push_back(make_section(space + ".windows.end", std::move(end)));
  }
};

}  // namespace gossamer
