// From sparse vectors to the sections of a searchable space.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "block/dot.h"
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
};

// Sections `columns` (u32: the column of each term), `lists.*`, `steps.*`, `forward.*` and `layers`. The same whatever the
// number of threads. Scratch memory is 5 bytes an entry of the terms that are worked on together.
std::vector<Section> build(const Matrix& matrix, const BuildOptions& options);

}  // namespace gossamer::block
