#include "index/strings.h"

#include "hash.h"

namespace gossamer {

Strings Strings::of(const SectionBytes& sections, const std::string& prefix, size_t count) {
  const Strings s{view<uint64_t>(sections, prefix + "offsets", count + 1), view<char>(sections, prefix + "bytes"),
                  view<uint32_t>(sections, prefix + "hash")};
  if (s.slots.empty() || (s.slots.size() & (s.slots.size() - 1)) != 0 || s.slots.size() <= count)
    throw Damaged("section " + prefix + "hash: not a hash table");
  return s;
}

size_t Strings::lower_bound(std::string_view key) const {
  size_t low = 0, high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (at(middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

uint32_t Strings::find(std::string_view key) const {
  const size_t mask = slots.size() - 1;
  size_t slot = hash_bytes(key) & mask;
  for (size_t probes = 0; probes <= mask; ++probes, slot = (slot + 1) & mask) {
    const uint32_t entry = slots[slot];
    if (entry == 0) return kNoTerm;
    if (entry > size()) throw Damaged("hash table points outside its strings");
    if (at(entry - 1) == key) return entry - 1;
  }
  return kNoTerm;
}

}  // namespace gossamer
