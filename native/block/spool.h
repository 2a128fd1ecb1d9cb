// Bytes that grow: in memory up to a limit, beyond it in a temporary file without a name, which is mapped when it is whole.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "index/layout.h"

namespace gossamer::block {

// Where what is built has room: so many bytes of memory for each part, and a folder for what is larger.
struct Room {
  uint64_t memory = std::numeric_limits<uint64_t>::max();
  std::string folder;
};

class Spool {
 public:
  explicit Spool(const Room& room, uint64_t expected = 0);  // bytes, if known
  // Throws std::runtime_error where the file cannot be written.
  template <class T>
  void append(std::span<const T> values) {
    append_bytes({reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
  }
  // All bytes; nothing may be appended afterwards.
  std::span<const uint8_t> finish();
  Section section(std::string name, std::string kind);

 private:
  struct Bytes;
  void append_bytes(std::span<const uint8_t> bytes);
  void spill();

  Room room_;
  std::shared_ptr<Bytes> bytes_;
};

}  // namespace gossamer::block
