// What one indexing thread holds: its vocabulary, the log of its words, its rows and its documents.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/analyzer.h"
#include "index/builder.h"
#include "index/store.h"
#include "index/vocabulary.h"

namespace gossamer {

inline constexpr uint32_t kDropped = StringTable::kNone;  // a stop word, or the gap between heading and text

struct Shard {
  explicit Shard(const Analyzer* analyzer) {
    if (analyzer != nullptr) scratch.emplace(*analyzer);
  }

  void add_text(const DocumentView& document, const Analyzer& analyzer, uint32_t passage_words);
  void add_rows(const DocumentView& document, const std::vector<std::array<uint32_t, 4>>& ranges, const VectorView* vectors,
                const std::vector<std::string>& columns);
  void words(std::string_view text, const Analyzer& analyzer);
  uint32_t term_of(std::string_view term);
  void open_document(const DocumentView& document);
  void open_row(uint32_t start, uint32_t end, uint64_t byte_start, uint64_t byte_end, uint64_t insertion);

  // vocabulary
  std::optional<Analyzer::Scratch> scratch;
  StringTable forms;   // word form -> term number or kDropped
  StringTable terms;   // term -> term number
  std::vector<uint32_t> column_term;  // vector spaces: column -> term number

  // the log: term numbers (or kDropped) row after row
  std::vector<uint32_t> log;
  std::vector<float> values;  // vector spaces: one a log entry
  std::vector<uint64_t> row_begin;
  std::vector<uint32_t> row_document, row_range;
  std::vector<uint64_t> order;

  // documents
  std::vector<uint64_t> id_offset{0}, stored;
  std::vector<char> ids;
  StoreWriter store;
  std::string prefix;

  size_t documents() const { return id_offset.size() - 1; }
  size_t rows() const { return row_begin.size(); }
  uint64_t row_end(size_t row) const { return row + 1 < rows() ? row_begin[row + 1] : log.size(); }
};

}  // namespace gossamer
