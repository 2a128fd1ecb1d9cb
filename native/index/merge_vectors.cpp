// A space of vectors in a merge: rows with renumbered terms, then the lists from these rows, a range of terms at a time.
#include <algorithm>
#include <numeric>

#include "block/list_builder.h"
#include "index/merge_state.h"

namespace gossamer {

namespace {

constexpr uint64_t kPostingBytes = 12;           // of a posting while lists are sorted and written
constexpr uint64_t kFewestPostings = 1u << 16;  // sorted at once, however little memory there is

}  // namespace

// The rows that live on, as the merge numbers rows and terms.
class Merger::State::LiveRows : public block::RowSource {
 public:
  explicit LiveRows(const State& state) : state_(state) {}

  void each(uint32_t from, uint32_t to, const Row& f) const override {
    std::vector<uint32_t> terms;
    std::vector<float> values;
    for (const Source& source : state_.sources) {
      const block::Forward& forward = state_.vectors(source).forward();
      const auto number = [&](uint64_t entry) { return source.number(forward.column(entry)); };
      for (uint32_t r = 0; r < forward.rows(); ++r) {
        if (!source.rows[r]) continue;
        uint64_t at = forward.begin(r);
        const uint64_t end = at + forward.size(r);
        for (uint64_t left = forward.size(r); left != 0;) {  // to the first entry that is not below `from`
          const uint64_t half = left / 2;
          const bool below = number(at + half) < from;
          at += below ? half + 1 : 0;
          left = below ? left - half - 1 : half;
        }
        terms.clear();
        values.clear();
        for (; at != end && number(at) < to; ++at) {
          terms.push_back(number(at));
          values.push_back(forward.value(r, at));
        }
        if (!terms.empty()) f(source.new_row(r), terms, values);
      }
    }
  }

 private:
  const State& state_;
};

void Merger::State::count_vectors() {
  for (Source& source : sources) {
    const VectorSpace& own = vectors(source);
    source.live.assign(own.terms().size(), 0);
    const bool whole = source.rows.words.empty();
    for (uint32_t t = 0; whole && t < source.live.size(); ++t) source.live[t] = static_cast<uint32_t>(own.frequency(t));
    for (uint32_t r = 0; !whole && r < source.segment->rows(); ++r)
      if (source.rows[r])
        for (uint64_t entry = own.forward().begin(r), end = entry + own.forward().size(r); entry < end; ++entry)
          ++source.live.at(own.forward().column(entry));
  }
}

// The number of each source's terms in the merge; one that goes has that of the next, so that numbers ascend.
void Merger::State::number_terms() {
  for (Source& source : sources) source.new_term.assign(source.segment->terms(number).size(), 0);
  for (size_t t = 0; t + 1 < first.size(); ++t)
    for (uint64_t j = first[t]; j < first[t + 1]; ++j) sources[parts[j].source].new_term[parts[j].term] = static_cast<uint32_t>(t);
  for (Source& source : sources) {
    auto next = static_cast<uint32_t>(facts.terms);
    for (size_t t = source.new_term.size(); t-- > 0;) {
      if (source.live[t] == 0) source.new_term[t] = next;
      next = source.new_term[t];
    }
  }
}

void Merger::State::describe_vectors() {
  number_terms();
  const std::string at = space.name + ".";
  const auto each_entry = [this](auto&& f) {  // f(source, its forward file, old row, entry)
    each_row([&](const Source& source, uint32_t r) {
      const block::Forward& forward = vectors(source).forward();
      for (uint64_t entry = forward.begin(r), end = entry + forward.size(r); entry < end; ++entry) f(source, forward, r, entry);
    });
  };
  add(at + "forward.offsets", "u64", true, [this](const auto& sink) {
    Output<uint64_t> out(sink);
    uint64_t end = 0;
    out.put(end);
    each_row([&](const Source& source, uint32_t r) { out.put(end += vectors(source).forward().size(r)); });
    out.send();
  });
  const auto add_columns = [&]<class Column>(Column) {
    add(at + "forward.columns", kind_of<Column>(), true, [each_entry](const auto& sink) {
      Output<Column> out(sink);
      each_entry([&](const Source& source, const block::Forward& forward, uint32_t, uint64_t entry) {
        out.put(static_cast<Column>(source.number(forward.column(entry))));
      });
      out.send();
    });
  };
  if (facts.terms > 65536) add_columns(uint32_t{});
  else add_columns(uint16_t{});
  add(at + "forward.values", "u8", true, [this, each_entry](const auto& sink) {
    Output<uint8_t> out(sink);
    each_row([&](const Source& source, uint32_t r) {
      const block::Forward& forward = vectors(source).forward();
      const auto* values = static_cast<const uint8_t*>(forward.values(r));
      for (size_t i = 0; i < forward.size(r) * block::bytes_of(space.values); ++i) out.put(values[i]);
    });
    out.send();
    float largest = 0;
    each_entry([&](const Source&, const block::Forward& forward, uint32_t r, uint64_t entry) {
      largest = std::max(largest, forward.value(r, entry));
    });
    layers = block::Layers::up_to(largest);
    tops.assign(layers.top.begin(), layers.top.end());
  });
  if (space.values == block::ValueKind::u8)
    add(at + "forward.scales", "f32", true, [this](const auto& sink) {
      Output<float> out(sink);
      each_row([&](const Source& source, uint32_t r) { out.put(vectors(source).forward().scale(r)); });
      out.send();
    });
  columns.resize(facts.terms);
  std::iota(columns.begin(), columns.end(), 0u);
  add_array(at + "columns", columns);
  add_array(at + "layers", tops);
  add(at + "lists", "u16", true, [this](const auto& sink) {
    const LiveRows rows(*this);
    block::ListBuilder lists(rows, posting, layers, std::max(memory / kPostingBytes, kFewestPostings), std::max(1u, options.threads));
    lists.write([&](std::span<const uint16_t> part) { send_all(sink, part.data(), part.size_bytes()); });
    list_offsets = std::move(lists.offsets);
    step_offsets = std::move(lists.step_offsets);
    for (const block::Step& step : lists.steps)
      steps.insert(steps.end(), {step.left, step.cut});
  });
  add_array(at + "lists.offsets", list_offsets);
  add_array(at + "steps.offsets", step_offsets);
  add_array(at + "steps", steps);
}

}  // namespace gossamer
