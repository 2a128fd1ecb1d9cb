#include "block/spool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace gossamer::block {

namespace {

constexpr size_t kWrittenTogether = size_t{1} << 20;

// Asks for large pages before the first byte is written: searches jump about in these bytes, and finding a page costs much of
// their time.
void advise_large_pages(std::vector<uint8_t>& bytes) {
#if defined(MADV_HUGEPAGE)
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<uintptr_t>(bytes.data()) + bytes.capacity()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // only advice
#endif
}

}  // namespace

struct Spool::Bytes {
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() {
    if (map != nullptr) munmap(map, size);
    if (file >= 0) close(file);
  }
  std::vector<uint8_t> held;  // all of it, or what is not yet in the file
  int file = -1;
  void* map = nullptr;
  size_t size = 0;            // of the file
};

Spool::Spool(const Room& room, uint64_t expected) : room_(room), bytes_(std::make_shared<Bytes>()) {
  bytes_->held.reserve(std::min(expected, std::max<uint64_t>(room.memory, kWrittenTogether)));
  advise_large_pages(bytes_->held);
}

void Spool::append_bytes(std::span<const uint8_t> bytes) {
  std::vector<uint8_t>& held = bytes_->held;
  held.insert(held.end(), bytes.begin(), bytes.end());
  if (bytes_->file >= 0 ? held.size() >= kWrittenTogether : held.size() > room_.memory) spill();
}

void Spool::spill() {
  const auto refuse = [this] {
    throw std::runtime_error("cannot write a temporary file in " + room_.folder + ": " + std::strerror(errno));
  };
  if (bytes_->file < 0) {
    std::string name = room_.folder + "/gossamer-XXXXXX";
    bytes_->file = mkstemp(name.data());
    if (bytes_->file < 0) refuse();
    unlink(name.c_str());
  }
  std::vector<uint8_t>& held = bytes_->held;
  for (size_t at = 0; at < held.size();) {
    const ssize_t written = write(bytes_->file, held.data() + at, held.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse();
    at += static_cast<size_t>(written);
  }
  bytes_->size += held.size();
  held.clear();
  if (held.capacity() > 2 * kWrittenTogether) held = {};
}

std::span<const uint8_t> Spool::finish() {
  if (bytes_->file < 0) return bytes_->held;
  if (bytes_->map == nullptr) {
    spill();
    bytes_->held = {};
    void* const map = mmap(nullptr, bytes_->size, PROT_READ, MAP_SHARED, bytes_->file, 0);
    if (map == MAP_FAILED) throw std::runtime_error("cannot map a temporary file in " + room_.folder + ": " + std::strerror(errno));
    bytes_->map = map;
  }
  return {static_cast<const uint8_t*>(bytes_->map), bytes_->size};
}

Section Spool::section(std::string name, std::string kind) {
  const std::span<const uint8_t> whole = finish();
  return {std::move(name), std::move(kind), true, bytes_, whole.data(), whole.size()};
}

}  // namespace gossamer::block
