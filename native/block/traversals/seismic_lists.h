// What Seismic reads: lists of rows in blocks, each block with a summary of its rows. Sections:
//
//   seismic.postings u64[terms+1]    first posting of each list in
//   seismic.rows u32[]               its rows, block by block, ascending in each
//   seismic.blocks u64[terms+1]      first block of each list in
//   seismic.ends u32[]               where a block ends, counted from the list's first posting, and in
//   seismic.steps f32[2*blocks]      its summary's least value and the value of one unit of its codes
//   seismic.directory u64[terms+1]   first summary term of each list in
//   seismic.terms u16[] or u32[]     the terms that its summaries hold, ascending (u16 up to 65,536 terms in all)
//   seismic.summaries.start u64[terms+1], seismic.summaries u8[]    the summaries of each list, term by term:
//                                    for every kAnchored-th of its terms, the entries before it (u32);
//                                    for each term, how many entries it has (u8 up to 255 blocks, u16 beyond);
//                                    for each term, the numbers of its blocks, ascending (as wide), then their codes (u8)
//   seismic.neighbours u32[rows*n]   (optional) the n closest rows of each row, closest first; kNobody where there are fewer
//   seismic.columns.start u64[rows+1], seismic.columns u8[]    (optional) see seismic_columns.h
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "block/search.h"
#include "block/traversals/seismic_columns.h"
#include "index/layout.h"

namespace gossamer::block {

inline constexpr uint32_t kNobody = 0xffffffffu;
inline constexpr size_t kMostBlocks = 65535;  // in a list
inline constexpr size_t kNarrowBlocks = 255;  // in a list whose counts and block numbers are u8
inline constexpr size_t kAnchored = 32;

class SeismicLists {
 public:
  // Throws Damaged where the sections do not fit each other or the space. `owner` keeps their bytes alive.
  SeismicLists(std::shared_ptr<const Space> space, const SectionBytes& sections, std::shared_ptr<const void> owner);

  const std::shared_ptr<const Space>& space() const { return space_; }
  const Forward& forward() const { return space_->forward(); }
  const ColumnCodes& columns() const { return columns_; }
  size_t blocks() const { return ends_.size(); }
  size_t blocks(uint32_t list) const { return static_cast<size_t>(blocks_[list + 1] - blocks_[list]); }
  // The rows of a block of a list; they are not checked.
  std::span<const uint32_t> rows(uint32_t list, uint32_t block) const;
  // As many of the closest rows as are kept; they are not checked.
  std::span<const uint32_t> neighbours(uint32_t row) const { return neighbours_.subspan(row * kept_, kept_); }

  // The product of the query with the summary of each block of a list, never less than it is in real numbers. Both arrays have
  // kMostBlocks + 1 floats. Returns the number of entries read.
  uint64_t estimate(uint32_t list, std::span<const QueryTerm> query, float* estimates, float* weights) const;

 private:
  template <class Block, class Term>
  uint64_t add(uint32_t list, std::span<const Term> terms, std::span<const QueryTerm> query, float* codes, float* weights) const;

  std::shared_ptr<const Space> space_;
  std::shared_ptr<const void> owner_;
  std::span<const uint64_t> postings_, blocks_, directory_, summaries_start_;
  std::span<const uint32_t> rows_, ends_, wide_terms_, neighbours_;
  std::span<const uint16_t> narrow_terms_;
  std::span<const float> steps_;
  std::span<const uint8_t> summaries_;
  size_t kept_ = 0;  // neighbours of each row
  ColumnCodes columns_;
};

}  // namespace gossamer::block
