#include <algorithm>

#include "block/pieces.h"
#include "block/traversals/seismic.h"
#include "block/traversals/seismic_build.h"
#include "index/builder.h"

namespace gossamer::block {

namespace {

// With what each row is searched, as in the paper.
constexpr Seismic::Effort kEffort{10, 0.7f, Seismic::Ordered::first, 0};

}  // namespace

std::vector<uint32_t> seismic_graph(const std::shared_ptr<const Space>& space, const std::vector<Section>& sections,
                                    const SeismicOptions& options) {
  SectionBytes bytes;
  for (const Section& section : sections) bytes[section.name] = {static_cast<const uint8_t*>(section.data), section.bytes};
  const Seismic index(std::make_shared<SeismicLists>(space, bytes, nullptr), kEffort);
  const Forward& forward = space->forward();
  const size_t n = options.neighbours;
  std::vector<uint32_t> graph(n * forward.rows(), kNobody);
  Pieces pieces(forward.rows(), options.pulse);
  run_parallel(std::max(1u, options.threads), [&](unsigned worker) {
    DenseQuery dense(forward.query_size());
    std::vector<QueryTerm> query;
    pieces.each(worker, [&](uint32_t row) {
      query.clear();
      for (uint64_t at = forward.begin(row), end = at + forward.size(row); at < end; ++at)
        if (const float value = forward.value(row, at); value > 0) query.push_back({forward.column(at), value});
      for (const QueryTerm& q : query) dense.set(q.column, q.weight);
      Best best(n + 1);
      Cost cost;
      index.search({query, dense}, nullptr, best, cost);
      dense.clear();
      size_t found = 0;
      for (const Scored& one : std::move(best).sorted())
        if (one.row != row && found < n) graph[row * n + found++] = one.row;
    });
  });
  return graph;
}

}  // namespace gossamer::block
