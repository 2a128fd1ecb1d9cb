#include "encoder/pieces_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace gossamer::encoder {

namespace {

constexpr uint64_t kSeed = 0xcbf29ce484222325u;

// Slots are picked by high bits: multiplication mixes upwards.
size_t slot_of(uint64_t hash, size_t slots) { return (hash * 0x9e3779b97f4a7c15u) >> (64 - std::countr_zero(slots)); }

}  // namespace

// FNV-1a: one multiplication a byte gives the hashes of every beginning of a word in one pass.
uint64_t PiecesTable::step(uint64_t hash, char byte) { return (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3u; }

PiecesTable::PiecesTable(const std::vector<std::pair<std::string_view, uint32_t>>& pieces)
    : slots_(std::bit_ceil(std::max<size_t>(2, 2 * pieces.size()))) {
  for (const auto& [piece, id] : pieces) {
    if (piece.empty()) continue;
    uint64_t hash = kSeed;
    for (const char byte : piece) hash = step(hash, byte);
    size_t at = slot_of(hash, slots_.size());
    for (; slots_[at].id != kNone; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].hash == hash && std::string_view(bytes_).substr(slots_[at].place, slots_[at].length) == piece) break;
    slots_[at] = {hash, static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(piece.size()), id};
    bytes_ += piece;
    longest_ = std::max(longest_, piece.size());
  }
}

const PiecesTable::Slot* PiecesTable::find(uint64_t hash, std::string_view text) const {
  for (size_t at = slot_of(hash, slots_.size()); slots_[at].id != kNone; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash && slot.length == text.size() && std::memcmp(bytes_.data() + slot.place, text.data(), text.size()) == 0)
      return &slot;
  }
  return nullptr;
}

PiecesTable::Found PiecesTable::longest(std::string_view text) const {
  constexpr size_t kTogether = 64;
  uint64_t hashes[kTogether];
  // Beginnings beyond the array, which only a vocabulary with very long pieces has, are hashed one by one.
  const size_t most = std::min(text.size(), longest_), kept = std::min(most, kTogether);
  uint64_t hash = kSeed;
  for (size_t i = 0; i < kept; ++i) hashes[i] = hash = step(hash, text[i]);
  for (size_t length = most; length > 0; --length) {
    uint64_t of_length = hash;
    if (length <= kept) of_length = hashes[length - 1];
    else
      for (size_t i = kept; i < length; ++i) of_length = step(of_length, text[i]);
    if (const Slot* slot = find(of_length, text.substr(0, length))) return {slot->id, slot->length};
  }
  return {};
}

}  // namespace gossamer::encoder
