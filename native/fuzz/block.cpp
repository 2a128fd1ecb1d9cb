// Feeds bytes to a BlockIndex as if they were its sections, and searches it. Input, little-endian:
//   kind u8 (f32, f16, u8), k u8, filter u8 (0: none, else a row passes when its number modulo this is 0), terms u8,
//   rows u32, that many (column u32, weight f32), then each section of kSections: bytes u32 (kMissing: absent), its bytes.
// Every section lies in memory of its own, so that AddressSanitizer sees its borders.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>

#include "block/search.h"

namespace {

using namespace gossamer;

constexpr uint32_t kMissing = 0xffffffffu;
constexpr uint32_t kMostRows = 1u << 20;
constexpr const char* kSections[] = {"columns", "layers", "lists.offsets", "lists", "steps.offsets", "steps",
                                     "forward.offsets", "forward.columns", "forward.values", "forward.scales", "order"};

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  template <class T>
  T next() {
    T value{};
    const size_t n = std::min(sizeof(T), size_);
    std::memcpy(&value, data_, n);
    skip(n);
    return value;
  }
  std::span<const uint8_t> bytes(size_t n) {
    const std::span<const uint8_t> taken(data_, std::min(n, size_));
    skip(taken.size());
    return taken;
  }

 private:
  void skip(size_t n) {
    data_ += n;
    size_ -= n;
  }
  const uint8_t* data_;
  size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const auto kind = static_cast<block::ValueKind>(input.next<uint8_t>() % 3);
  const size_t k = input.next<uint8_t>();
  const uint8_t filter = input.next<uint8_t>(), terms = input.next<uint8_t>();
  const auto rows = input.next<uint32_t>();
  if (rows > kMostRows) return -1;  // windows without postings only take time
  std::map<uint32_t, float> wanted;
  for (uint8_t i = 0; i < terms; ++i) {
    const auto column = input.next<uint32_t>();
    const float weight = std::fabs(input.next<float>());
    wanted[column] = std::isfinite(weight) && weight > 0 ? weight : 1.0f;
  }
  SectionBytes sections;
  std::vector<std::unique_ptr<uint8_t[]>> owners;
  for (const char* name : kSections) {
    const auto length = input.next<uint32_t>();
    if (length == kMissing) continue;
    const std::span<const uint8_t> bytes = input.bytes(length);
    auto& owner = owners.emplace_back(new uint8_t[bytes.size()]);
    if (!bytes.empty()) std::memcpy(owner.get(), bytes.data(), bytes.size());
    sections[name] = {owner.get(), bytes.size()};
  }
  std::vector<block::QueryTerm> query;
  for (const auto& [column, weight] : wanted) query.push_back({column, weight});
  try {
    const block::Space space(sections, rows, kind, nullptr);
    Bitmap accept = Bitmap::none(rows);
    for (uint32_t row = 0; filter != 0 && row < rows; row += filter) accept.set(row);
    const Bitmap* const accepted = filter != 0 ? &accept : nullptr;
    block::Effort effort;
    space.search(query, k, effort, accepted);
    space.exhaustive(query, k, accepted);
    effort.exact = false;
    space.search(query, k, effort, accepted);
  } catch (const Damaged&) {
    // what damaged bytes should give
  }
  return 0;
}
