#include "index/store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "index/layout.h"
#include "third_party/lz4/lz4.h"

namespace gossamer {

uint64_t StoreWriter::append(std::string_view bytes) {
  const uint64_t at = stream_;
  stream_ += bytes.size();
  while (!bytes.empty()) {
    const size_t take = std::min<size_t>(kStoreBlock - pending_.size(), bytes.size());
    pending_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (pending_.size() == kStoreBlock) close_block();
  }
  return at;
}

void StoreWriter::close_block() {
  if (pending_.empty()) return;
  const size_t at = blocks_.size();
  blocks_.resize(at + static_cast<size_t>(LZ4_compressBound(kStoreBlock)));
  const int size = LZ4_compress_default(pending_.data(), reinterpret_cast<char*>(blocks_.data() + at),
                                        static_cast<int>(pending_.size()), LZ4_compressBound(kStoreBlock));
  blocks_.resize(at + static_cast<size_t>(size));
  written_ += static_cast<uint64_t>(size);
  block_ends_.push_back(written_);
  pending_.clear();
}

void StoreWriter::take(std::vector<uint64_t>& block_ends, std::vector<uint8_t>& blocks) {
  block_ends = std::exchange(block_ends_, {});
  blocks = std::exchange(blocks_, {});
}

void StoreWriter::finish(std::vector<uint64_t>& block_ends, std::vector<uint8_t>& blocks) {
  close_block();
  take(block_ends, blocks);
  stream_ = written_ = 0;
}

StoreReader::StoreReader(std::span<const uint64_t> block_offsets, std::span<const uint8_t> blocks)
    : offsets_(block_offsets), blocks_(blocks) {}

std::string StoreReader::read(uint64_t offset, uint64_t length) const {
  if (length == 0) return {};
  const uint64_t stream = offsets_.empty() ? 0 : static_cast<uint64_t>(offsets_.size() - 1) * kStoreBlock;
  if (offset >= stream || length > stream - offset) throw Damaged("section docs.store: a document lies outside the store");
  std::string out;
  out.reserve(length);
  std::array<char, kStoreBlock> block;
  for (uint64_t b = offset / kStoreBlock; out.size() < length; ++b) {
    const uint64_t from = offsets_[b], to = offsets_[b + 1];
    if (from > to || to > blocks_.size()) throw Damaged("section store.blocks: offsets out of order");
    const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(blocks_.data() + from), block.data(),
                                         static_cast<int>(std::min<uint64_t>(to - from, 1u << 20)), kStoreBlock);
    const uint64_t skip = out.empty() ? offset % kStoreBlock : 0;
    if (size < 0 || static_cast<uint64_t>(size) <= skip) throw Damaged("section store.bytes: a block does not unpack");
    const uint64_t take = std::min<uint64_t>(static_cast<uint64_t>(size) - skip, length - out.size());
    if (out.size() + take < length && static_cast<uint32_t>(size) != kStoreBlock)
      throw Damaged("section store.bytes: a block is short");
    out.append(block.data() + skip, take);
  }
  return out;
}

}  // namespace gossamer
