// Byte strings of a segment (ids of documents, terms of a space), numbered, with a hash table to find one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "index/layout.h"

namespace gossamer {

inline constexpr uint32_t kNoTerm = 0xffffffffu;

// A typed view of a section; size checked when the segment opens.
template <class T>
using View = std::span<const T>;

inline constexpr size_t kAnySize = static_cast<size_t>(-1);

// The view of a section with so many elements; throws Damaged where it is missing or has another size.
template <class T>
View<T> view(const SectionBytes& sections, const std::string& name, size_t expected = kAnySize) {
  const auto found = sections.find(name);
  if (found == sections.end()) throw Damaged("section " + name + ": missing");
  const auto bytes = found->second;
  if (bytes.size() % sizeof(T) != 0 || (expected != kAnySize && bytes.size() / sizeof(T) != expected))
    throw Damaged("section " + name + ": holds " + std::to_string(bytes.size()) + " bytes, expected " +
                  std::to_string(expected == kAnySize ? sizeof(T) : expected * sizeof(T)));
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

// In ascending order (terms) or as they came (ids).
struct Strings {
  View<uint64_t> offsets;
  View<char> bytes;
  View<uint32_t> slots;

  // The sections PREFIXoffsets, PREFIXbytes and PREFIXhash. Throws Damaged.
  static Strings of(const SectionBytes& sections, const std::string& prefix, size_t count);

  size_t size() const { return offsets.size() - 1; }
  std::string_view at(size_t i) const {
    const uint64_t from = offsets[i], to = offsets[i + 1];
    if (from > to || to > bytes.size()) throw Damaged("string offsets out of order");
    return {bytes.data() + from, to - from};
  }
  uint32_t find(std::string_view key) const;  // kNoTerm when absent; the first match in slot order
  size_t lower_bound(std::string_view key) const;  // of ascending strings: the first that is not less
};

}  // namespace gossamer
