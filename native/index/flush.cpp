// Logs of words to a space of text: one counting sort by term, shards one after the other, then bounds and positions.
#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "index/fields.h"
#include "index/postings.h"
#include "index/shard.h"
#include "index/words.h"

namespace gossamer {

namespace {

constexpr uint32_t kNoRow = 0xffffffffu;

class TextWriter {
 public:
  TextWriter(const std::string& space, const Bm25& scoring, std::vector<std::unique_ptr<Shard>>& shards)
      : space_(space), scoring_(scoring), shards_(shards), n_(static_cast<unsigned>(shards.size())), terms_(n_), apart_(scoring.fields.empty() ? 0 : scoring.fields.size() - 1),
        totals_(scoring.fields.size()) {}

  void write(SegmentFacts& facts, std::vector<Section>& out) {
    run_parallel(n_, [this](unsigned s) { sort_terms(s); });
    merge_vocabularies();
    lay_out_rows();
    run_parallel(n_, [this](unsigned s) { sort_postings(s); });
    collect();
    run_parallel(n_, [this](unsigned s) { encode(s); });
    position_ = {};
    add_space(out, facts);
  }

 private:
  // The vocabulary of a shard. All vectors but `sorted` are by term number of the shard.
  struct Terms {
    std::vector<std::string_view> names;
    std::vector<uint32_t> sorted;         // term numbers by bytes
    std::vector<uint32_t> rank;           // number in the segment
    std::vector<uint64_t> postings, occurrences;  // how many; after lay-out, where the next one goes
  };
  // Where a term's postings enter a window of rows.
  struct Border {
    uint32_t term, window;
    uint64_t posting;
  };
  using Large = std::pair<uint64_t, uint64_t>;  // posting, term frequency

  size_t n_terms() const { return cf_.size(); }
  uint32_t n_rows() const { return row_base_[n_]; }

  template <class F>
  void each_word(unsigned s, uint32_t row, F&& f) const {
    const Shard& shard = *shards_[s];
    const uint64_t begin = shard.row_begin[row], end = shard.row_end(row);
    for (uint64_t i = begin; i < end; ++i)
      if (shard.log[i] != kDropped) f(shard.log[i], i, static_cast<uint32_t>(i - begin));
  }

  void sort_terms(unsigned s) {
    const Shard& shard = *shards_[s];
    Terms& t = terms_[s];
    const uint32_t n = shard.terms.size();
    t.names.resize(n);
    shard.terms.for_each([&](std::string_view term, uint32_t number, uint32_t) { t.names[number] = term; });
    t.sorted.resize(n);
    for (uint32_t i = 0; i < n; ++i) t.sorted[i] = i;
    std::sort(t.sorted.begin(), t.sorted.end(), [&](uint32_t a, uint32_t b) { return t.names[a] < t.names[b]; });
    t.rank.resize(n);
    t.postings.assign(n, 0);
    t.occurrences.assign(n, 0);
    std::vector<uint32_t> last(n, kNoRow);
    for (uint32_t row = 0; row < shard.rows(); ++row)
      each_word(s, row, [&](uint32_t term, uint64_t, uint32_t) {
        ++t.occurrences[term];
        if (std::exchange(last[term], row) != row) ++t.postings[term];
      });
  }

  // One vocabulary in byte order; each term's postings are laid out shard after shard.
  void merge_vocabularies() {
    std::vector<size_t> head(n_, 0);
    const auto next = [&](unsigned s) { return terms_[s].sorted[head[s]]; };
    for (;;) {
      const std::string_view* least = nullptr;
      for (unsigned s = 0; s < n_; ++s)
        if (head[s] < terms_[s].sorted.size()) {
          const std::string_view& name = terms_[s].names[next(s)];
          if (least == nullptr || name < *least) least = &name;
        }
      if (least == nullptr) return;
      const std::string_view term = *least;
      uint64_t posting = first_posting_.back(), occurrence = first_occurrence_.back();
      for (unsigned s = 0; s < n_; ++s) {
        Terms& t = terms_[s];
        if (head[s] == t.sorted.size() || t.names[next(s)] != term) continue;
        const uint32_t number = next(s);
        ++head[s];
        t.rank[number] = static_cast<uint32_t>(n_terms());
        posting += std::exchange(t.postings[number], posting);
        occurrence += std::exchange(t.occurrences[number], occurrence);
      }
      term_bytes_.insert(term_bytes_.end(), term.begin(), term.end());
      term_offset_.push_back(term_bytes_.size());
      cf_.push_back(occurrence - first_occurrence_.back());
      first_posting_.push_back(posting);
      first_occurrence_.push_back(occurrence);
    }
  }

  void lay_out_rows() {
    for (const auto& shard : shards_) row_base_.push_back(row_base_.back() + static_cast<uint32_t>(shard->rows()));
    const uint64_t postings = first_posting_.back();
    rows_.resize(postings);
    tf_.resize(postings);
    position_.resize(first_occurrence_.back());
    lengths_.resize(n_rows());
    field_tf_.resize(postings * apart_);
    field_lengths_.resize(n_rows() * apart_);
    borders_.resize(n_);
    large_.resize(n_);
  }

  // The counting sort. Shards write to disjoint ranges.
  void sort_postings(unsigned s) {
    Shard& shard = *shards_[s];
    Terms& t = terms_[s];
    std::vector<uint32_t> last(t.names.size(), kNoRow);
    std::unordered_map<uint64_t, uint64_t> large;
    for (uint32_t r = 0; r < shard.rows(); ++r) {
      const uint32_t row = row_base_[s] + r;
      uint32_t length = 0;
      each_word(s, r, [&](uint32_t term, uint64_t i, uint32_t position) {
        ++length;
        uint64_t& cursor = t.postings[term];
        if (last[term] != row) {
          if (n_rows() > kWindowRows && (last[term] == kNoRow || last[term] / kWindowRows != row / kWindowRows))
            borders_[s].push_back({t.rank[term], row / kWindowRows, cursor});
          last[term] = row;
          rows_[cursor] = static_cast<uint16_t>(row % kWindowRows);
          tf_[cursor++] = 1;
        } else if (tf_[cursor - 1] == 255) {
          ++large[cursor - 1];
        } else if (++tf_[cursor - 1] == 255) {
          large[cursor - 1] = 255;
        }
        position_[t.occurrences[term]++] = position;
        if (apart_ > 0 && shard.field[i] < apart_) {
          ++field_lengths_[row * apart_ + shard.field[i]];
          uint8_t& count = field_tf_[(cursor - 1) * apart_ + shard.field[i]];
          if (count < 255) ++count;
        }
      });
      lengths_[row] = length;
    }
    large_[s].assign(large.begin(), large.end());
    shard.log = {};
    shard.field = {};
  }

  std::span<const uint32_t> field_lengths(size_t row) const { return {field_lengths_.data() + row * apart_, apart_}; }

  void collect() {
    for (unsigned s = 0; s < n_; ++s) {
      border_.insert(border_.end(), borders_[s].begin(), borders_[s].end());
      tf_large_.insert(tf_large_.end(), large_[s].begin(), large_[s].end());
    }
    std::sort(border_.begin(), border_.end(), [](const Border& a, const Border& b) { return a.posting < b.posting; });
    std::sort(tf_large_.begin(), tf_large_.end());
    uint64_t tokens = 0;
    for (uint32_t length : lengths_) tokens += length;
    tokens_ = tokens;
    if (apart_ > 0)
      for (uint32_t row = 0; row < n_rows(); ++row) totals_.add_row(field_lengths(row), lengths_[row]);
    means_ = {n_rows() > 0 ? static_cast<double>(tokens) / n_rows() : 0, totals_.means()};
    const uint64_t postings = first_posting_.back();
    bounds_.resize(postings);
    term_max_.resize(n_terms());
    position_start_.resize(n_terms() + 1);
    encoded_.resize(n_);
    largest_.assign(n_, 0);
    part_.assign(n_ + 1, n_terms());  // ranges of terms with about as many postings each
    part_[0] = 0;
    for (unsigned s = 1; s < n_; ++s)
      part_[s] = static_cast<size_t>(std::lower_bound(first_posting_.begin(), first_posting_.end() - 1, postings * s / n_) -
                                     first_posting_.begin());
  }

  // Bounds and positions of the s-th range of terms.
  void encode(unsigned s) {
    const uint64_t from = first_posting_[part_[s]];
    auto border = std::lower_bound(border_.begin(), border_.end(), from,
                                   [](const Border& b, uint64_t posting) { return b.posting < posting; });
    auto large = std::lower_bound(tf_large_.begin(), tf_large_.end(), Large(from, 0));
    for (size_t t = part_[s]; t < part_[s + 1]; ++t) {
      uint32_t window = 0;
      uint64_t occurrence = first_occurrence_[t];
      position_start_[t] = encoded_[s].size();
      for (uint64_t p = first_posting_[t]; p < first_posting_[t + 1]; ++p) {
        for (; border != border_.end() && border->posting == p; ++border) window = border->window;
        const uint64_t count = tf_[p] < 255 ? tf_[p] : (large++)->second;
        const size_t row = window * kWindowRows + rows_[p];
        const RowNorm norm(scoring_, means_, lengths_[row], field_lengths(row));
        const double c = norm.frequency(static_cast<uint32_t>(count), {field_tf_.data() + p * apart_, apart_}) / norm.B;
        largest_[s] = std::max(largest_[s], c);
        bounds_[p] = bound_code(c);
        put_positions(encoded_[s], {position_.data() + occurrence, count});
        occurrence += count;
        term_max_[t] = std::max(term_max_[t], bounds_[p]);
      }
    }
  }

  void add_windows(std::vector<Section>& out) {
    if (n_rows() <= kWindowRows) return;
    WindowDirectory directory;
    auto border = border_.begin();
    for (uint32_t t = 0; t < n_terms(); ++t) {
      directory.begin_term();
      for (; border != border_.end() && border->term == t; ++border) {
        const bool first = directory.id.size() == directory.start.back();
        if (!first && directory.id.back() == border->window) continue;  // two shards meet inside a window
        if (!first) directory.end.back() = border->posting;
        directory.add(border->window, first_posting_[t + 1]);
      }
    }
    directory.finish(space_, out);
  }

  void add_space(std::vector<Section>& out, SegmentFacts& facts) {
    facts.terms = n_terms();
    facts.postings = first_posting_.back();
    facts.tokens = tokens_;
    facts.written_mean = means_.length;
    facts.largest_ratio = *std::max_element(largest_.begin(), largest_.end());
    auto slots = build_hash_slots(n_terms(), [&](size_t i) {
      return std::string_view(term_bytes_.data() + term_offset_[i], term_offset_[i + 1] - term_offset_[i]);
    });
    const std::string at = space_ + ".";
    out.push_back(make_section(at + "terms.offsets", std::move(term_offset_)));
    out.push_back(make_section(at + "terms.bytes", std::move(term_bytes_)));
    out.push_back(make_section(at + "terms.hash", std::move(slots)));
    out.push_back(make_section(at + "terms.max", std::move(term_max_)));
    add_windows(out);
    out.push_back(make_section(at + "postings", std::move(first_posting_)));
    out.push_back(make_section(at + "rows", std::move(rows_)));
    out.push_back(make_section(at + "bounds", std::move(bounds_), false));
    std::vector<uint64_t> large;
    for (const auto& [posting, count] : tf_large_) large.insert(large.end(), {posting, count});
    std::vector<uint8_t> positions;
    for (unsigned s = 0; s < n_; ++s) {
      for (size_t t = part_[s]; t < part_[s + 1]; ++t) position_start_[t] += positions.size();
      if (positions.empty()) positions = std::move(encoded_[s]);
      else positions.insert(positions.end(), encoded_[s].begin(), encoded_[s].end());
    }
    position_start_[facts.terms] = positions.size();
    out.push_back(make_section(at + "tf", std::move(tf_)));
    out.push_back(make_section(at + "tf.large", std::move(large)));
    out.push_back(make_section(at + "lengths", std::move(lengths_)));
    out.push_back(make_section(at + "cf", std::move(cf_)));
    out.push_back(make_section(at + "positions.start", std::move(position_start_)));
    out.push_back(make_section(at + "positions", std::move(positions)));
    add_words(out);
    if (apart_ == 0) return;
    out.push_back(make_section(at + "fields.tf", std::move(field_tf_)));
    out.push_back(make_section(at + "fields.lengths", std::move(field_lengths_)));
    out.push_back(make_section(at + "fields.words", std::move(totals_.words)));
    out.push_back(make_section(at + "fields.rows", std::move(totals_.rows)));
  }

  void add_words(std::vector<Section>& out) {
    WordCollector words;
    for (unsigned s = 0; s < n_; ++s)
      for (const Lexer& lexer : shards_[s]->lexers)
        if (lexer.analyzer->gives_words())
          lexer.forms.for_each([&](std::string_view form, uint32_t term, uint32_t occurrences) {
            words.add(form, term == kDropped ? kNoWordTerm : terms_[s].rank[term], occurrences);
          });
    words.finish(space_, out);
  }

  const std::string& space_;
  const Bm25 scoring_;
  std::vector<std::unique_ptr<Shard>>& shards_;
  const unsigned n_;

  std::vector<Terms> terms_;  // by shard
  const size_t apart_;        // fields counted apart from the body (fields.h)
  FieldTotals totals_;
  Means means_;
  std::vector<uint64_t> term_offset_{0}, first_posting_{0}, first_occurrence_{0}, cf_, position_start_;
  std::vector<char> term_bytes_;
  std::vector<uint32_t> row_base_{0}, lengths_, position_, field_lengths_;
  std::vector<uint16_t> rows_;
  std::vector<uint8_t> tf_, field_tf_, bounds_, term_max_;
  std::vector<std::vector<Border>> borders_;  // by shard
  std::vector<std::vector<Large>> large_;     // by shard
  std::vector<Border> border_;
  std::vector<Large> tf_large_;
  std::vector<std::vector<uint8_t>> encoded_;  // positions, by range of terms
  std::vector<double> largest_;
  std::vector<size_t> part_;
  uint64_t tokens_ = 0;
};

}  // namespace

void write_text(const std::string& space, const Bm25& scoring, std::vector<std::unique_ptr<Shard>>& shards, SegmentFacts& facts,
                std::vector<Section>& out) {
  TextWriter(space, scoring, shards).write(facts, out);
}

}  // namespace gossamer
