// A space of text in a merge: postings, positions, bounds, fields and words.
#include <cmath>

#include "index/merge_state.h"

namespace gossamer {

void Merger::State::plan_means() {
  totals = FieldTotals(options.scoring.fields.size());
  for (const Source& source : sources)
    if (source.segment->space().fields.words.size() != options.scoring.fields.size())
      throw Damaged("section fields.words: other fields");
  each_row([this](const Source& source, uint32_t r) {
    const TextSpace& from = source.segment->space();
    facts.tokens += from.lengths[r];
    if (from.apart() > 0) totals.add_row(from.field_lengths.subspan(r * from.apart(), from.apart()), from.lengths[r]);
  });
  facts.written_mean = facts.rows > 0 ? static_cast<double>(facts.tokens) / static_cast<double>(facts.rows) : 0;
  means = {facts.written_mean, totals.means()};
}

uint64_t Merger::State::count_text(size_t i) {
  uint64_t live = 0, mass = 0;
  uint32_t window = 0;
  const bool windowed = facts.rows > kWindowRows;
  if (windowed) windows.begin_term();
  for_each(i, [&](const Source& source, uint64_t p, uint32_t row, uint32_t) {
    if (windowed) {
      if (live == 0 || row / kWindowRows != window) windows.add(row / kWindowRows, posting.back() + live + 1);
      else ++windows.end.back();
    }
    window = row / kWindowRows;
    ++live;
    mass += source.segment->space().count(p);
  });
  if (live > 0) cf.push_back(mass);
  else if (windowed) windows.start.pop_back();
  return live;
}

void Merger::State::describe_text() {
  const std::string at = space.name + ".";
  add_array(at + "postings", posting);
  if (facts.rows > kWindowRows) {
    windows.start.push_back(windows.id.size());
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
    each_row([&](const Source& source, uint32_t r) { out.put(source.segment->space().lengths[r]); });
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
        const TextSpace& from = source.segment->space();
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
  if (!options.scoring.fields.empty()) describe_fields(at);
  add(at + "bounds", "u8", false, [this](const auto& sink) {
    Output<uint8_t> out(sink);
    term_max.assign(first.size() - 1, 0);
    for (size_t t = 0; t + 1 < first.size(); ++t)
      for_each(t, [&](const Source& source, uint64_t p, uint32_t, uint32_t old_row) {
        const TextSpace& from = source.segment->space();
        const RowNorm norm = from.norm(options.scoring, means, old_row);
        const double c = norm.frequency(from.count(p), from.counts(p)) / norm.B;
        facts.largest_ratio = std::max(facts.largest_ratio, c);
        const uint8_t code = bound_code(c);
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
    each_row([&](const Source& source, uint32_t r) {
      const TextSpace& from = source.segment->space();
      for (uint32_t length : from.field_lengths.subspan(r * from.apart(), from.apart())) out.put(length);
    });
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

}  // namespace gossamer
