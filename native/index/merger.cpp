#include "index/merger.h"

#include <algorithm>
#include <cmath>

#include "index/postings.h"

namespace gossamer {

namespace {

constexpr size_t kChunk = 1 << 20;

// Collects values and hands them to the sink a megabyte at a time.
template <class T>
class Output {
 public:
  explicit Output(const std::function<bool(const void*, size_t)>& sink) : sink_(sink) {}
  void put(T value) {
    values_.push_back(value);
    if (values_.size() * sizeof(T) >= kChunk) send();
  }
  void send() {
    if (!values_.empty() && !sink_(values_.data(), values_.size() * sizeof(T))) throw std::runtime_error("merge stopped");
    values_.clear();
  }

 private:
  const std::function<bool(const void*, size_t)>& sink_;
  std::vector<T> values_;
};

}  // namespace

struct Merger::State {
  struct Source {
    std::shared_ptr<const Segment> segment;
    Bitmap rows, documents;           // the live ones
    std::vector<uint32_t> row_rank, document_rank;  // live ones before each multiple of 64
    uint32_t row_base = 0, document_base = 0;

    uint32_t new_row(uint32_t row) const { return row_base + ranked(rows, row_rank, row); }
    uint32_t new_document(uint32_t d) const { return document_base + ranked(documents, document_rank, d); }
    static uint32_t ranked(const Bitmap& bits, const std::vector<uint32_t>& rank, uint32_t i) {
      if (bits.words.empty()) return i;
      const uint64_t below = bits.words[i / 64] & ((uint64_t{1} << (i % 64)) - 1);
      return rank[i / 64] + static_cast<uint32_t>(__builtin_popcountll(below));
    }
  };

  std::string space;
  bool text;
  Bm25 scoring;
  std::vector<Source> sources;
  std::vector<Outline> outline;
  std::vector<std::function<void(const std::function<bool(const void*, size_t)>&)>> writers;
  SegmentFacts facts;

  // The vocabulary that survives: parts of term i are parts[first[i]] ... parts[first[i + 1] - 1].
  struct Part {
    uint32_t source, term;
  };
  std::vector<uint64_t> first;
  std::vector<Part> parts;
  std::vector<uint64_t> term_offset{0}, posting{0}, cf, block_offset{0}, position_start{0}, word_starts;
  std::vector<uint8_t> term_max;
  FieldTotals totals;
  Means means;
  WindowDirectory windows;

  std::string_view name(const Part& part) const { return sources[part.source].segment->space().terms.at(part.term); }

  // Calls f(source, posting, new row, old row) for every live posting of term i, rows ascending.
  template <class F>
  void for_each(size_t i, F&& f) const {
    std::vector<Slice> slices;
    for (uint64_t j = first[i]; j < first[i + 1]; ++j) {
      const Source& source = sources[parts[j].source];
      const Space& from = source.segment->space();
      from.slices(parts[j].term, slices);
      for (const Slice& slice : slices)
        for (uint64_t p = slice.begin; p < slice.end; ++p) {
          const uint32_t row = slice.window * kWindowRows + from.rows[p];
          if (row >= source.segment->rows()) throw Damaged("section rows: no such row");
          if (source.rows[row]) f(source, p, source.new_row(row), row);
        }
    }
  }

  template <class F>
  void add(const std::string& section, const char* kind, bool required, F&& writer) {
    outline.push_back({section, kind, required});
    writers.emplace_back(std::forward<F>(writer));
  }
  template <class T>
  void add_array(const std::string& section, std::vector<T>& values, bool required = true) {
    add(section, kind_of<T>(), required, [&values](const auto& sink) {
      for (size_t at = 0; at < values.size(); at += kChunk / sizeof(T))
        if (!sink(values.data() + at, std::min(kChunk / sizeof(T), values.size() - at) * sizeof(T)))
          throw std::runtime_error("merge stopped");
    });
  }

  void plan_rows(const std::vector<std::vector<uint32_t>>& dead);
  void plan_terms();
  void describe_documents();
  void describe_space();
  void add_words(const std::string& at);
  void describe_fields(const std::string& at);
};

namespace {

std::vector<uint32_t> ranks(const Bitmap& bits) {
  std::vector<uint32_t> rank(bits.words.size());
  uint32_t seen = 0;
  for (size_t w = 0; w < bits.words.size(); ++w) {
    rank[w] = seen;
    seen += static_cast<uint32_t>(__builtin_popcountll(bits.words[w]));
  }
  return rank;
}

uint32_t count(const Bitmap& bits, uint32_t size) {
  if (bits.words.empty()) return size;
  uint32_t total = 0;
  for (uint64_t word : bits.words) total += static_cast<uint32_t>(__builtin_popcountll(word));
  return total;
}

}  // namespace

void Merger::State::plan_rows(const std::vector<std::vector<uint32_t>>& dead) {
  uint64_t rows = 0, documents = 0;
  for (size_t s = 0; s < sources.size(); ++s) {
    Source& source = sources[s];
    const Segment& segment = *source.segment;
    source.row_base = static_cast<uint32_t>(rows);
    source.document_base = static_cast<uint32_t>(documents);
    source.rows = segment.accept(dead[s]);
    if (!dead[s].empty()) {
      source.documents.words.assign((segment.documents() + 63) / 64, ~uint64_t{0});
      if (segment.documents() % 64 != 0) source.documents.words.back() = (uint64_t{1} << (segment.documents() % 64)) - 1;
      for (uint32_t d : dead[s]) source.documents.words[d / 64] &= ~(uint64_t{1} << (d % 64));
    }
    source.row_rank = ranks(source.rows);
    source.document_rank = ranks(source.documents);
    rows += count(source.rows, segment.rows());
    documents += count(source.documents, segment.documents());
  }
  if (rows >= UINT32_MAX) throw std::length_error("a segment holds at most 4,294,967,294 passages");
  facts.rows = rows;
  facts.documents = documents;
  if (!text) return;
  totals = FieldTotals(scoring.fields.size());
  for (const Source& source : sources) {
    const Space& from = source.segment->space();
    if (from.fields.words.size() != scoring.fields.size()) throw Damaged("section fields.words: other fields");
    for (uint32_t r = 0; r < source.segment->rows(); ++r)
      if (source.rows[r]) {
        facts.tokens += from.lengths[r];
        if (from.apart() > 0) totals.add_row(from.field_lengths.subspan(r * from.apart(), from.apart()), from.lengths[r]);
      }
  }
  facts.written_mean = rows > 0 ? static_cast<double>(facts.tokens) / static_cast<double>(rows) : 0;
  means = {facts.written_mean, totals.means()};
}

void Merger::State::plan_terms() {
  // k-way merge of the vocabularies; terms whose rows are all dead go.
  std::vector<uint32_t> head(sources.size(), 0);
  for (;;) {
    const Part* least = nullptr;
    std::vector<Part> heads;
    for (uint32_t s = 0; s < sources.size(); ++s)
      if (head[s] < sources[s].segment->space().terms.size()) heads.push_back({s, head[s]});
    for (const Part& part : heads)
      if (least == nullptr || name(part) < name(*least)) least = &part;
    if (least == nullptr) break;
    const std::string_view term = name(*least);
    first.push_back(parts.size());
    for (const Part& part : heads)
      if (name(part) == term) {
        parts.push_back(part);
        ++head[part.source];
      }
    uint64_t live = 0, mass = 0;
    uint32_t window = 0;
    first.push_back(parts.size());
    if (facts.rows > kWindowRows) windows.begin_term();
    for_each(first.size() - 2, [&](const Source& source, uint64_t p, uint32_t row, uint32_t) {
      if (facts.rows > kWindowRows) {
        if (live == 0 || row / kWindowRows != window) windows.add(row / kWindowRows, posting.back() + live + 1);
        else ++windows.end.back();
      }
      window = row / kWindowRows;
      ++live;
      if (text) mass += source.segment->space().count(p);
    });
    first.pop_back();
    if (live == 0) {
      parts.resize(first.back());
      first.pop_back();
      if (facts.rows > kWindowRows) windows.start.pop_back();
      continue;
    }
    posting.push_back(posting.back() + live);
    cf.push_back(mass);
    term_offset.push_back(term_offset.back() + term.size());
  }
  first.push_back(parts.size());
  facts.terms = posting.size() - 1;
  facts.postings = posting.back();
  if (facts.rows > kWindowRows) windows.start.push_back(windows.id.size());
}

void Merger::State::describe_documents() {
  const auto each_document = [this](auto&& f) {
    for (const Source& source : sources)
      for (uint32_t d = 0; d < source.segment->documents(); ++d)
        if (source.documents[d]) f(source, d);
  };
  const auto each_row = [this](auto&& f) {
    for (const Source& source : sources)
      for (uint32_t r = 0; r < source.segment->rows(); ++r)
        if (source.rows[r]) f(source, r);
  };
  add("ids.offsets", "u64", true, [=](const auto& sink) {
    Output<uint64_t> out(sink);
    uint64_t end = 0;
    out.put(end);
    each_document([&](const Source& source, uint32_t d) { out.put(end += source.segment->id(d).size()); });
    out.send();
  });
  add("ids.bytes", "u8", true, [=](const auto& sink) {
    Output<char> out(sink);
    each_document([&](const Source& source, uint32_t d) {
      for (char c : source.segment->id(d)) out.put(c);
    });
    out.send();
  });
  add("ids.hash", "u32", true, [=, this](const auto& sink) {
    std::vector<uint32_t> old;  // numbers in the sources, which follow each other
    old.reserve(facts.documents);
    each_document([&](const Source&, uint32_t d) { old.push_back(d); });
    size_t source = 0;
    const auto slots = build_hash_slots(old.size(), [&](size_t i) {
      while (source + 1 < sources.size() && sources[source + 1].document_base <= i) ++source;
      return sources[source].segment->id(old[i]);
    });
    if (!sink(slots.data(), slots.size() * sizeof(uint32_t))) throw std::runtime_error("merge stopped");
  });
  add("rows.doc", "u32", true, [=](const auto& sink) {
    Output<uint32_t> out(sink);
    each_row([&](const Source& source, uint32_t r) { out.put(source.new_document(source.segment->document_of(r))); });
    out.send();
  });
  add("rows.range", "u32", true, [=](const auto& sink) {
    Output<uint32_t> out(sink);
    each_row([&](const Source& source, uint32_t r) {
      for (uint32_t v : source.segment->range(r)) out.put(v);
    });
    out.send();
  });
  add("order", "u64", true, [=](const auto& sink) {
    Output<uint64_t> out(sink);
    each_row([&](const Source& source, uint32_t r) { out.put(source.segment->order(r)); });
    out.send();
  });
  add("store.bytes", "u8", true, [=, this](const auto& sink) {
    StoreWriter store;
    std::vector<uint64_t> ends;
    std::vector<uint8_t> data;
    const auto send = [&] {
      block_offset.insert(block_offset.end(), ends.begin(), ends.end());
      if (!data.empty() && !sink(data.data(), data.size())) throw std::runtime_error("merge stopped");
    };
    each_document([&](const Source& source, uint32_t d) {
      store.append(source.segment->metadata(d));
      store.append(source.segment->text(d));
      if (store.memory() > kChunk) {
        store.take(ends, data);
        send();
      }
    });
    store.finish(ends, data);
    send();
  });
  add_array("store.blocks", block_offset);
  add("docs.store", "u64", true, [=](const auto& sink) {
    Output<uint64_t> out(sink);
    uint64_t at = 0;
    each_document([&](const Source& source, uint32_t d) {
      const auto [metadata, body] = source.segment->stored_bytes(d);
      for (uint64_t value : {at, metadata, body}) out.put(value);
      at += metadata + body;
    });
    out.send();
  });
}

void Merger::State::describe_space() {
  const std::string at = space + ".";
  add_array(at + "terms.offsets", term_offset);
  add(at + "terms.bytes", "u8", true, [this](const auto& sink) {
    Output<char> out(sink);
    for (size_t t = 0; t + 1 < first.size(); ++t)
      for (char c : name(parts[first[t]])) out.put(c);
    out.send();
  });
  add(at + "terms.hash", "u32", true, [this](const auto& sink) {
    const auto slots = build_hash_slots(first.size() - 1, [&](size_t t) { return name(parts[first[t]]); });
    if (!sink(slots.data(), slots.size() * sizeof(uint32_t))) throw std::runtime_error("merge stopped");
  });
  add_array(at + "postings", posting);
  if (facts.rows > kWindowRows) {
    add_array(at + "windows.start", windows.start);
    add_array(at + "windows.id", windows.id);
    add_array(at + "windows.end", windows.end);
  }
  add(at + "rows", "u16", true, [this](const auto& sink) {
    Output<uint16_t> out(sink);
    for (size_t t = 0; t + 1 < first.size(); ++t)
      for_each(t, [&](const Source&, uint64_t, uint32_t row, uint32_t) { out.put(static_cast<uint16_t>(row % kWindowRows)); });
    out.send();
  });
  if (text) {
    add(at + "tf", "u8", true, [this](const auto& sink) {
      Output<uint8_t> out(sink);
      for (size_t t = 0; t + 1 < first.size(); ++t)
        for_each(t, [&](const Source& source, uint64_t p, uint32_t, uint32_t) { out.put(source.segment->space().tf[p]); });
      out.send();
    });
    add(at + "tf.large", "u64", true, [this](const auto& sink) {
      Output<uint64_t> out(sink);
      uint64_t posting_number = 0;
      for (size_t t = 0; t + 1 < first.size(); ++t)
        for_each(t, [&](const Source& source, uint64_t p, uint32_t, uint32_t) {
          if (source.segment->space().tf[p] == 255) {
            out.put(posting_number);
            out.put(source.segment->space().count(p));
          }
          ++posting_number;
        });
      out.send();
    });
    add(at + "lengths", "u32", true, [this](const auto& sink) {
      Output<uint32_t> out(sink);
      for (const Source& source : sources)
        for (uint32_t r = 0; r < source.segment->rows(); ++r)
          if (source.rows[r]) out.put(source.segment->space().lengths[r]);
      out.send();
    });
    add_array(at + "cf", cf);
    add(at + "positions", "u8", true, [this](const auto& sink) {
      // Positions of a dead row are skipped by reading over them; each term's bytes start where the last one's ended.
      uint64_t written = 0;
      std::vector<uint8_t> bytes;
      std::vector<uint32_t> gaps;
      std::vector<Slice> slices;
      for (size_t t = 0; t + 1 < first.size(); ++t) {
        for (uint64_t j = first[t]; j < first[t + 1]; ++j) {
          const Source& source = sources[parts[j].source];
          const Space& from = source.segment->space();
          const uint64_t begin = from.position_start[parts[j].term], end = from.position_start[parts[j].term + 1];
          if (begin > end || end > from.positions.size()) throw Damaged("section positions.start: offsets out of order");
          const uint8_t* p = from.positions.data() + begin;
          const uint8_t* const stop = from.positions.data() + end;
          from.slices(parts[j].term, slices);
          for (const Slice& slice : slices)
            for (uint64_t q = slice.begin; q < slice.end; ++q) {
              const uint8_t* const row_begin = p;
              for (uint32_t n = from.count(q); n > 0 && p < stop; --n) get_varint(p, stop);
              const uint32_t row = slice.window * kWindowRows + from.rows[q];
              if (row < source.segment->rows() && source.rows[row]) bytes.insert(bytes.end(), row_begin, p);
            }
        }
        position_start.push_back(written + bytes.size());
        if (bytes.size() >= kChunk) {
          if (!sink(bytes.data(), bytes.size())) throw std::runtime_error("merge stopped");
          written += bytes.size();
          bytes.clear();
        }
      }
      if (!bytes.empty() && !sink(bytes.data(), bytes.size())) throw std::runtime_error("merge stopped");
    });
    add_array(at + "positions.start", position_start);
    add_words(at);
    if (!scoring.fields.empty()) describe_fields(at);
  } else {
    add(at + "values", "f32", true, [this](const auto& sink) {
      Output<float> out(sink);
      for (size_t t = 0; t + 1 < first.size(); ++t)
        for_each(t, [&](const Source& source, uint64_t p, uint32_t, uint32_t) {
          out.put(source.segment->space().values[p]);
          facts.largest_ratio = std::max(facts.largest_ratio, static_cast<double>(source.segment->space().values[p]));
        });
      out.send();
    });
  }
  add(at + "bounds", "u8", false, [this](const auto& sink) {
    Output<uint8_t> out(sink);
    term_max.assign(first.size() - 1, 0);
    for (size_t t = 0; t + 1 < first.size(); ++t)
      for_each(t, [&](const Source& source, uint64_t p, uint32_t, uint32_t old_row) {
        const Space& from = source.segment->space();
        uint8_t code;
        if (text) {
          const RowNorm norm = from.norm(scoring, means, old_row);
          const double c = norm.frequency(from.count(p), from.counts(p)) / norm.B;
          facts.largest_ratio = std::max(facts.largest_ratio, c);
          code = bound_code(c);
        } else {
          code = value_code(from.values[p], facts.largest_ratio);
        }
        term_max[t] = std::max(term_max[t], code);
        out.put(code);
      });
    out.send();
  });
  add_array(at + "terms.max", term_max);
}

void Merger::State::describe_fields(const std::string& at) {
  add(at + "fields.tf", "u8", true, [this](const auto& sink) {
    Output<uint8_t> out(sink);
    for (size_t t = 0; t + 1 < first.size(); ++t)
      for_each(t, [&](const Source& source, uint64_t p, uint32_t, uint32_t) {
        for (uint8_t count : source.segment->space().counts(p)) out.put(count);
      });
    out.send();
  });
  add(at + "fields.lengths", "u32", true, [this](const auto& sink) {
    Output<uint32_t> out(sink);
    for (const Source& source : sources) {
      const Space& from = source.segment->space();
      for (uint32_t r = 0; r < source.segment->rows(); ++r)
        if (source.rows[r])
          for (uint32_t length : from.field_lengths.subspan(r * from.apart(), from.apart())) out.put(length);
    }
    out.send();
  });
  add_array(at + "fields.words", totals.words);
  add_array(at + "fields.rows", totals.rows);
}

void Merger::State::add_words(const std::string& at) {
  if (std::ranges::all_of(sources, [](const Source& source) { return source.segment->space().words.starts.empty(); })) return;
  add(at + "words.bytes", "u8", false, [this](const auto& sink) {
    std::vector<WordSource> from;
    for (const Source& source : sources)
      from.push_back({source.segment->space().words, std::vector<uint32_t>(source.segment->space().terms.size(), kNoWordTerm)});
    for (uint32_t t = 0; t + 1 < first.size(); ++t)
      for (uint64_t j = first[t]; j < first[t + 1]; ++j) from[parts[j].source].terms[parts[j].term] = t;
    WordWriter writer;
    const auto send = [&](size_t at_least) {
      if (writer.pending() < at_least) return;
      const std::vector<uint8_t> bytes = writer.take();
      if (!bytes.empty() && !sink(bytes.data(), bytes.size())) throw std::runtime_error("merge stopped");
    };
    merge_words(from, cf, writer, [&] { send(kChunk); });
    send(0);
    word_starts = writer.finish();
  });
  add_array(at + "words.starts", word_starts, false);
}

Merger::Merger(std::string space, bool text, std::vector<std::shared_ptr<const Segment>> segments,
               const std::vector<std::vector<uint32_t>>& dead, Bm25 scoring)
    : state_(std::make_unique<State>()) {
  state_->space = std::move(space);
  state_->text = text;
  state_->scoring = std::move(scoring);
  for (auto& segment : segments) state_->sources.push_back({std::move(segment), {}, {}, {}, {}, 0, 0});
  state_->plan_rows(dead);
  state_->plan_terms();
  state_->describe_documents();
  state_->describe_space();
}

Merger::~Merger() = default;

const std::vector<Merger::Outline>& Merger::sections() const { return state_->outline; }
const SegmentFacts& Merger::facts() const { return state_->facts; }

void Merger::write(size_t i, const std::function<bool(const void*, size_t)>& sink) { state_->writers.at(i)(sink); }

}  // namespace gossamer
