"""A plan in words: how a query was understood and run, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gossamer.retrieval.index import Approximation, Plan

_MOST_SHOWN = 12  # of one kind


def planned(plan: Plan) -> list[tuple[str, str]]:
    """What a plan says, for people: (name, text) of what there is to say.

    Example:
        >>> from gossamer.retrieval.index import Plan
        >>> planned(Plan([("Wings", "wing")], [], {}, [], ["stall"], [], {}, [], 3, 3, 1, "pruned", "score", 7, 2))[:2]
        [('words', 'Wings → wing'), ('without', 'stall')]
    """
    unknown = {one.term for one in plan.terms if one.passages == 0} - {one.term for one in plan.terms if one.passages}
    touched = f"{plan.postings:,} postings read, {_counted(plan.scored, 'passage')} scored"
    how = f"listed in the order of {plan.order}" if plan.traversal == "listing" else f"{plan.traversal}: {touched}"
    said = [
        ("words", _few(f"{word} → {term}" if word != term else term for word, term in plan.words)),
        *_encoded(plan),
        ("prefixes", _few(f"{prefix}* → {_counted(count, 'term')}" for prefix, count in plan.prefixes.items())),
        ("corrected", _few(f"{word} → {' or '.join(others)}" for word, others in plan.corrections.items())),
        ("nowhere", _few(dict.fromkeys(word for word, term in plan.words if term in unknown))),
        ("like", _few(f"{term} {weight:.2f}" for term, weight in plan.liked)),
        ("with", _few(plan.required)),
        ("without", _few(plan.excluded)),
        ("only", " and ".join(f"{one.text} ({_counted(one.documents, 'document')})" for one in plan.conditions)),
        ("passing", f"{plan.passing:,} of {plan.documents:,} documents" if plan.passing < plan.documents else ""),
        ("search", f"{how}, {_counted(plan.segments, 'segment')}"),
        ("recall", _recall(plan.approximation) if plan.approximation is not None else ""),
    ]
    return [(name, text) for name, text in said if text]


def _encoded(plan: Plan) -> list[tuple[str, str]]:
    """What encoders made of the query, space by space, the greatest weights first."""
    ordered = sorted(plan.terms, key=lambda one: -abs(one.weight))
    spaces = list(dict.fromkeys(one.space for one in plan.terms))
    told = spaces[1:] if plan.words or plan.prefixes or plan.liked else spaces  # else the first has lines of its own
    return [(name, _few(f"{one.term} {one.weight:.2f}" for one in ordered if one.space == name)) for name in told]


def _recall(how: Approximation) -> str:
    if how.traversal is not None:
        return f"at least {how.at_least:.3f} in the mean, {how.asked:g} asked"
    why = f": no approximate search is proven {how.why_exact}" if how.why_exact is not None else ""
    return f"exact, {how.asked:g} asked{why}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _few(said: Iterable[str]) -> str:
    every = list(said)
    more = len(every) - _MOST_SHOWN
    return ", ".join(every[:_MOST_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
