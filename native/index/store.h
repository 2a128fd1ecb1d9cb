// The text of documents: one logical byte stream per segment, kept as LZ4 blocks of 16 KiB.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gossamer {

class StoreWriter {
 public:
  // Appends bytes to the stream; returns the stream offset at which they start.
  uint64_t append(std::string_view bytes);
  // Closes the last block. The writer is empty afterwards.
  void finish(std::vector<uint64_t>& block_ends, std::vector<uint8_t>& blocks);
  uint64_t stream_bytes() const { return stream_; }
  size_t memory() const { return blocks_.capacity() + pending_.capacity() + block_ends_.capacity() * 8; }
  // What is complete so far, for writers that stream: moves finished blocks out.
  void take(std::vector<uint64_t>& block_ends, std::vector<uint8_t>& blocks);

 private:
  void close_block();
  std::string pending_;
  std::vector<uint8_t> blocks_;
  std::vector<uint64_t> block_ends_;
  uint64_t stream_ = 0, written_ = 0;
};

class StoreReader {
 public:
  StoreReader() = default;
  StoreReader(std::span<const uint64_t> block_offsets, std::span<const uint8_t> blocks);
  // Stream bytes [offset, offset + length). Throws Damaged when blocks do not hold them.
  std::string read(uint64_t offset, uint64_t length) const;

 private:
  std::span<const uint64_t> offsets_;
  std::span<const uint8_t> blocks_;
};

}  // namespace gossamer
