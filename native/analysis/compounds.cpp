#include "analysis/compounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "analysis/letters.h"

namespace gossamer {

namespace {

constexpr uint32_t kParts = 4;
constexpr uint32_t kLongest = 64;  // code points; the work grows with the square
constexpr double kNever = -std::numeric_limits<double>::infinity();
// German linking elements, written between two parts and no part of either.
constexpr std::array<std::string_view, 6> kLinks = {"", "s", "es", "n", "en", "er"};

}  // namespace

Compounds::Compounds(const std::vector<std::pair<std::string, uint64_t>>& frequencies) {
  for (const auto& [part, frequency] : frequencies)
    if (frequency > 0) logarithms_.emplace(part, std::log(static_cast<double>(frequency)));
}

double Compounds::weight(std::string_view part) const {
  const auto found = logarithms_.find(part);
  return found == logarithms_.end() ? kNever : found->second;
}

std::vector<Range> Compounds::split(std::span<const char32_t> word) const {
  const auto n = static_cast<uint32_t>(word.size());
  if (n < 2 || n > kLongest) return {};
  std::string text;
  std::vector<size_t> at;  // bytes
  for (const char32_t c : word) {
    at.push_back(text.size());
    append(c, text);
  }
  at.push_back(text.size());
  const auto piece = [&](uint32_t from, uint32_t to) { return std::string_view(text).substr(at[from], at[to] - at[from]); };

  // best[k][i]: the largest sum of logarithms of k parts before i, with the link before i; from where the last part came.
  struct Step {
    double sum = kNever;
    Range part{0, 0};
  };
  std::vector<std::array<Step, kLongest + 1>> best(kParts + 1);
  best[0][0].sum = 0;
  for (uint32_t from = 0; from < n; ++from) {
    bool reached = false;
    for (uint32_t k = 0; k < kParts; ++k) reached = reached || best[k][from].sum > kNever;
    if (!reached) continue;
    for (uint32_t to = from + 1; to <= n; ++to) {
      const double part = weight(piece(from, to));
      if (part == kNever) continue;
      for (const std::string_view link : kLinks) {
        const uint32_t next = to + static_cast<uint32_t>(link.size());
        if (next > n || (next == n && !link.empty()) || piece(to, next) != link) continue;
        for (uint32_t k = 0; k < kParts; ++k)
          if (const double sum = best[k][from].sum + part; sum > best[k + 1][next].sum) best[k + 1][next] = {sum, {from, to}};
      }
    }
  }

  double most = weight(text);
  uint32_t parts = 0;
  for (uint32_t k = 2; k <= kParts; ++k)
    if (const double mean = best[k][n].sum / k; mean > most) most = mean, parts = k;
  std::vector<Range> found;
  for (uint32_t k = parts, end = n; k > 0; --k) {
    const Range part = best[k][end].part;
    found.push_back(part);
    // The step before ended where this part starts.
    end = part.start;
  }
  std::ranges::reverse(found);
  return found;
}

}  // namespace gossamer
