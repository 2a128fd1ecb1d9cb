// The forward file: whole vectors, row by row, as forward.h reads them.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "block/forward.h"
#include "block/list_builder.h"
#include "block/rows.h"
#include "block/spool.h"

namespace gossamer::block {

struct ForwardFile {
  uint32_t terms = 0;
  ValueKind kind = ValueKind::f32;
  std::vector<uint64_t> offsets;
  Spool columns, values;         // u16 (u32 where there are more than 65,536 terms), and values of the kind
  std::vector<float> scales;     // of u8
  std::vector<uint64_t> before;  // entries of the terms before each one; one element more than there are terms
  float largest = 0;             // absolute value, as stored

  Forward reader();
  void sections(std::vector<Section>& out);  // uses it up
};

// One pass over the rows. Negative values only where the kind is not u8.
ForwardFile write_forward(const Rows& rows, uint32_t terms, uint64_t entries, ValueKind kind, const Room& room, const Pulse& pulse);

// The rows of a forward file, for lists. The pulse is felt by the thread that made this; when it throws, the others end too.
class ForwardRows : public RowSource {
 public:
  ForwardRows(const Forward& forward, const Pulse& pulse) : forward_(forward), pulse_(pulse) {}
  void each(uint32_t from, uint32_t to, const Row& f) const override;

 private:
  const Forward& forward_;
  const Pulse& pulse_;
  std::thread::id caller_ = std::this_thread::get_id();
  mutable std::atomic<bool> ended_{false};
};

}  // namespace gossamer::block
