#include "index/builder.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "analysis/passages.h"
#include "index/postings.h"
#include "index/store.h"
#include "index/vocabulary.h"

namespace gossamer {

namespace {
constexpr uint32_t kDropped = StringTable::kNone;  // a stop word, or the gap between heading and text
constexpr uint32_t kNoRow = 0xffffffffu;
}  // namespace

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

struct Builder::Shard {
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

  // filled by flush()
  std::vector<std::string_view> names;    // by term number
  std::vector<uint32_t> sorted, rank;     // term numbers in byte order; term number -> global number
  std::vector<uint32_t> frequency;        // postings by term number
  std::vector<uint64_t> occurrences;      // log entries by term number
};

uint32_t Builder::Shard::term_of(std::string_view term) {
  if (const uint32_t* known = terms.find(term)) return *known;
  return terms.insert(term, terms.size());
}

void Builder::Shard::words(std::string_view text, const Analyzer& analyzer) {
  analyzer.split(text, *scratch, [&](const Word& w) {
    uint32_t term;
    if (const uint32_t* known = forms.find(w.word)) {
      term = *known;
    } else {
      const std::string form(w.word);  // filter() may reuse the buffer that w.word points into
      const std::string_view filtered = analyzer.filter(form, *scratch);
      term = filtered.empty() ? kDropped : term_of(filtered);
      forms.insert(form, term);
    }
    log.push_back(term);
  });
}

void Builder::Shard::open_document(const DocumentView& document) {
  ids.insert(ids.end(), document.id.begin(), document.id.end());
  id_offset.push_back(ids.size());
  const uint64_t at = store.append(document.metadata);
  store.append(document.text);
  stored.insert(stored.end(), {at, document.metadata.size(), document.text.size()});
}

void Builder::Shard::open_row(uint32_t start, uint32_t end, uint64_t byte_start, uint64_t byte_end, uint64_t insertion) {
  row_begin.push_back(log.size());
  row_document.push_back(static_cast<uint32_t>(id_offset.size() - 2));
  row_range.insert(row_range.end(), {start, end, static_cast<uint32_t>(byte_start), static_cast<uint32_t>(byte_end)});
  order.push_back(insertion);
}

void Builder::Shard::add_text(const DocumentView& document, const Analyzer& analyzer, uint32_t passage_words) {
  open_document(document);
  std::vector<uint32_t> starts;
  for (const HeadingView& heading : document.headings) starts.push_back(heading.start);
  std::vector<const HeadingView*> path;
  size_t next = 0;
  for (const PassageRange& p : split_passages(document.text, passage_words, starts)) {
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
    if (!document.title.empty() && !text.starts_with(document.title) && (above.empty() || above[0]->value != document.title))
      prefix.append(document.title);
    for (const HeadingView* heading : above) prefix.append(prefix.empty() ? "" : "\n").append(heading->value);
    if (!prefix.empty()) {
      words(prefix, analyzer);
      log.push_back(kDropped);
    }
    words(text, analyzer);
  }
}

void Builder::Shard::add_rows(const DocumentView& document, const std::vector<std::array<uint32_t, 4>>& ranges,
                              const VectorView* vectors, const std::vector<std::string>& columns) {
  open_document(document);
  if (column_term.empty()) column_term.assign(columns.size(), kDropped);
  for (size_t r = 0; r < ranges.size(); ++r) {
    open_row(ranges[r][0], ranges[r][1], ranges[r][2], ranges[r][3], document.insertion);
    for (size_t i = 0; i < vectors[r].size; ++i) {
      uint32_t& term = column_term.at(vectors[r].columns[i]);
      if (term == kDropped) term = term_of(columns[vectors[r].columns[i]]);
      log.push_back(term);
      values.push_back(vectors[r].values[i]);
    }
  }
}

Builder::Builder(std::string space, std::shared_ptr<const Analyzer> analyzer, std::vector<std::string> columns,
                 BuilderOptions options)
    : space_(std::move(space)), analyzer_(std::move(analyzer)), columns_(std::move(columns)), options_(options) {
  options_.threads = std::max(1u, options_.threads);
  for (unsigned i = 0; i < options_.threads; ++i) shards_.push_back(std::make_unique<Shard>(analyzer_.get()));
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

std::vector<std::string> Builder::live_ids() const {
  std::vector<std::string> ids;
  ids.reserve(live_.size());
  for (const auto& [id, place] : live_) ids.push_back(id);
  return ids;
}

void Builder::add(const std::vector<DocumentView>& documents) {
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
  std::vector<std::vector<uint32_t>> base(shards);
  run_parallel(shards, [&](unsigned s) {
    for (size_t i = border[s]; i < border[s + 1]; ++i) shards_[s]->add_text(documents[i], *analyzer_, options_.passage_words);
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
                          const std::vector<VectorView>& vectors) {
  size_t row = 0;
  for (size_t i = 0; i < documents.size(); ++i) {
    remember(documents[i], 0);
    shards_[0]->add_rows(documents[i], ranges[i], vectors.data() + row, columns_);
    row += ranges[i].size();
  }
}

uint64_t Builder::memory() const {
  uint64_t bytes = live_.size() * 96;
  for (const auto& shard : shards_)
    // log, its positions while sorting, and the postings: 4 + 4 + 5 bytes a word
    bytes += shard->log.size() * 13 + shard->values.size() * 8 + shard->store.memory() + shard->forms.memory() +
             shard->terms.memory() * 3 + shard->order.size() * 60 + shard->ids.size() * 2 + shard->stored.size() * 8;
  return bytes;
}

std::vector<Section> Builder::flush(SegmentFacts& facts, std::vector<uint32_t>& dead) {
  const unsigned shards = static_cast<unsigned>(shards_.size());
  const bool text_space = analyzer_ != nullptr;
  facts = {};

  // 1. Each shard's terms in byte order, with their frequencies.
  run_parallel(shards, [&](unsigned s) {
    Shard& shard = *shards_[s];
    const uint32_t n = shard.terms.size();
    shard.names.resize(n);
    shard.terms.for_each([&](std::string_view term, uint32_t number) { shard.names[number] = term; });
    shard.sorted.resize(n);
    for (uint32_t t = 0; t < n; ++t) shard.sorted[t] = t;
    std::sort(shard.sorted.begin(), shard.sorted.end(),
              [&](uint32_t a, uint32_t b) { return shard.names[a] < shard.names[b]; });
    shard.rank.resize(n);
    shard.frequency.assign(n, 0);
    shard.occurrences.assign(n, 0);
    std::vector<uint32_t> last(n, kNoRow);
    for (size_t r = 0; r < shard.row_begin.size(); ++r) {
      const uint64_t end = r + 1 < shard.row_begin.size() ? shard.row_begin[r + 1] : shard.log.size();
      for (uint64_t i = shard.row_begin[r]; i < end; ++i) {
        const uint32_t t = shard.log[i];
        if (t == kDropped) continue;
        ++shard.occurrences[t];
        if (last[t] != r) {
          last[t] = static_cast<uint32_t>(r);
          ++shard.frequency[t];
        }
      }
    }
  });

  // 2. One vocabulary: merge the sorted shards, number the terms, lay out their postings shard after shard.
  std::vector<uint64_t> term_offset{0};
  std::vector<char> term_bytes;
  std::vector<uint64_t> first_posting{0}, first_occurrence{0}, cf;
  std::vector<std::vector<uint64_t>> shard_posting(shards), shard_occurrence(shards);
  for (unsigned s = 0; s < shards; ++s) {
    shard_posting[s].resize(shards_[s]->names.size());
    shard_occurrence[s].resize(shards_[s]->names.size());
  }
  std::vector<size_t> head(shards, 0);
  for (;;) {
    const std::string_view* least = nullptr;
    for (unsigned s = 0; s < shards; ++s)
      if (head[s] < shards_[s]->sorted.size()) {
        const std::string_view* name = &shards_[s]->names[shards_[s]->sorted[head[s]]];
        if (least == nullptr || *name < *least) least = name;
      }
    if (least == nullptr) break;
    const std::string_view term = *least;
    uint64_t posting = first_posting.back(), occurrence = first_occurrence.back();
    for (unsigned s = 0; s < shards; ++s) {
      Shard& shard = *shards_[s];
      if (head[s] == shard.sorted.size()) continue;
      const uint32_t t = shard.sorted[head[s]];
      if (shard.names[t] != term) continue;
      ++head[s];
      shard.rank[t] = static_cast<uint32_t>(term_offset.size() - 1);
      shard_posting[s][t] = posting;
      shard_occurrence[s][t] = occurrence;
      posting += shard.frequency[t];
      occurrence += shard.occurrences[t];
    }
    term_bytes.insert(term_bytes.end(), term.begin(), term.end());
    term_offset.push_back(term_bytes.size());
    cf.push_back(occurrence - first_occurrence.back());
    first_posting.push_back(posting);
    first_occurrence.push_back(occurrence);
  }
  const size_t n_terms = term_offset.size() - 1;
  const uint64_t n_postings = first_posting.back();

  // 3. Row and document bases of the shards.
  std::vector<uint32_t> row_base(shards + 1, 0), document_base(shards + 1, 0);
  for (unsigned s = 0; s < shards; ++s) {
    row_base[s + 1] = row_base[s] + static_cast<uint32_t>(shards_[s]->row_begin.size());
    document_base[s + 1] = document_base[s] + static_cast<uint32_t>(shards_[s]->id_offset.size() - 1);
  }
  const uint32_t n_rows = row_base[shards];

  // 4. The counting sort: log -> postings. Shards write to disjoint ranges.
  std::vector<uint16_t> rows(n_postings);
  std::vector<uint8_t> tf(text_space ? n_postings : 0);
  std::vector<float> values(text_space ? 0 : n_postings);
  std::vector<uint32_t> position(text_space ? first_occurrence.back() : 0);
  std::vector<uint32_t> lengths(text_space ? n_rows : 0);
  struct Border {
    uint32_t term;
    uint32_t window;
    uint64_t posting;  // first posting of the term in this window
  };
  std::vector<std::vector<Border>> borders(shards);
  std::vector<std::vector<std::pair<uint64_t, uint64_t>>> large(shards);
  run_parallel(shards, [&](unsigned s) {
    Shard& shard = *shards_[s];
    std::vector<uint32_t> last(shard.names.size(), kNoRow);
    std::unordered_map<uint64_t, uint64_t> large_tf;
    for (uint32_t r = 0; r < shard.row_begin.size(); ++r) {
      const uint64_t begin = shard.row_begin[r];
      const uint64_t end = r + 1 < shard.row_begin.size() ? shard.row_begin[r + 1] : shard.log.size();
      const uint32_t row = row_base[s] + r;
      uint32_t length = 0;
      for (uint64_t i = begin; i < end; ++i) {
        const uint32_t t = shard.log[i];
        if (t == kDropped) continue;
        ++length;
        uint64_t& cursor = shard_posting[s][t];
        if (last[t] != row) {
          if (n_rows > kWindowRows && (last[t] == kNoRow || last[t] / kWindowRows != row / kWindowRows))
            borders[s].push_back({shard.rank[t], row / kWindowRows, cursor});
          last[t] = row;
          rows[cursor] = static_cast<uint16_t>(row % kWindowRows);
          if (text_space) tf[cursor] = 1;
          else values[cursor] = shard.values[i];
          ++cursor;
        } else if (tf[cursor - 1] < 255) {
          ++tf[cursor - 1];
          if (tf[cursor - 1] == 255) large_tf[cursor - 1] = 255;
        } else {
          ++large_tf[cursor - 1];
        }
        if (text_space) position[shard_occurrence[s][t]++] = static_cast<uint32_t>(i - begin);
      }
      if (text_space) lengths[row] = length;
    }
    large[s].assign(large_tf.begin(), large_tf.end());
  });
  std::vector<std::pair<uint64_t, uint64_t>> large_sorted;
  for (auto& part : large) large_sorted.insert(large_sorted.end(), part.begin(), part.end());
  std::sort(large_sorted.begin(), large_sorted.end());
  std::vector<uint64_t> large_tf;
  for (const auto& [posting, count] : large_sorted) large_tf.insert(large_tf.end(), {posting, count});

  // 5. Window directory, only where rows need more than 16 bits.
  std::vector<Section> windows;
  std::vector<Border> border;
  for (auto& part : borders) border.insert(border.end(), part.begin(), part.end());
  std::sort(border.begin(), border.end(), [](const Border& a, const Border& b) { return a.posting < b.posting; });
  if (n_rows > kWindowRows) {
    WindowDirectory directory;
    size_t b = 0;
    for (uint32_t t = 0; t < n_terms; ++t) {
      directory.begin_term();
      for (; b < border.size() && border[b].term == t; ++b) {
        // two shards may meet inside one window
        if (directory.id.size() > directory.start.back() && directory.id.back() == border[b].window) continue;
        if (directory.id.size() > directory.start.back()) directory.end.back() = border[b].posting;
        directory.add(border[b].window, first_posting[t + 1]);
      }
    }
    directory.finish(space_, windows);
  }

  // 6. Bounds and positions, by ranges of terms.
  uint64_t tokens = 0;
  for (uint32_t length : lengths) tokens += length;
  const double mean = n_rows > 0 ? static_cast<double>(tokens) / n_rows : 0;
  std::vector<double> inverse_norm(text_space ? n_rows : 0);
  for (uint32_t r = 0; r < lengths.size(); ++r) inverse_norm[r] = 1 / length_norm(options_.scoring, lengths[r], mean);
  const float largest_value = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  std::vector<uint8_t> bounds(n_postings), term_max(n_terms);
  std::vector<uint64_t> position_start(text_space ? n_terms + 1 : 0);
  std::vector<std::vector<uint8_t>> encoded(shards);
  std::vector<double> largest(shards, 0);
  std::vector<size_t> part(shards + 1, n_terms);  // term ranges of about equal postings
  part[0] = 0;
  for (unsigned s = 1; s < shards; ++s)
    part[s] = static_cast<size_t>(std::lower_bound(first_posting.begin(), first_posting.end() - 1, n_postings * s / shards) -
                                  first_posting.begin());
  run_parallel(shards, [&](unsigned s) {
    size_t b = static_cast<size_t>(
        std::lower_bound(border.begin(), border.end(), first_posting[part[s]],
                         [](const Border& x, uint64_t posting) { return x.posting < posting; }) - border.begin());
    size_t l = static_cast<size_t>(
        std::lower_bound(large_sorted.begin(), large_sorted.end(), std::pair<uint64_t, uint64_t>(first_posting[part[s]], 0)) -
        large_sorted.begin());
    for (size_t t = part[s]; t < part[s + 1]; ++t) {
      uint32_t window = 0;
      uint64_t occurrence = first_occurrence[t];
      if (text_space) position_start[t] = encoded[s].size();
      for (uint64_t p = first_posting[t]; p < first_posting[t + 1]; ++p) {
        for (; b < border.size() && border[b].posting == p; ++b) window = border[b].window;
        uint64_t count = 1;
        if (text_space) {
          count = tf[p];
          if (count == 255) count = large_sorted[l++].second;
          const double c = static_cast<double>(count) * inverse_norm[window * kWindowRows + rows[p]];
          largest[s] = std::max(largest[s], c);
          bounds[p] = bound_code(c);
          put_positions(encoded[s], {position.data() + occurrence, count});
          occurrence += count;
        } else {
          bounds[p] = static_cast<uint8_t>(std::clamp(std::ceil(255.0 * values[p] / largest_value), 1.0, 255.0));
        }
        term_max[t] = std::max(term_max[t], bounds[p]);
      }
    }
  });
  std::vector<uint8_t> positions;
  for (unsigned s = 0; s < shards && text_space; ++s) {
    for (size_t t = part[s]; t < part[s + 1]; ++t) position_start[t] += positions.size();
    if (positions.empty()) positions = std::move(encoded[s]);
    else positions.insert(positions.end(), encoded[s].begin(), encoded[s].end());
    encoded[s] = {};
  }
  if (text_space) position_start[n_terms] = positions.size();
  position = {};

  // 7. Documents and rows, shard after shard.
  std::vector<uint64_t> id_offset{0}, stored, block_offset{0}, order;
  std::vector<char> ids;
  std::vector<uint8_t> blocks;
  std::vector<uint32_t> row_document, row_range;
  for (unsigned s = 0; s < shards; ++s) {
    Shard& shard = *shards_[s];
    const uint64_t id_base = ids.size(), stream_base = (block_offset.size() - 1) * uint64_t{kStoreBlock};
    for (size_t i = 1; i < shard.id_offset.size(); ++i) id_offset.push_back(id_base + shard.id_offset[i]);
    ids.insert(ids.end(), shard.ids.begin(), shard.ids.end());
    for (size_t i = 0; i < shard.stored.size(); ++i) stored.push_back(shard.stored[i] + (i % 3 == 0 ? stream_base : 0));
    std::vector<uint64_t> ends;
    std::vector<uint8_t> data;
    shard.store.finish(ends, data);
    const uint64_t block_base = blocks.size();
    for (uint64_t end : ends) block_offset.push_back(block_base + end);
    blocks.insert(blocks.end(), data.begin(), data.end());
    for (uint32_t document : shard.row_document) row_document.push_back(document + document_base[s]);
    row_range.insert(row_range.end(), shard.row_range.begin(), shard.row_range.end());
    order.insert(order.end(), shard.order.begin(), shard.order.end());
  }
  dead.clear();
  for (const Place& place : dead_) dead.push_back(document_base[place.shard] + place.document);
  std::sort(dead.begin(), dead.end());

  facts.documents = id_offset.size() - 1;
  facts.rows = n_rows;
  facts.terms = n_terms;
  facts.postings = n_postings;
  facts.tokens = tokens;
  facts.written_mean = mean;
  facts.largest_ratio = text_space ? *std::max_element(largest.begin(), largest.end()) : largest_value;

  std::vector<Section> out;
  auto id_slots = build_hash_slots(id_offset.size() - 1, [&](size_t i) {
    return std::string_view(ids.data() + id_offset[i], id_offset[i + 1] - id_offset[i]);
  });
  auto term_slots = build_hash_slots(n_terms, [&](size_t i) {
    return std::string_view(term_bytes.data() + term_offset[i], term_offset[i + 1] - term_offset[i]);
  });
  out.push_back(make_section("ids.offsets", std::move(id_offset)));
  out.push_back(make_section("ids.bytes", std::move(ids)));
  out.push_back(make_section("ids.hash", std::move(id_slots)));
  out.push_back(make_section("rows.doc", std::move(row_document)));
  out.push_back(make_section("rows.range", std::move(row_range)));
  out.push_back(make_section("order", std::move(order)));
  out.push_back(make_section("docs.store", std::move(stored)));
  out.push_back(make_section("store.blocks", std::move(block_offset)));
  out.push_back(make_section("store.bytes", std::move(blocks)));
  out.push_back(make_section(space_ + ".terms.offsets", std::move(term_offset)));
  out.push_back(make_section(space_ + ".terms.bytes", std::move(term_bytes)));
  out.push_back(make_section(space_ + ".terms.hash", std::move(term_slots)));
  out.push_back(make_section(space_ + ".terms.max", std::move(term_max)));
  out.push_back(make_section(space_ + ".postings", std::move(first_posting)));
  for (Section& section : windows) out.push_back(std::move(section));
  out.push_back(make_section(space_ + ".rows", std::move(rows)));
  out.push_back(make_section(space_ + ".bounds", std::move(bounds), false));
  if (text_space) {
    out.push_back(make_section(space_ + ".tf", std::move(tf)));
    out.push_back(make_section(space_ + ".tf.large", std::move(large_tf)));
    out.push_back(make_section(space_ + ".lengths", std::move(lengths)));
    out.push_back(make_section(space_ + ".cf", std::move(cf)));
    out.push_back(make_section(space_ + ".positions.start", std::move(position_start)));
    out.push_back(make_section(space_ + ".positions", std::move(positions)));
  } else {
    out.push_back(make_section(space_ + ".values", std::move(values)));
  }

  live_.clear();
  dead_.clear();
  documents_ = 0;
  for (auto& shard : shards_) shard = std::make_unique<Shard>(analyzer_.get());
  return out;
}

}  // namespace gossamer
