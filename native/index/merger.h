// Several segments into one, without their dead documents, section by section in chunks of about a megabyte, so that memory
// depends on the vocabulary (and for vectors on what their lists may take), not on the text. Documents keep the order of their
// segments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "index/segment.h"

namespace gossamer {

class Merger {
 public:
  // `dead[i]`: dead document numbers of segment i, ascending. Text needs `options.scoring`; vectors use `memory` bytes and
  // `options.threads` to sort their lists.
  Merger(const std::vector<SpaceKind>& spaces, const std::vector<std::shared_ptr<const Segment>>& segments,
         const std::vector<std::vector<uint32_t>>& dead, const BuilderOptions& options, uint64_t memory);
  ~Merger();
  Merger(const Merger&) = delete;
  Merger& operator=(const Merger&) = delete;

  struct Outline {
    std::string name, kind;
    bool required;
  };
  std::vector<Outline> sections() const;

  // Produces section `i` (in order 0, 1, 2 ...): calls sink with consecutive chunks of its bytes. A sink that returns false
  // stops the merge.
  void write(size_t i, const std::function<bool(const void*, size_t)>& sink);

  // Complete once every section has been written.
  const SegmentFacts& facts() const;

 private:
  struct State;
  std::vector<std::unique_ptr<State>> states_;  // one a space; the first writes the documents, too
};

}  // namespace gossamer
