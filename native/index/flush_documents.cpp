// The documents and rows of the shards, one after the other.
#include <utility>

#include "index/shard.h"

namespace gossamer {

void write_documents(const std::vector<std::unique_ptr<Shard>>& shards, SegmentFacts& facts, std::vector<Section>& out) {
  std::vector<uint64_t> id_offset{0}, stored, block_offset{0}, order;
  std::vector<char> ids;
  std::vector<uint8_t> blocks;
  std::vector<uint32_t> row_document, row_range;
  for (auto& shard : shards) {
    const uint64_t id_base = ids.size(), stream_base = (block_offset.size() - 1) * uint64_t{kStoreBlock};
    const auto document_base = static_cast<uint32_t>(id_offset.size() - 1);
    for (size_t i = 1; i < shard->id_offset.size(); ++i) id_offset.push_back(id_base + shard->id_offset[i]);
    ids.insert(ids.end(), shard->ids.begin(), shard->ids.end());
    for (size_t i = 0; i < shard->stored.size(); ++i) stored.push_back(shard->stored[i] + (i % 3 == 0 ? stream_base : 0));
    std::vector<uint64_t> ends;
    std::vector<uint8_t> data;
    shard->store.finish(ends, data);
    for (uint64_t end : ends) block_offset.push_back(blocks.size() + end);
    if (blocks.empty()) blocks = std::move(data);
    else blocks.insert(blocks.end(), data.begin(), data.end());
    for (uint32_t document : shard->row_document) row_document.push_back(document + document_base);
    row_range.insert(row_range.end(), shard->row_range.begin(), shard->row_range.end());
    order.insert(order.end(), shard->order.begin(), shard->order.end());
  }
  facts.documents = id_offset.size() - 1;
  facts.rows = order.size();
  auto slots = build_hash_slots(facts.documents, [&](size_t i) {
    return std::string_view(ids.data() + id_offset[i], id_offset[i + 1] - id_offset[i]);
  });
  out.push_back(make_section("ids.offsets", std::move(id_offset)));
  out.push_back(make_section("ids.bytes", std::move(ids)));
  out.push_back(make_section("ids.hash", std::move(slots)));
  out.push_back(make_section("rows.doc", std::move(row_document)));
  out.push_back(make_section("rows.range", std::move(row_range)));
  out.push_back(make_section("order", std::move(order)));
  out.push_back(make_section("docs.store", std::move(stored)));
  out.push_back(make_section("store.blocks", std::move(block_offset)));
  out.push_back(make_section("store.bytes", std::move(blocks)));
}

}  // namespace gossamer
