#include "analysis/cluster.h"

#include <algorithm>

namespace gossamer {

namespace {
constexpr char32_t kIotaBelow = 0x345, kIota = 0x3B9;
}

std::span<const char32_t> Cluster::normalized() {
  if (code_points_.size() == 1) {
    const auto image = composed_(code_points_[0]);
    return image.empty() ? std::span<const char32_t>(code_points_) : image;
  }
  decompose();
  compose();
  return result_;
}

// Canonical ordering: every stretch of marks sorted by combining class, equal classes in their given order.
void Cluster::decompose() {
  parts_.clear();
  for (const char32_t& c : code_points_) {
    const auto image = decomposed_(c);
    for (const char32_t part : image.empty() ? std::span<const char32_t>(&c, 1) : image)
      parts_.push_back({part, unicode::combining(part)});
  }
  const auto starter = [](const Part& p) { return p.combining == 0; };
  for (auto first = parts_.begin(); first != parts_.end();) {
    first = std::find_if_not(first, parts_.end(), starter);
    const auto last = std::find_if(first, parts_.end(), starter);
    std::stable_sort(first, last, [](const Part& a, const Part& b) { return a.combining < b.combining; });
    first = last;
  }
  if (!fold_) return;
  // The iota below folds to a letter only now that it stands after the other marks, as the Standard's D145 has it.
  for (Part& p : parts_)
    if (p.code_point == kIotaBelow) p = {kIota, 0};
}

// A mark joins its starter unless a mark of an equal or higher class stands between.
void Cluster::compose() {
  result_.clear();
  size_t starter = 0;
  bool has_starter = false;
  uint8_t between = 0;  // combining class of what was kept last after the starter
  for (const Part& p : parts_) {
    if (has_starter && (between == 0 || between < p.combining)) {
      if (const char32_t composed = unicode::compose(result_[starter], p.code_point)) {
        result_[starter] = composed;
        continue;
      }
    }
    if (p.combining == 0) {
      starter = result_.size();
      has_starter = true;
    }
    between = p.combining;
    result_.push_back(p.code_point);
  }
}

}  // namespace gossamer
