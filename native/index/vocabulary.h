// Term strings of a shard under construction, and the memory of which word form leads to which term.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hash.h"

namespace gossamer {

// Maps byte strings to u32 values and counts how often each was wanted; keys live in one arena. Never shrinks.
class StringTable {
 public:
  static constexpr uint32_t kNone = 0xffffffffu;

  StringTable() : slots_(1024) {}

  // The value stored for key, or nullptr.
  const uint32_t* find(std::string_view key) {
    const uint64_t hash = hash_bytes(key) | 1;
    for (size_t i = hash >> 1;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.hash == 0) return nullptr;
      if (slot.hash == hash && key == view(slot)) {
        ++slot.wanted;
        return &slot.value;
      }
    }
  }

  // `key` must be absent. Returns its number (0, 1, ... in order of insertion).
  uint32_t insert(std::string_view key, uint32_t value) {
    if ((count_ + 1) * 3 > slots_.size() * 2) grow();
    Slot slot{hash_bytes(key) | 1, static_cast<uint32_t>(arena_.size()), value, static_cast<uint32_t>(key.size()), 1};
    arena_.insert(arena_.end(), key.begin(), key.end());
    place(slot);
    return count_++;
  }

  uint32_t size() const { return count_; }
  size_t memory() const { return slots_.capacity() * sizeof(Slot) + arena_.capacity(); }

  template <class F>
  void for_each(F&& f) const {  // f(key, value, how often it was inserted or found)
    for (const Slot& slot : slots_)
      if (slot.hash != 0) f(view(slot), slot.value, slot.wanted);
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t offset = 0, value = 0, length = 0, wanted = 0;
  };
  std::string_view view(const Slot& slot) const { return {arena_.data() + slot.offset, slot.length}; }
  void place(const Slot& slot) {
    size_t i = slot.hash >> 1;
    while (slots_[i & (slots_.size() - 1)].hash != 0) ++i;
    slots_[i & (slots_.size() - 1)] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.hash != 0) place(slot);
  }

  std::vector<Slot> slots_;
  std::vector<char> arena_;
  uint32_t count_ = 0;
};

}  // namespace gossamer
