// Exact top-k over the segments of a snapshot with one threshold. Two traversals of text give the same ranking:
//   exhaustive   term at a time over every posting in float64: the oracle, and the only one for scores that can fall;
//   exact        term at a time in windows that fit the cache, adding one-byte upper bounds in 16-bit integers, then the
//                float64 score of those rows whose bound reaches the k-th best score so far.
// Vectors are searched by block/search.h (vector_search.cpp); a query in several spaces by space_search.cpp, where its score is
// one sum: over the terms of the first space, ascending by bytes, then over those of the next.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/scoring.h"
#include "index/segment.h"
#include "index/top_documents.h"

namespace gossamer {

struct QueryTerm {
  std::string term;
  double weight;
  uint32_t space = 0;
};

struct Contribution {
  std::string term;
  uint32_t space;
  double query_weight, document_weight, contribution;
};

struct TraversalCost {  // what a query touched, for benchmarks and `bench`
  uint64_t postings = 0, candidates = 0;
};

// A query over vectors: for each segment its term numbers, ascending and unique, with weights that are not 0.
using SegmentQueries = std::vector<std::vector<block::QueryTerm>>;

// How a search goes; without effort it is exact. Text, and several spaces, are always searched exactly.
struct How {
  bool exhaustive = false;
  block::Effort effort = {};
};

class Snapshot {
 public:
  // `accepts[i]` filters the rows of segment i. Text, which only the first space may hold, is scored by `scoring`, vectors by
  // the inner product.
  Snapshot(std::vector<std::shared_ptr<const Segment>> segments, std::vector<Bitmap> accepts, bool text, Bm25 scoring);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Rows that a search may return, by segment: those of live documents that are wanted (a byte for each document).
  using Filter = std::vector<Bitmap>;
  Filter filter(const std::vector<std::span<const uint8_t>>& wanted) const;

  // The k best documents (each by its best row), score descending, then insertion number. `query`: unique terms ascending
  // by space, then bytes. `filter` null: all live documents. Throws Damaged.
  std::vector<Hit> top_k(const std::vector<QueryTerm>& query, size_t k, const How& how, const Filter* filter = nullptr,
                         TraversalCost* cost = nullptr) const;
  // The same over the vectors of the first space.
  std::vector<Hit> top_k(const SegmentQueries& query, size_t k, const How& how, const Filter* filter = nullptr,
                         TraversalCost* cost = nullptr) const;

  // Whether top_k may prune this query, or has to score every posting.
  bool prunes(const std::vector<QueryTerm>& query) const;

  // Live documents with at least one of the terms, or with all of them, a byte for each document of a segment. `field`: only
  // occurrences in this field count.
  std::vector<uint8_t> matching(const std::vector<QueryTerm>& query, uint32_t segment, bool all,
                                std::optional<size_t> field = std::nullopt) const;

  // The parts of each row's score; they sum to it in this order.
  std::vector<std::vector<Contribution>> explain(const std::vector<QueryTerm>& query, const std::vector<Hit>& hits) const;

  const std::vector<std::shared_ptr<const Segment>>& segments() const { return segments_; }
  bool accepted(uint32_t segment, uint32_t row) const { return accepts_[segment][row]; }
  uint64_t rows() const { return rows_; }
  uint64_t tokens() const { return tokens_; }
  double mean_length() const { return means_.length; }
  bool text() const { return text_; }  // in the first space

 private:
  struct Plan;
  struct VectorPart;
  struct Scratch;
  struct SpaceSearch;
  using Terms = std::span<const QueryTerm>;  // of a query, in one space
  static std::vector<Terms> by_space(const std::vector<QueryTerm>& query);
  bool is_text(Terms part) const { return text_ && part.front().space == 0; }
  Plan make_plan(Terms query) const;
  void search_text(const std::vector<QueryTerm>& query, bool exhaust, const Filter& accepts, TopDocuments& top,
                   TraversalCost& cost) const;
  void exhaustive(const Plan& plan, uint32_t segment, std::span<const VectorPart> vectors, const Bitmap& accept, Scratch& scratch,
                  TopDocuments& top) const;
  void exact(const Plan& plan, uint32_t segment, const Bitmap& accept, Scratch& scratch, TopDocuments& top) const;
  bool can_prune(const Plan& plan) const;  // the text
  void explain(const Plan& plan, const Hit& hit, std::vector<Contribution>& parts) const;
  RowNorm norm_of(const TextSpace& space, uint32_t row) const { return space.norm(scoring_, means_, row); }
  double weight(const TextSpace& space, const TermWeight& term, uint64_t posting, const RowNorm& norm) const {
    return document_weight(scoring_, term, norm.frequency(space.count(posting), space.counts(posting)), norm.B);
  }
  const Filter& checked(const Filter* filter) const;
  double length_weight(const TextSpace& space, uint32_t row) const;  // what a query's words owe to the row's length (ql)
  SegmentQueries segment_queries(Terms query) const;
  void search_vectors(const SegmentQueries& queries, uint32_t space, size_t k, const How& how, const Filter& accepts,
                      TopDocuments& top, TraversalCost& cost) const;
  void search_spaces(const std::vector<Terms>& query, size_t k, bool exhaust, const Filter& accepts, TopDocuments& top,
                     TraversalCost& cost) const;
  std::vector<uint32_t> by_size() const;  // segments, the largest first: it sets the threshold that the others start from
  void explain_vectors(Terms query, const Hit& hit, std::vector<Contribution>& parts) const;
  std::unique_ptr<Scratch> borrow() const;
  void give_back(std::unique_ptr<Scratch> scratch) const;

  std::vector<std::shared_ptr<const Segment>> segments_;
  std::vector<Bitmap> accepts_;
  bool text_;
  Bm25 scoring_;
  uint64_t rows_ = 0, tokens_ = 0;
  Means means_;
  std::vector<std::vector<float>> ceiling_;  // by segment: code -> upper bound of the weight without idf
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

// The names of a matrix's columns, looked up once in the segments of a snapshot.
class ColumnNames {
 public:
  // Throws std::invalid_argument where two are the same.
  ColumnNames(const Snapshot& snapshot, const std::vector<std::string_view>& names);

  size_t size() const { return place_.size(); }
  SegmentQueries query(std::span<const uint32_t> columns, std::span<const float> weights) const;

 private:
  std::vector<uint32_t> place_;                 // of each column among all names in ascending order of bytes
  std::vector<std::vector<uint32_t>> numbers_;  // for each segment the term number at each place
};

}  // namespace gossamer
