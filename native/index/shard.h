// What one indexing thread holds: its vocabulary, the log of its words, its rows and its documents.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/analyzer.h"
#include "analysis/passages.h"
#include "index/builder.h"
#include "index/store.h"
#include "index/vocabulary.h"

namespace gossamer {

inline constexpr uint32_t kDropped = StringTable::kNone;  // a stop word, or the gap between heading and text

// An analyser and what it made of the word forms seen so far.
struct Lexer {
  explicit Lexer(const Analyzer& a) : analyzer(&a), scratch(a) {}
  const Analyzer* analyzer;
  Analyzer::Scratch scratch;
  StringTable forms;  // word form -> term number or kDropped
};

// The vectors of rows in one space: term numbers with values, row after row.
struct VectorLog {
  StringTable terms;                  // term -> term number
  std::vector<uint32_t> near_columns;  // column -> term number, below kNear by a table
  std::unordered_map<uint32_t, uint32_t> far_columns;
  std::vector<uint32_t> log;
  std::vector<float> values;
  std::vector<uint64_t> row_begin;

  uint32_t term_of_column(uint32_t column, const std::vector<std::string>& columns);
  void add_row(const VectorView& row, const std::vector<std::string>& columns);
  size_t rows() const { return row_begin.size(); }
  uint64_t row_end(size_t row) const { return row + 1 < rows() ? row_begin[row + 1] : log.size(); }
};

struct Shard {
  // The first analyser is the space's own; the others are those of its declared fields. `fields` as in Bm25.
  Shard(const std::vector<std::shared_ptr<const Analyzer>>& analyzers, size_t n_fields) : fields(n_fields) {
    for (const auto& analyzer : analyzers) lexers.emplace_back(*analyzer);
  }

  void add_text(const DocumentView& document, const std::vector<PassageRange>& rows);
  void add_rows(const DocumentView& document, const std::vector<PassageRange>& rows);  // without their words
  // Words that start before code point `from_body` belong to `field`, the others to the body.
  void words(std::string_view text, Lexer& lexer, size_t field, uint32_t from_body = kDropped);
  void gap();
  // Title and headings that are scored with a passage though it does not show them, apart (bm25f) or as one text.
  void words_above(const DocumentView& document, std::span<const HeadingView* const> above, bool titled);
  uint32_t term_of(std::string_view term);
  void open_document(const DocumentView& document);
  void open_row(uint32_t start, uint32_t end, uint64_t byte_start, uint64_t byte_end, uint64_t insertion);

  // vocabulary
  std::vector<Lexer> lexers;
  StringTable terms;   // term -> term number

  // the log: term numbers (or kDropped) row after row
  std::vector<uint32_t> log;
  size_t fields;              // of bm25f, else 0
  std::vector<uint8_t> field;  // of each log entry where there are fields
  std::vector<uint64_t> row_begin;
  std::vector<uint32_t> row_document, row_range;
  std::vector<uint64_t> order;

  std::vector<VectorLog> vectors;  // one a space of vectors

  // documents
  std::vector<uint64_t> id_offset{0}, stored;
  std::vector<char> ids;
  StoreWriter store;
  std::string prefix;

  size_t documents() const { return id_offset.size() - 1; }
  size_t rows() const { return row_begin.size(); }
  uint64_t row_end(size_t row) const { return row + 1 < rows() ? row_begin[row + 1] : log.size(); }
};

// The sections of a segment that holds the shards one after the other: its documents (flush_documents.cpp), and its spaces of
// text (flush.cpp) and vectors (flush_vectors.cpp, of one shard), which use the logs up.
void write_documents(const std::vector<std::unique_ptr<Shard>>& shards, SegmentFacts& facts, std::vector<Section>& out);
void write_text(const std::string& space, const Bm25& scoring, std::vector<std::unique_ptr<Shard>>& shards, SegmentFacts& facts,
                std::vector<Section>& out);
void write_vectors(const SpaceKind& space, unsigned threads, VectorLog& vectors, SegmentFacts& facts, std::vector<Section>& out);

}  // namespace gossamer
