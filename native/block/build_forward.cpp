#include "block/build_forward.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

namespace gossamer::block {

namespace {

constexpr uint32_t kBetweenPulses = 8192;  // rows

// A row's values as they are stored; `entries` get the values that a reader will see.
class ValueCoder {
 public:
  explicit ValueCoder(ForwardFile& file) : file_(file) {}

  void append(std::vector<Entry>& entries) {
    switch (file_.kind) {
      case ValueKind::f32: return each<float>(entries, [](float value) { return value; }, [](float stored) { return stored; });
      case ValueKind::f16: return each<uint16_t>(entries, to_half, from_half);
      case ValueKind::u8: break;
    }
    float largest = 0;
    for (const Entry& entry : entries) largest = std::max(largest, entry.value);
    const float scale = largest / 255.0f;
    file_.scales.push_back(scale);
    each<uint8_t>(
        entries,
        [scale](float value) { return static_cast<uint8_t>(scale > 0 ? std::clamp(std::nearbyint(value / scale), 1.0f, 255.0f) : 0); },
        [scale](uint8_t code) { return static_cast<float>(code) * scale; });
  }

 private:
  template <class T, class Encode, class Decode>
  void each(std::vector<Entry>& entries, Encode encode, Decode decode) {
    std::vector<T>& codes = std::get<std::vector<T>>(buffers_);
    codes.clear();
    for (Entry& entry : entries) {
      codes.push_back(encode(entry.value));
      entry.value = decode(codes.back());
    }
    file_.values.append(std::span<const T>(codes));
  }

  ForwardFile& file_;
  std::tuple<std::vector<float>, std::vector<uint16_t>, std::vector<uint8_t>> buffers_;
};

template <class Column>
void write_rows(const Rows& rows, ForwardFile& file, const Pulse& pulse) {
  ValueCoder values(file);
  std::vector<Entry> entries;
  std::vector<Column> columns;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (pulse && row % kBetweenPulses == 0) pulse();
    rows.read(row, entries);
    columns.clear();
    for (const Entry& entry : entries) {
      columns.push_back(static_cast<Column>(entry.term));
      ++file.before[entry.term + 1];
    }
    file.columns.append(std::span<const Column>(columns));
    values.append(entries);
    for (const Entry& entry : entries) file.largest = std::max(file.largest, std::fabs(entry.value));
    file.offsets.push_back(file.offsets.back() + entries.size());
  }
}

}  // namespace

ForwardFile write_forward(const Rows& rows, uint32_t terms, uint64_t entries, ValueKind kind, const Room& room, const Pulse& pulse) {
  const bool wide = terms > 65536;
  ForwardFile file{terms, kind, {0}, Spool(room, entries * (wide ? 4 : 2)), Spool(room, entries * bytes_of(kind)), {},
                   std::vector<uint64_t>(size_t{terms} + 1, 0)};
  file.offsets.reserve(size_t{rows.size()} + 1);
  if (wide) write_rows<uint32_t>(rows, file, pulse);
  else write_rows<uint16_t>(rows, file, pulse);
  std::partial_sum(file.before.begin(), file.before.end(), file.before.begin());
  return file;
}

Forward ForwardFile::reader() { return {offsets, columns.finish(), values.finish(), scales, terms, kind}; }

void ForwardFile::sections(std::vector<Section>& out) {
  out.push_back(make_section("forward.offsets", std::move(offsets)));
  out.push_back(columns.section("forward.columns", terms > 65536 ? "u32" : "u16"));
  out.push_back(values.section("forward.values", "u8"));
  if (kind == ValueKind::u8) out.push_back(make_section("forward.scales", std::move(scales)));
}

void ForwardRows::each(uint32_t from, uint32_t to, const Row& f) const {
  std::vector<uint32_t> terms;
  std::vector<float> values;
  for (uint32_t row = 0; row < forward_.rows() && !ended_; ++row) {
    if (pulse_ && row % kBetweenPulses == 0 && std::this_thread::get_id() == caller_) {
      try {
        pulse_();
      } catch (...) {
        ended_ = true;
        throw;
      }
    }
    const uint64_t end = forward_.begin(row) + forward_.size(row);
    uint64_t at = forward_.begin(row);
    for (uint64_t stop = end; at < stop && from > 0;) {  // binary search
      const uint64_t middle = at + (stop - at) / 2;
      if (forward_.column(middle) < from) at = middle + 1;
      else stop = middle;
    }
    terms.clear();
    values.clear();
    for (uint32_t term; at < end && (term = forward_.column(at)) < to; ++at) {
      terms.push_back(term);
      values.push_back(forward_.value(row, at));
    }
    f(row, terms, values);
  }
}

}  // namespace gossamer::block
