#include "index/merge_state.h"

namespace gossamer {

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
}

void Merger::State::plan_terms() {
  // k-way merge of the vocabularies; terms whose rows are all dead go.
  std::vector<uint32_t> head(sources.size(), 0);
  for (;;) {
    const Part* least = nullptr;
    std::vector<Part> heads;
    for (uint32_t s = 0; s < sources.size(); ++s)
      if (head[s] < sources[s].segment->terms(number).size()) heads.push_back({s, head[s]});
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
    first.push_back(parts.size());
    uint64_t live = 0;
    if (text) live = count_text(first.size() - 2);
    else for (uint64_t j = first[first.size() - 2]; j < first.back(); ++j) live += sources[parts[j].source].live[parts[j].term];
    first.pop_back();
    if (live == 0) {
      parts.resize(first.back());
      first.pop_back();
      continue;
    }
    posting.push_back(posting.back() + live);
    term_offset.push_back(term_offset.back() + term.size());
  }
  first.push_back(parts.size());
  facts.terms = posting.size() - 1;
  facts.postings = posting.back();
}

void Merger::State::describe_terms() {
  const std::string at = space.name + ".";
  add_array(at + "terms.offsets", term_offset);
  add(at + "terms.bytes", "u8", true, [this](const auto& sink) {
    Output<char> out(sink);
    for (size_t t = 0; t + 1 < first.size(); ++t)
      for (char c : name(parts[first[t]])) out.put(c);
    out.send();
  });
  add(at + "terms.hash", "u32", true, [this](const auto& sink) {
    const auto slots = build_hash_slots(first.size() - 1, [&](size_t t) { return name(parts[first[t]]); });
    send_all(sink, slots.data(), slots.size() * sizeof(uint32_t));
  });
}

void Merger::State::describe_documents() {
  const auto each_document = [this](auto&& f) {
    for (const Source& source : sources)
      for (uint32_t d = 0; d < source.segment->documents(); ++d)
        if (source.documents[d]) f(source, d);
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
    send_all(sink, slots.data(), slots.size() * sizeof(uint32_t));
  });
  add("rows.doc", "u32", true, [this](const auto& sink) {
    Output<uint32_t> out(sink);
    each_row([&](const Source& source, uint32_t r) { out.put(source.new_document(source.segment->document_of(r))); });
    out.send();
  });
  add("rows.range", "u32", true, [this](const auto& sink) {
    Output<uint32_t> out(sink);
    each_row([&](const Source& source, uint32_t r) {
      for (uint32_t v : source.segment->range(r)) out.put(v);
    });
    out.send();
  });
  add("order", "u64", true, [this](const auto& sink) {
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

Merger::Merger(const std::vector<SpaceKind>& spaces, const std::vector<std::shared_ptr<const Segment>>& segments,
               const std::vector<std::vector<uint32_t>>& dead, const BuilderOptions& options, uint64_t memory) {
  for (uint32_t number = 0; number < spaces.size(); ++number) {
    State& state = *states_.emplace_back(std::make_unique<State>(spaces[number], number, options, memory));
    for (const auto& segment : segments) state.sources.push_back({segment, {}, {}, {}, {}, 0, 0, {}, {}});
    state.plan_rows(dead);
    if (state.text) state.plan_means();
    else state.count_vectors();
    state.plan_terms();
    if (number == 0) state.describe_documents();
    state.describe_terms();
    if (state.text) state.describe_text();
    else state.describe_vectors();
  }
}

Merger::~Merger() = default;

std::vector<Merger::Outline> Merger::sections() const {
  std::vector<Outline> all;
  for (const auto& state : states_) all.insert(all.end(), state->outline.begin(), state->outline.end());
  return all;
}

const SegmentFacts& Merger::facts() const { return states_.at(0)->facts; }

void Merger::write(size_t i, const std::function<bool(const void*, size_t)>& sink) {
  for (const auto& state : states_) {
    if (i < state->writers.size()) return state->writers[i](sink);
    i -= state->writers.size();
  }
  throw std::out_of_range("a merge has no such section");
}

}  // namespace gossamer
