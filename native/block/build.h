// From sparse vectors to the sections of a searchable space: numbers for the terms, an order for the rows (order.h), the
// forward file (build_forward.h), the lists (list_builder.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "block/match.h"
#include "block/order.h"
#include "index/layout.h"

namespace gossamer::block {

// Rows of a compressed sparse row matrix, columns ascending in each.
struct Matrix {
  std::span<const int64_t> indptr;
  std::span<const uint32_t> indices;
  std::span<const float> values;

  size_t rows() const { return indptr.size() - 1; }
};

struct BuildOptions {
  ValueKind values = ValueKind::f32;
  unsigned threads = 1;
  Order order = Order::given;
  uint64_t seed = 0;     // of Order::cluster
  uint64_t memory = 0;   // bytes of scratch and of sections that are kept in memory, about; 0: whatever is fastest
  std::string folder;    // for sections that do not fit
  Pulse pulse;
};

// Sections `columns` (u32: the column of each term), `lists.*`, `steps.*`, `forward.*`, `layers`, and `order` (u32: the input
// row of each stored row) unless rows are stored as they come. The same whatever the number of threads and the memory.
// An order needs some 300 bytes a row beside the memory; a term in many rows, 12 bytes for each of them.
std::vector<Section> build(const Matrix& matrix, const BuildOptions& options);

}  // namespace gossamer::block
