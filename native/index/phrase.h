// Where the words of a phrase stand together, from the positions in a segment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "index/segment.h"

namespace gossamer {

struct PhraseTerm {
  std::string term;
  uint32_t offset;  // words from the start of the phrase
};

// A byte for each document of the segment: 1 where one row holds all terms such that, each moved back by its offset, no two
// stand more than `slop` words apart (0: exactly as in the phrase). No position serves two terms. Dead documents count.
std::vector<uint8_t> documents_with_phrase(const Segment& segment, const std::vector<PhraseTerm>& phrase, uint32_t slop);

}  // namespace gossamer
