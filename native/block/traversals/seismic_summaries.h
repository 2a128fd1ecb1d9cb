// What a block's rows may score at most, or about: coordinate-wise maxima or means of whole vectors, cut to their largest
// entries, in 8-bit codes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block/traversals/seismic_blocks.h"
#include "block/traversals/seismic_build.h"

namespace gossamer::block {

// value = least + code * step
struct Codes {
  float least = 0, step = 0;
  std::vector<uint8_t> codes;
};

// Rounded up, no value is below what it stands for, in float32 arithmetic.
Codes quantise(std::span<const Entry> entries, SeismicOptions::Rounding rounding);

// The summaries of one list as the sections of seismic_lists.h hold them.
struct SummarisedList {
  std::vector<float> steps;
  std::vector<uint32_t> terms;
  std::vector<uint8_t> bytes;
};

// One for each thread.
class Summariser {
 public:
  Summariser(const Vectors& vectors, size_t terms, const SeismicOptions& options);
  SummarisedList summarise(std::span<const uint32_t> rows, std::span<const uint32_t> ends);

 private:
  struct Coded {
    uint32_t term;
    uint16_t block;
    uint8_t code;
  };
  void merge(std::span<const uint32_t> rows);
  void cut();
  void write(size_t blocks, SummarisedList& list);

  const Vectors& vectors_;
  const SeismicOptions& options_;
  std::vector<float> dense_;
  std::vector<uint32_t> count_;     // entries of each term; all 0 between lists
  std::vector<Entry> summary_;
  std::vector<Coded> coded_, sorted_;
};

}  // namespace gossamer::block
