#include "block/build.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "block/build_forward.h"

namespace gossamer::block {

namespace {

constexpr uint32_t kDirect = 1u << 22;                     // columns below this are numbered by a table
constexpr size_t kColumnsAtOnce = size_t{1} << 20;        // columns sorted at once
constexpr uint64_t kPostingsAtOnce = uint64_t{16} << 20;  // postings that a thread sorts at once; more gains nothing
constexpr uint64_t kScratch = 12;                          // bytes of one of them, and of its place in a list

// Numbers for the columns that occur, ascending.
class Terms {
 public:
  explicit Terms(std::span<const uint32_t> columns) {
    const uint32_t largest = columns.empty() ? 0 : *std::max_element(columns.begin(), columns.end());
    if (largest < kDirect) {
      number_.assign(columns.empty() ? 0 : size_t{largest} + 1, 0);
      for (uint32_t column : columns) number_[column] = 1;
      for (uint32_t column = 0; column < number_.size(); ++column)
        if (std::exchange(number_[column], size()) != 0) columns_.push_back(column);
      return;
    }
    // Far apart: a table by column could be larger than the vectors, and a sorted copy of all columns as large.
    std::vector<uint32_t> part, both;
    for (size_t at = 0; at < columns.size();) {
      const size_t n = std::min(columns.size() - at, std::max(kColumnsAtOnce, columns_.size()));
      part.assign(columns.begin() + static_cast<ptrdiff_t>(at), columns.begin() + static_cast<ptrdiff_t>(at + n));
      std::sort(part.begin(), part.end());
      part.erase(std::unique(part.begin(), part.end()), part.end());
      both.clear();
      std::set_union(columns_.begin(), columns_.end(), part.begin(), part.end(), std::back_inserter(both));
      columns_.swap(both);
      at += n;
    }
  }

  uint32_t size() const { return static_cast<uint32_t>(columns_.size()); }
  uint32_t operator[](uint32_t column) const {
    if (!number_.empty()) return number_[column];
    return static_cast<uint32_t>(std::lower_bound(columns_.begin(), columns_.end(), column) - columns_.begin());
  }
  std::vector<uint32_t>& columns() { return columns_; }

 private:
  std::vector<uint32_t> number_, columns_;
};

class MatrixRows : public Rows {
 public:
  MatrixRows(const Matrix& matrix, const Terms& terms) : matrix_(matrix), terms_(terms) {}
  void rearrange(std::span<const uint32_t> order) { order_ = order; }

  uint32_t size() const override { return static_cast<uint32_t>(matrix_.rows()); }
  void read(uint32_t row, std::vector<Entry>& out) const override {
    out.clear();
    const uint32_t input = order_.empty() ? row : order_[row];
    for (auto at = matrix_.indptr[input]; at < matrix_.indptr[size_t{input} + 1]; ++at)
      out.push_back({terms_[matrix_.indices[at]], matrix_.values[at]});
  }

 private:
  const Matrix& matrix_;
  const Terms& terms_;
  std::span<const uint32_t> order_;
};

std::vector<uint32_t> order_of(const Rows& rows, uint32_t terms, const BuildOptions& options) {
  if (options.order == Order::given) return {};
  const Strongest strongest(rows, terms, options.threads, options.pulse);
  if (options.order == Order::bisect) return order_by_bisection(strongest, options.threads, options.pulse);
  return order_by_clusters(strongest, options.threads, options.seed, options.pulse);
}

}  // namespace

std::vector<Section> build(const Matrix& matrix, const BuildOptions& options) {
  const bool bounded = options.memory != 0;
  // Half for scratch; columns, values and lists may each keep an eighth.
  const Room room = bounded ? Room{options.memory / 8, options.folder} : Room{};
  const uint64_t together = std::min(kPostingsAtOnce * options.threads, bounded ? options.memory / 2 / kScratch : ~uint64_t{0});

  Terms terms(matrix.indices);
  MatrixRows rows(matrix, terms);
  std::vector<uint32_t> order = order_of(rows, terms.size(), options);
  rows.rearrange(order);
  ForwardFile file = write_forward(rows, terms.size(), matrix.values.size(), options.values, room, options.pulse);
  const Layers layers = Layers::up_to(file.largest);
  const Forward forward = file.reader();
  const ForwardRows stored(forward, options.pulse);
  ListBuilder builder(stored, file.before, layers, together, options.threads);
  Spool lists(room, matrix.values.size() * 2);
  builder.write([&lists](std::span<const uint16_t> data) { lists.append(data); });
  std::vector<uint32_t> steps(builder.steps.size() * 2);
  if (!steps.empty()) std::memcpy(steps.data(), builder.steps.data(), steps.size() * 4);

  std::vector<Section> out;
  file.sections(out);
  out.push_back(make_section("columns", std::move(terms.columns())));
  out.push_back(make_section("layers", std::vector<float>(layers.top.begin(), layers.top.end())));
  out.push_back(lists.section("lists", "u16"));
  out.push_back(make_section("lists.offsets", std::move(builder.offsets)));
  out.push_back(make_section("steps.offsets", std::move(builder.step_offsets)));
  out.push_back(make_section("steps", std::move(steps)));
  if (options.order != Order::given) out.push_back(make_section("order", std::move(order)));
  return out;
}

}  // namespace gossamer::block
