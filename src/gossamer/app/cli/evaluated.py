"""How evaluations are shown: systems side by side, what they differ from the first by, and every query on request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gossamer.app.cli.output import Output, table

if TYPE_CHECKING:
    from gossamer.retrieval.evaluation import Evaluation
    from gossamer.retrieval.significance import Comparison


def show(
    out: Output,
    systems: Mapping[str, Evaluation],
    comparisons: Sequence[tuple[str, Comparison, float]],
    per_query: bool,
    more: Iterable[Sequence[str]] = (),
) -> None:
    """Write tables for people.

    Args:
        out: Where to.
        systems: Name to what was measured, all by the same measures.
        comparisons: (system, comparison with the first, p after Holm's correction).
        per_query: Whether every query is listed.
        more: Further rows of the first table: a name, and a cell for each system.
    """
    first = next(iter(systems.values()))
    numbers = range(1, len(systems) + 1)
    rows = [(measure, *(f"{one.mean[measure]:.4f}" for one in systems.values())) for measure in first.mean]
    out.show(table(f"mean of {first.count} queries", *systems, rows=[*rows, *more], right=numbers))
    base = next(iter(systems))
    for name, comparison, p in comparisons:
        corrected = f"; Holm {p:.4g}" if len(comparisons) > 1 else ""
        out.line(f"{name} - {base}: {comparison}{corrected}")
    if per_query:
        _show_queries(out, systems)


def _show_queries(out: Output, systems: Mapping[str, Evaluation]) -> None:
    first, *others = systems.values()
    for measure, values in first.per_query.items():
        last = others[-1].per_query[measure] if others else values
        order = sorted(values, key=lambda query: last[query] - values[query] if others else values[query])
        rows = [
            (query, *(f"{one.per_query[measure][query]:.4f}" for one in systems.values()),
             *([f"{last[query] - values[query]:+.4f}"] if others else []))
            for query in order
        ]  # fmt: skip
        heads = [measure, *systems, *(["difference"] if others else [])]
        out.line()
        out.show(table(*heads, rows=rows, right=range(1, len(heads))))
