// What a merge knows of one space while it runs: its sources, the rows, documents and terms that live on, and how each section is written.
// Documents and terms are in merger.cpp, a space of text in merge_text.cpp, one of vectors in merge_vectors.cpp.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "index/merger.h"
#include "index/postings.h"

namespace gossamer {

inline constexpr size_t kChunk = 1 << 20;

using Sink = std::function<bool(const void*, size_t)>;

// Hands bytes to the sink a megabyte at a time.
inline void send_all(const Sink& sink, const void* data, size_t bytes) {
  for (size_t at = 0; at < bytes; at += kChunk)
    if (!sink(static_cast<const char*>(data) + at, std::min(kChunk, bytes - at))) throw std::runtime_error("merge stopped");
}

// Collects values and hands them to the sink a megabyte at a time.
template <class T>
class Output {
 public:
  explicit Output(const Sink& sink) : sink_(sink) {}
  void put(T value) {
    values_.push_back(value);
    if (values_.size() * sizeof(T) >= kChunk) send();
  }
  void send() {
    if (!values_.empty() && !sink_(values_.data(), values_.size() * sizeof(T))) throw std::runtime_error("merge stopped");
    values_.clear();
  }

 private:
  const Sink& sink_;
  std::vector<T> values_;
};

struct Merger::State {
  struct Source {
    std::shared_ptr<const Segment> segment;
    Bitmap rows, documents;           // the live ones
    std::vector<uint32_t> row_rank, document_rank;  // live ones before each multiple of 64
    uint32_t row_base = 0, document_base = 0;
    std::vector<uint32_t> live, new_term;  // of vectors, by term: rows that live on, number in the merge

    uint32_t number(uint32_t term) const {
      if (term >= new_term.size()) throw Damaged("section forward.columns: no such term");
      return new_term[term];
    }
    uint32_t new_row(uint32_t row) const { return row_base + ranked(rows, row_rank, row); }
    uint32_t new_document(uint32_t d) const { return document_base + ranked(documents, document_rank, d); }
    static uint32_t ranked(const Bitmap& bits, const std::vector<uint32_t>& rank, uint32_t i) {
      if (bits.words.empty()) return i;
      const uint64_t below = bits.words[i / 64] & ((uint64_t{1} << (i % 64)) - 1);
      return rank[i / 64] + static_cast<uint32_t>(__builtin_popcountll(below));
    }
  };

  State(SpaceKind kind, uint32_t its_number, const BuilderOptions& with, uint64_t bytes)
      : space(std::move(kind)), number(its_number), text(space.kind == SpaceKind::text), options(with), memory(bytes) {}

  SpaceKind space;
  uint32_t number;
  bool text;
  BuilderOptions options;
  uint64_t memory;
  std::vector<Source> sources;
  std::vector<Outline> outline;
  std::vector<std::function<void(const Sink&)>> writers;
  SegmentFacts facts;

  // The vocabulary that survives: parts of term i are parts[first[i]] ... parts[first[i + 1] - 1].
  struct Part {
    uint32_t source, term;
  };
  std::vector<uint64_t> first;
  std::vector<Part> parts;
  std::vector<uint64_t> term_offset{0}, posting{0}, cf, block_offset{0}, position_start{0}, word_starts;
  std::vector<uint8_t> term_max;
  std::vector<uint32_t> columns, step_offsets, steps;  // of vectors
  std::vector<uint64_t> list_offsets;
  std::vector<float> tops;
  block::Layers layers;
  class LiveRows;
  FieldTotals totals;
  Means means;
  WindowDirectory windows;

  std::string_view name(const Part& part) const { return sources[part.source].segment->terms(number).at(part.term); }

  // Calls f(source, posting, new row, old row) for every live posting of term i, rows ascending.
  template <class F>
  void for_each(size_t i, F&& f) const {
    std::vector<Slice> slices;
    for (uint64_t j = first[i]; j < first[i + 1]; ++j) {
      const Source& source = sources[parts[j].source];
      const TextSpace& from = source.segment->space();
      from.slices(parts[j].term, slices);
      for (const Slice& slice : slices)
        for (uint64_t p = slice.begin; p < slice.end; ++p) {
          const uint32_t row = slice.window * kWindowRows + from.rows[p];
          if (row >= source.segment->rows()) throw Damaged("section rows: no such row");
          if (source.rows[row]) f(source, p, source.new_row(row), row);
        }
    }
  }

  const VectorSpace& vectors(const Source& source) const { return *source.segment->vectors(number); }

  template <class F>
  void add(const std::string& section, const char* kind, bool required, F&& writer) {
    outline.push_back({section, kind, required});
    writers.emplace_back(std::forward<F>(writer));
  }
  template <class T>
  void add_array(const std::string& section, std::vector<T>& values, bool required = true) {
    add(section, kind_of<T>(), required,
        [&values](const auto& sink) { send_all(sink, values.data(), values.size() * sizeof(T)); });
  }

  // Calls f(source, row) for every live row.
  template <class F>
  void each_row(F&& f) const {
    for (const Source& source : sources)
      for (uint32_t r = 0; r < source.segment->rows(); ++r)
        if (source.rows[r]) f(source, r);
  }

  void plan_rows(const std::vector<std::vector<uint32_t>>& dead);
  void plan_means();
  void plan_terms();
  uint64_t count_text(size_t i);  // live postings of term i, whose frequency and windows it notes
  void count_vectors();  // live rows of the terms of each source
  void number_terms();
  void describe_documents();
  void describe_terms();
  void describe_text();
  void describe_vectors();
  void add_words(const std::string& at);
  void describe_fields(const std::string& at);
};

}  // namespace gossamer
