#include "index/builder.h"

#include <algorithm>
#include <bit>
#include <exception>
#include <iterator>
#include <span>
#include <thread>
#include <utility>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "analysis/passages.h"
#include "index/segment.h"
#include "index/shard.h"

namespace gossamer {

void run_parallel(unsigned n, const std::function<void(unsigned)>& task) {
  std::vector<std::exception_ptr> failures(n);
  auto guarded = [&](unsigned i) {
    try {
      task(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < n; ++i) threads.emplace_back(guarded, i);
  guarded(0);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

namespace {

uint32_t code_points(std::string_view text) {
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

uint32_t Shard::term_of(std::string_view term) {
  if (const uint32_t* known = terms.find(term)) return *known;
  return terms.insert(term, terms.size());
}

void Shard::words(std::string_view text, Lexer& lexer, size_t in_field, uint32_t from_body) {
  const Analyzer& analyzer = *lexer.analyzer;
  analyzer.split(text, lexer.scratch, [&](const Word& w) {
    uint32_t term;
    if (const uint32_t* known = lexer.forms.find(w.word)) {
      term = *known;
    } else {
      const std::string form(w.word);  // filter() may reuse the buffer that w.word points into
      const std::string_view filtered = analyzer.filter(form, lexer.scratch);
      term = filtered.empty() ? kDropped : term_of(filtered);
      lexer.forms.insert(form, term);
    }
    log.push_back(term);
    if (fields > 0) field.push_back(static_cast<uint8_t>(w.start < from_body ? in_field : fields - 1));
  });
}

void Shard::gap() {
  log.push_back(kDropped);
  if (fields > 0) field.push_back(0);
}

void Shard::open_document(const DocumentView& document) {
  ids.insert(ids.end(), document.id.begin(), document.id.end());
  id_offset.push_back(ids.size());
  const uint64_t at = store.append(document.metadata);
  store.append(document.text);
  stored.insert(stored.end(), {at, document.metadata.size(), document.text.size()});
}

void Shard::open_row(uint32_t start, uint32_t end, uint64_t byte_start, uint64_t byte_end, uint64_t insertion) {
  row_begin.push_back(log.size());
  row_document.push_back(static_cast<uint32_t>(id_offset.size() - 2));
  row_range.insert(row_range.end(), {start, end, static_cast<uint32_t>(byte_start), static_cast<uint32_t>(byte_end)});
  order.push_back(insertion);
}

void Shard::words_above(const DocumentView& document, std::span<const HeadingView* const> above, bool titled) {
  if (fields == 0) {
    if (titled && (above.empty() || above[0]->value != document.title)) prefix.append(document.title);
    for (const HeadingView* heading : above) prefix.append(prefix.empty() ? "" : "\n").append(heading->value);
    if (prefix.empty()) return;
    words(prefix, lexers[0], 0);
    return gap();
  }
  for (size_t f = 0; f < document.fields.size(); ++f)
    if (!document.fields[f].empty()) {
      words(document.fields[f], lexers[f + 1], f);
      gap();
    }
  if (titled) {
    words(document.title, lexers[0], fields - 3);
    gap();
  }
  for (const HeadingView* heading : above)
    if (heading->value != document.title) {
      words(heading->value, lexers[0], fields - 2);
      gap();
    }
}

void Shard::add_text(const DocumentView& document, const std::vector<PassageRange>& rows) {
  open_document(document);
  std::vector<const HeadingView*> path;
  size_t next = 0;
  for (const PassageRange& p : rows) {
    open_row(p.start, p.end, p.byte_start, p.byte_end, document.insertion);
    for (; next < document.headings.size() && document.headings[next].start <= p.start; ++next) {
      while (!path.empty() && path.back()->level >= document.headings[next].level) path.pop_back();
      path.push_back(&document.headings[next]);
    }
    // Title and headings above the passage are scored with it, unless it shows them itself.
    const std::string_view text = document.text.substr(p.byte_start, p.byte_end - p.byte_start);
    prefix.clear();
    const bool own = !path.empty() && path.back()->start == p.start;  // the passage begins with its heading
    const std::span above(path.data(), path.size() - (own ? 1 : 0));
    const bool shows_title = !document.title.empty() && text.starts_with(document.title);
    words_above(document, above, !document.title.empty() && !shows_title);
    if (fields == 0) words(text, lexers[0], 0);
    else if (shows_title) words(text, lexers[0], fields - 3, code_points(document.title));
    else words(text, lexers[0], fields - 2, own ? path.back()->end - p.start : 0);
  }
}

void Shard::add_rows(const DocumentView& document, const std::vector<PassageRange>& rows) {
  open_document(document);
  for (const PassageRange& p : rows) open_row(p.start, p.end, p.byte_start, p.byte_end, document.insertion);
}

uint32_t VectorLog::term_of_column(uint32_t column, const std::vector<std::string>& columns) {
  constexpr uint32_t kNear = 1u << 20;  // beyond, columns are hashes: a table would be larger than the vectors
  if (column < kNear && column >= near_columns.size()) near_columns.resize(std::bit_ceil(size_t{column} + 1), kDropped);
  uint32_t& term = column < kNear ? near_columns[column] : far_columns.try_emplace(column, kDropped).first->second;
  if (term != kDropped) return term;
  const std::string name = columns.empty() ? "#" + std::to_string(column) : columns.at(column);
  const uint32_t* known = terms.find(name);
  return term = known != nullptr ? *known : terms.insert(name, terms.size());
}

void VectorLog::add_row(const VectorView& row, const std::vector<std::string>& columns) {
  row_begin.push_back(log.size());
  for (size_t i = 0; i < row.size; ++i) {
    log.push_back(term_of_column(row.columns[i], columns));
    values.push_back(row.values[i]);
  }
}

Builder::Builder(std::vector<SpaceKind> spaces, std::vector<std::shared_ptr<const Analyzer>> analyzers,
                 std::vector<std::vector<std::string>> columns, BuilderOptions options)
    : spaces_(std::move(spaces)), analyzers_(std::move(analyzers)), columns_(std::move(columns)), options_(std::move(options)) {
  for (size_t i = 0; i < spaces_.size(); ++i)
    if ((spaces_[i].kind == SpaceKind::text) != (i == 0 && !analyzers_.empty()))
      throw std::invalid_argument("a space of text is the first, and has an analyser");
  if (spaces_.empty() || columns_.size() != spaces_.size() - (analyzers_.empty() ? 0 : 1))
    throw std::invalid_argument("a vocabulary for each space of vectors");
  const size_t fields = options_.scoring.fields.size();
  if (fields > 0 && (fields < 3 || fields > kMostFields || analyzers_.size() != fields - 2))
    throw std::invalid_argument("an analyser for each declared field, beside title, headings and body");
  options_.threads = std::max(1u, options_.threads);
  const unsigned shards = columns_.empty() ? options_.threads : 1;
  for (unsigned i = 0; i < shards; ++i) shards_.push_back(fresh_shard());
}

std::unique_ptr<Shard> Builder::fresh_shard() const {
  auto shard = std::make_unique<Shard>(analyzers_, options_.scoring.fields.size());
  shard->vectors.resize(columns_.size());
  return shard;
}

Builder::~Builder() = default;

void Builder::remember(const DocumentView& document, uint32_t shard) {
  const Place place{shard, static_cast<uint32_t>(shards_[shard]->id_offset.size() - 1)};
  auto [entry, fresh] = live_.try_emplace(std::string(document.id), place);
  if (!fresh) {
    dead_.push_back(entry->second);
    entry->second = place;
  }
  ++documents_;
}

bool Builder::erase(std::string_view id) {
  const auto entry = live_.find(std::string(id));
  if (entry == live_.end()) return false;
  dead_.push_back(entry->second);
  live_.erase(entry);
  return true;
}

std::vector<uint32_t> Builder::superseded(const Segment& older) const {
  std::vector<uint32_t> found;
  for (const auto& [id, place] : live_) older.find(id, found);
  return found;
}

void Builder::add(const std::vector<DocumentView>& documents) {
  if (!columns_.empty()) throw std::invalid_argument("documents need their vectors");
  const size_t declared = options_.scoring.fields.empty() ? 0 : options_.scoring.fields.size() - 3;
  for (const DocumentView& d : documents)
    if (d.fields.size() != declared) throw std::invalid_argument("a document has one value for each declared field");
  // Contiguous shares of about equal bytes, one per shard.
  const unsigned shards = static_cast<unsigned>(shards_.size());
  uint64_t total = 0;
  for (const DocumentView& d : documents) total += d.text.size() + 64;
  std::vector<size_t> border{0};
  uint64_t seen = 0;
  for (size_t i = 0; i < documents.size() && border.size() < shards; ++i) {
    seen += documents[i].text.size() + 64;
    if (seen * shards >= total * border.size()) border.push_back(i + 1);
  }
  border.resize(shards + 1, documents.size());
  border[shards] = documents.size();
  run_parallel(shards, [&](unsigned s) {
    std::vector<uint32_t> headings;
    for (size_t i = border[s]; i < border[s + 1]; ++i) {
      headings.clear();
      for (const HeadingView& heading : documents[i].headings) headings.push_back(heading.start);
      shards_[s]->add_text(documents[i], split_passages(documents[i].text, options_.passage_words, headings));
    }
  });
  // Places are counted back from the end, since the shards have already grown.
  for (unsigned s = 0; s < shards; ++s) {
    const uint32_t count = static_cast<uint32_t>(shards_[s]->id_offset.size() - 1);
    for (size_t i = border[s]; i < border[s + 1]; ++i) {
      const Place place{s, count - static_cast<uint32_t>(border[s + 1] - i)};
      auto [entry, fresh] = live_.try_emplace(std::string(documents[i].id), place);
      if (!fresh) dead_.push_back(std::exchange(entry->second, place));
      ++documents_;
    }
  }
}

void Builder::add_vectors(const std::vector<DocumentView>& documents,
                          const std::vector<std::vector<std::array<uint32_t, 4>>>& ranges,
                          const std::vector<std::vector<VectorView>>& vectors) {
  Shard& shard = *shards_[0];
  for (size_t i = 0; i < documents.size(); ++i) {
    std::vector<PassageRange> rows;
    for (const auto& [start, end, byte_start, byte_end] : ranges[i]) {
      if (byte_start > byte_end || byte_end > documents[i].text.size()) throw std::invalid_argument("a row outside its document");
      rows.push_back({start, end, byte_start, byte_end});
    }
    remember(documents[i], 0);
    if (analyzers_.empty()) shard.add_rows(documents[i], rows);
    else shard.add_text(documents[i], rows);
  }
  for (size_t v = 0; v < columns_.size(); ++v)
    for (const VectorView& row : vectors.at(v)) shard.vectors[v].add_row(row, columns_[v]);
}

uint64_t Builder::memory() const {
  uint64_t bytes = live_.size() * 96;
  for (const auto& shard : shards_) {
    // log, its positions while sorting, and the postings: 4 + 4 + 5 bytes a word, and one for each field; of vectors log, value,
    // forward file, and lists while they are sorted and put together: 4 + 4 + 8 + 13
    for (const VectorLog& vectors : shard->vectors) bytes += vectors.log.size() * 29 + vectors.terms.memory() * 3;
    bytes += shard->log.size() * (13 + shard->fields) + shard->store.memory() +
             shard->terms.memory() * 3 + shard->order.size() * (60 + 4 * shard->fields) + shard->ids.size() * 2 +
             shard->stored.size() * 8;
    for (const Lexer& lexer : shard->lexers) bytes += lexer.forms.memory();
  }
  return bytes;
}

std::vector<Section> Builder::flush(SegmentFacts& facts, std::vector<uint32_t>& dead) {
  std::vector<uint32_t> base{0};
  for (const auto& shard : shards_) base.push_back(base.back() + static_cast<uint32_t>(shard->documents()));
  dead.clear();
  for (const Place& place : dead_) dead.push_back(base[place.shard] + place.document);
  std::sort(dead.begin(), dead.end());

  std::vector<Section> sections, spaces;  // the spaces first: they free the logs
  if (!analyzers_.empty()) write_text(spaces_[0].name, options_.scoring, shards_, facts, spaces);
  for (size_t v = 0; v < columns_.size(); ++v) {
    SegmentFacts own;
    const size_t number = spaces_.size() - columns_.size() + v;
    write_vectors(spaces_[number], options_.threads, shards_[0]->vectors[v], number == 0 ? facts : own, spaces);
  }
  write_documents(shards_, facts, sections);
  std::ranges::move(spaces, std::back_inserter(sections));
  live_.clear();
  dead_.clear();
  documents_ = 0;
  for (auto& shard : shards_) shard = fresh_shard();
#ifdef __GLIBC__
  malloc_trim(0);  // what the shards held would stay with the process, beside what the next ones need
#endif
  return sections;
}

}  // namespace gossamer
