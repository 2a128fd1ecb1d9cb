// Why a row scored: what each term of a query adds, in the order in which a score is summed.
#include "index/traversal_state.h"

namespace gossamer {

std::vector<std::vector<Contribution>> Snapshot::explain(const std::vector<QueryTerm>& query, const std::vector<Hit>& hits) const {
  std::vector<std::vector<Contribution>> explained(hits.size());
  for (const Terms part : by_space(query)) {
    const Plan plan = is_text(part) ? make_plan(part) : Plan();
    for (size_t i = 0; i < hits.size(); ++i)
      if (is_text(part)) explain(plan, hits[i], explained[i]);
      else explain_vectors(part, hits[i], explained[i]);
  }
  return explained;
}

void Snapshot::explain(const Plan& plan, const Hit& hit, std::vector<Contribution>& parts) const {
  const TextSpace& space = segments_.at(hit.segment)->space();
  const RowNorm norm = norm_of(space, hit.row);
  for (const Plan::Term& term : plan.terms) {
    const uint32_t number = term.number[hit.segment];
    if (number == kNoTerm) continue;
    const auto p = space.locate(number, hit.row);
    if (!p) continue;
    const double part = weight(space, term.stats, *p, norm);
    parts.push_back({*term.name, 0, term.weight, part, term.weight * part});
  }
  if (scoring_.variant == Variant::ql_dirichlet && !plan.terms.empty()) {
    const double weight = length_weight(space, hit.row);
    parts.push_back({"", 0, plan.query_length, weight, plan.query_length * weight});
  }
}

void Snapshot::explain_vectors(Terms query, const Hit& hit, std::vector<Contribution>& parts) const {
  for (const QueryTerm& term : query) {
    const VectorSpace& space = *segments_.at(hit.segment)->vectors(term.space);
    const double weight = float_weight(term);
    const uint32_t number = space.terms().find(term.term);
    if (weight == 0 || number == kNoTerm) continue;
    const auto value = space.value(hit.row, number);
    if (value) parts.push_back({term.term, term.space, weight, *value, weight * *value});
  }
}

}  // namespace gossamer
