#include "encoder/pieces_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "block/fetch.h"

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
    size_t place = slot_of(hash, slots_.size());
    while (slots_[place].record != kNone && at(slots_[place], piece).id == kNone) place = (place + 1) & (slots_.size() - 1);
    slots_[place] = {static_cast<uint32_t>(hash), static_cast<uint32_t>(records_.size())};
    const uint32_t head[2] = {id, static_cast<uint32_t>(piece.size())};
    records_.append(reinterpret_cast<const char*>(head), sizeof head).append(piece);
    longest_ = std::max(longest_, piece.size());
  }
}

PiecesTable::Found PiecesTable::at(const Slot& slot, std::string_view text) const {
  uint32_t head[2];
  const char* const record = records_.data() + slot.record;
  std::memcpy(head, record, sizeof head);
  const bool same = head[1] == text.size() && std::memcmp(record + sizeof head, text.data(), text.size()) == 0;
  return same ? Found{head[0], head[1]} : Found{};
}

PiecesTable::Found PiecesTable::find(uint64_t hash, std::string_view text) const {
  for (size_t place = slot_of(hash, slots_.size()); slots_[place].record != kNone; place = (place + 1) & (slots_.size() - 1)) {
    if (slots_[place].tag != static_cast<uint32_t>(hash)) continue;
    if (const Found found = at(slots_[place], text); found.id != kNone) return found;
  }
  return {};
}

uint64_t PiecesTable::fetch(std::string_view text) const {
  uint64_t hash = kSeed;
  for (const char byte : text) hash = step(hash, byte);
  block::fetch(&slots_[slot_of(hash, slots_.size())]);
  return hash;
}

PiecesTable::Found PiecesTable::longest(std::string_view text) const {
  constexpr size_t kTogether = 64;
  uint64_t hashes[kTogether];
  // Beginnings beyond the array, which only a vocabulary with very long pieces has, are hashed one by one.
  const size_t most = std::min(text.size(), longest_), kept = std::min(most, kTogether);
  uint64_t hash = kSeed;
  for (size_t i = 0; i < kept; ++i) {
    hashes[i] = hash = step(hash, text[i]);
    block::fetch(&slots_[slot_of(hash, slots_.size())]);  // the beginnings' slots are far apart; so they come together
  }
  for (size_t length = most; length > 0; --length) {
    uint64_t of_length = hash;
    if (length <= kept) of_length = hashes[length - 1];
    else
      for (size_t i = kept; i < length; ++i) of_length = step(of_length, text[i]);
    if (const Found found = find(of_length, text.substr(0, length)); found.id != kNone) return found;
  }
  return {};
}

}  // namespace gossamer::encoder
