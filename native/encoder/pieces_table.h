// The pieces of a vocabulary by their bytes: where in a word the longest one ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gossamer::encoder {

class PiecesTable {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  // Pieces with their ids, in any order; of equal pieces the last counts. Empty ones are never found.
  explicit PiecesTable(const std::vector<std::pair<std::string_view, uint32_t>>& pieces);

  struct Found {
    uint32_t id = kNone;
    uint32_t length = 0;  // bytes
  };

  // The piece that is `text`, by its hash; fetch() gives that, and asks memory for what will be looked at.
  uint64_t fetch(std::string_view text) const;
  uint32_t id_of(uint64_t hash, std::string_view text) const { return find(hash, text).id; }

  // The longest piece that `text` begins with. In valid UTF-8 it ends where a code point ends.
  Found longest(std::string_view text) const;

 private:
  // A wrong slot is seen by its tag; a right one needs one more line of cache, which has the id before the bytes.
  struct Slot {
    uint32_t tag = 0, record = kNone;
  };
  static uint64_t step(uint64_t hash, char byte);
  Found find(uint64_t hash, std::string_view text) const;
  Found at(const Slot& slot, std::string_view text) const;

  std::vector<Slot> slots_;   // a power of two, at most half full
  std::string records_;       // of each piece its id, its length and its bytes
  size_t longest_ = 0;
};

}  // namespace gossamer::encoder
