// Document-ordered lists with float32 values: the forward file transposed. What the classic traversals read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "block/search.h"

namespace gossamer::block {

struct List {
  std::span<const uint32_t> rows;  // ascending
  std::span<const float> values;   // of each row; finite and not negative
  float most;                      // the largest of them
};

class Postings {
 public:
  // Throws Damaged where a value is negative or not finite.
  explicit Postings(std::shared_ptr<const Space> space);

  const std::shared_ptr<const Space>& space() const { return space_; }
  const Forward& forward() const { return space_->forward(); }
  uint32_t rows() const { return space_->rows(); }
  uint32_t terms() const { return static_cast<uint32_t>(most_.size()); }
  List list(uint32_t term) const {
    const uint64_t from = offsets_[term], size = offsets_[term + 1] - from;
    return {std::span(rows_).subspan(from, size), std::span(values_).subspan(from, size), most_[term]};
  }
  size_t bytes() const { return (rows_.size() + values_.size() + most_.size()) * 4 + offsets_.size() * 8; }

 private:
  std::shared_ptr<const Space> space_;
  std::vector<uint64_t> offsets_;
  std::vector<uint32_t> rows_;
  std::vector<float> values_, most_;
};

}  // namespace gossamer::block
