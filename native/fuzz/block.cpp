// Feeds bytes to a BlockIndex as if they were its sections, and searches it in every way. Input, little-endian:
//   kind u8 (f32, f16, u8), k u8, filter u8 (0: none, else a row passes when its number modulo this is 0), terms u8,
//   rows u32, that many (column u32, weight f32), then each section of kSections: bytes u32 (kMissing: absent), its bytes;
//   then, 0 where the input has ended: how u8, size u8, share u8, which choose a named traversal and its options (see
//   traverse()); and those of Seismic alone, kSeismic in the same form.
// Every section lies in memory of its own, so that AddressSanitizer sees its borders.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>

#include "block/search.h"
#include "block/traversals/block_max_wand.h"
#include "block/traversals/bmp.h"
#include "block/traversals/maxscore.h"
#include "block/traversals/seismic.h"
#include "block/traversals/superblock.h"
#include "block/traversals/term_at_a_time.h"
#include "block/traversals/wand.h"

namespace {

using namespace gossamer;

constexpr uint32_t kMissing = 0xffffffffu;
constexpr uint32_t kMostRows = 1u << 20;
constexpr const char* kSections[] = {"columns", "layers", "lists.offsets", "lists", "steps.offsets", "steps",
                                     "forward.offsets", "forward.columns", "forward.values", "forward.scales", "order"};
constexpr const char* kSeismic[] = {"seismic.postings", "seismic.rows", "seismic.blocks", "seismic.ends", "seismic.steps",
                                    "seismic.directory", "seismic.terms", "seismic.summaries.start", "seismic.summaries",
                                    "seismic.neighbours", "seismic.columns.start", "seismic.columns"};

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

// Sections that each have memory of their own.
class Sections {
 public:
  void read(Input& input, std::span<const char* const> names) {
    for (const char* name : names) {
      const auto length = input.next<uint32_t>();
      if (length == kMissing) continue;
      const std::span<const uint8_t> bytes = input.bytes(length);
      auto& owner = owners_.emplace_back(new uint8_t[bytes.size()]);
      if (!bytes.empty()) std::memcpy(owner.get(), bytes.data(), bytes.size());
      sections_[name] = {owner.get(), bytes.size()};
    }
  }
  const SectionBytes& all() const { return sections_; }

 private:
  std::vector<std::unique_ptr<uint8_t[]>> owners_;
  SectionBytes sections_;
};

// The traversal that `how` names; what it reads is made here, and Seismic's over `own` sections. `size` and `share` set its
// options: the size of blocks, or the lists that Seismic reads; and how much may be left out.
std::unique_ptr<block::Traversal> traverse(uint8_t how, uint8_t size, uint8_t share, const std::shared_ptr<const block::Space>& space,
                                           const SectionBytes& own) {
  const auto postings = [&] { return std::make_shared<block::Postings>(space); };
  const float part = (1 + static_cast<float>(share)) / 256;
  const uint32_t rows = std::max<uint32_t>(size, 8);
  switch (how) {
    case 1: return std::make_unique<block::TermAtATime>(postings());
    case 2: return std::make_unique<block::MaxScore>(postings());
    case 3: return std::make_unique<block::Wand>(postings());
    case 4: return std::make_unique<block::BlockMaxWand>(std::make_shared<block::BlockMaxPostings>(space, size_t{size} + 1));
    case 5: return std::make_unique<block::Bmp>(std::make_shared<block::BmpIndex>(*postings(), rows, size % 2 == 0, share % 4 == 1), part, 1.0f);
    case 6: return std::make_unique<block::Superblock>(std::make_shared<block::SuperblockIndex>(*postings(), rows, 2u + share % 8), part, 1.0f);
    default: break;
  }
  const block::Seismic::Effort effort{1u + size, part, static_cast<block::Seismic::Ordered>(share % 3), share % 5u};
  return std::make_unique<block::Seismic>(std::make_shared<block::SeismicLists>(space, own, nullptr), effort);
}

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
    const auto weight = input.next<float>();
    wanted[column] = std::isfinite(weight) && weight != 0 ? weight : 1.0f;
  }
  Sections sections, own;
  sections.read(input, kSections);
  const auto how = input.next<uint8_t>(), block_size = input.next<uint8_t>(), share = input.next<uint8_t>();
  own.read(input, kSeismic);
  std::vector<block::QueryTerm> query;
  for (const auto& [column, weight] : wanted) query.push_back({column, weight});
  try {
    const auto space = std::make_shared<const block::Space>(sections.all(), rows, kind, nullptr);
    Bitmap accept = Bitmap::none(rows);
    for (uint32_t row = 0; filter != 0 && row < rows; row += filter) accept.set(row);
    const Bitmap* const accepted = filter != 0 ? &accept : nullptr;
    block::Effort effort;
    space->search(query, k, effort, accepted);
    space->exhaustive(query, k, accepted);
    effort.share = share / 255.0;
    effort.postings = block_size;
    effort.candidates = share;
    space->search(query, k, effort, accepted);
    effort.exact = false;
    space->search(query, k, effort, accepted);
    if (how % 8 == 0) return 0;
    for (block::QueryTerm& term : query) term.weight = std::fabs(term.weight);
    space->search(query, k, *traverse(how % 8, block_size, share, space, own.all()), accepted);
  } catch (const Damaged&) {
    // what damaged bytes should give
  }
  return 0;
}
