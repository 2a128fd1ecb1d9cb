// The sections of a segment: their names, element types, and the memory that holds them before they are written.
//
//   docs    ids.offsets u64[docs+1], ids.bytes, ids.hash u32[slots]        id -> document
//           docs.store u64[docs*3]: offset, bytes of metadata, bytes of text     in the logical stream of the store
//           store.blocks u64[blocks+1], store.bytes                         LZ4 blocks of 16 KiB of that stream
//   rows    rows.doc u32[rows], rows.range u32[rows*4]: start, end (code points), start, end (bytes)
//           order u64[rows]: insertion number of the row's document
//   SPACE   terms.offsets u64[terms+1], terms.bytes (ascending bytes), terms.hash u32[slots]
//     text:    terms.max u8[terms], postings u64[terms+1]: first posting of each term in the arrays below
//              windows.start u64[terms+1], windows.id u16[], windows.end u64[]     absent when all rows fit one window
//              rows u16[postings]: row - 65536 * window; bounds u8[postings] (optional): see scoring.h
//              tf u8[postings] (255: see tf.large u64[2n]: posting, count), lengths u32[rows], cf u64[terms],
//              positions.start u64[terms+1], positions: varint gaps; words.starts, words.bytes (optional): see words.h
//     bm25f:   with n fields, the body last: fields.tf u8[postings*(n-1)], fields.lengths u32[rows*(n-1)],
//              fields.words u64[n], fields.rows u64[n]: over rows that have the field
//     vectors: the sections of block/build.h; column t is term t
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace gossamer {

inline constexpr uint32_t kWindowRows = 65536;
inline constexpr uint32_t kStoreBlock = 16384;

struct Section {
  std::string name, kind;
  bool required;
  std::shared_ptr<const void> owner;
  const void* data;
  size_t bytes;
};

template <class T>
constexpr const char* kind_of() {
  if constexpr (std::is_same_v<T, uint8_t> || std::is_same_v<T, char>) return "u8";
  else if constexpr (std::is_same_v<T, uint16_t>) return "u16";
  else if constexpr (std::is_same_v<T, uint32_t>) return "u32";
  else if constexpr (std::is_same_v<T, uint64_t>) return "u64";
  else {
    static_assert(std::is_same_v<T, float>);
    return "f32";
  }
}

template <class Vector>
Section make_section(std::string name, Vector&& values, bool required = true) {
  using V = std::remove_cvref_t<Vector>;
  auto owner = std::make_shared<const V>(std::forward<Vector>(values));
  return {std::move(name), kind_of<typename V::value_type>(), required, owner, owner->data(),
          owner->size() * sizeof(typename V::value_type)};
}

// Damaged or inconsistent bytes in a segment; the message names the section.
struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using SectionBytes = std::unordered_map<std::string, std::span<const uint8_t>>;

// Open-addressing table over `count` byte strings; slot value 0 is free, else string index + 1.
template <class At>
std::vector<uint32_t> build_hash_slots(size_t count, At&& string_at);

}  // namespace gossamer

#include "hash.h"

template <class At>
std::vector<uint32_t> gossamer::build_hash_slots(size_t count, At&& string_at) {
  size_t capacity = 4;
  while (capacity < count + count / 2) capacity *= 2;
  std::vector<uint32_t> slots(capacity, 0);
  for (size_t i = 0; i < count; ++i) {
    size_t slot = hash_bytes(string_at(i)) & (capacity - 1);
    while (slots[slot] != 0) slot = (slot + 1) & (capacity - 1);
    slots[slot] = static_cast<uint32_t>(i + 1);
  }
  return slots;
}
