// Documents in, sections of one immutable segment out. Memory-bounded by its caller: watch memory() and flush().
//
// Each thread ("shard") keeps its documents as a log of term numbers, four bytes a word; flush() turns the logs into
// postings by one counting sort. Which shard takes which document depends only on the order of documents and the number
// of shards, so a build is deterministic; section `order` keeps the ranking independent of both.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/analyzer.h"
#include "block/match.h"
#include "index/layout.h"
#include "index/scoring.h"

namespace gossamer {

struct HeadingView {
  uint32_t start, end;  // code points
  uint32_t level;
  std::string_view value;
};

struct DocumentView {
  std::string_view id, title, text, metadata;
  std::vector<HeadingView> headings;
  uint64_t insertion = 0;
  std::vector<std::string_view> fields;  // values of the declared fields, as many as the builder has
};

// How a segment keeps one space: what the documents' text says, as words or as vectors.
struct SpaceKind {
  enum Kind : uint8_t { text, vectors };
  std::string name;  // before the names of its sections
  Kind kind;
  block::ValueKind values = block::ValueKind::f32;  // of vectors
};

// One row of a vector space: parallel arrays, columns ascending, values finite and positive.
struct VectorView {
  const uint32_t* columns = nullptr;
  const float* values = nullptr;
  size_t size = 0;
};

struct SegmentFacts {
  uint64_t documents = 0, rows = 0, tokens = 0;
  uint64_t terms = 0, postings = 0;  // of the first space
  double written_mean = 0;   // mean row length when bounds were written
  double largest_ratio = 0;  // largest c of scoring.h
};

struct BuilderOptions {
  uint32_t passage_words = 180;  // 0: one row per document
  unsigned threads = 1;
  Bm25 scoring;                  // only b, the length rounding and fields matter here
};

struct Shard;
class Segment;

class Builder {
 public:
  // At most one space of text, the first (`analyzers`: its own, then one for each declared field), and any number of spaces of
  // vectors (`columns` names the vocabulary of each; empty: a column is called #NUMBER).
  Builder(std::vector<SpaceKind> spaces, std::vector<std::shared_ptr<const Analyzer>> analyzers,
          std::vector<std::vector<std::string>> columns, BuilderOptions options);
  ~Builder();
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  // Adds documents in order; a document whose id is already here supersedes the older one. For a space of text alone.
  void add(const std::vector<DocumentView>& documents);
  // The same with the vectors of each document's rows in each space: ranges[i] are (start, end, byte start, byte end) per row.
  void add_vectors(const std::vector<DocumentView>& documents, const std::vector<std::vector<std::array<uint32_t, 4>>>& ranges,
                   const std::vector<std::vector<VectorView>>& vectors);

  bool erase(std::string_view id);  // true when a live document with this id was pending
  bool contains(std::string_view id) const { return live_.contains(std::string(id)); }
  std::vector<uint32_t> superseded(const Segment& older) const;  // documents of an older segment whose ids are pending
  uint64_t documents() const { return live_.size(); }
  uint64_t pending() const { return documents_; }
  uint64_t memory() const;          // bytes at the peak of flush(), estimated

  // Sections of everything added, in file order; `dead` receives superseded and erased documents (numbers in the segment).
  // The builder is empty afterwards.
  std::vector<Section> flush(SegmentFacts& facts, std::vector<uint32_t>& dead);

 private:
  struct Place {
    uint32_t shard, document;
  };
  void remember(const DocumentView& document, uint32_t shard);
  std::unique_ptr<Shard> fresh_shard() const;

  std::vector<SpaceKind> spaces_;
  std::vector<std::shared_ptr<const Analyzer>> analyzers_;
  std::vector<std::vector<std::string>> columns_;
  BuilderOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unordered_map<std::string, Place> live_;
  std::vector<Place> dead_;
  uint64_t documents_ = 0;
};

// Runs task(0) ... task(n - 1), each on its own thread (the first on the caller's); rethrows the first exception.
void run_parallel(unsigned n, const std::function<void(unsigned)>& task);

}  // namespace gossamer
