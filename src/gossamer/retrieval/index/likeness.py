"""Query by document: the terms that tell most about documents, as a query that finds others like them.

As in Lucene's MoreLikeThis the query is the best few terms by tf-idf, weighted by it: tf ln((N + 1) / df) (Salton &
Buckley, 1988, "Term-weighting approaches in automatic text retrieval"). Weights made elsewhere stand for themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gossamer.errors import UsageError
from gossamer.retrieval.index.snapshot import naming_damage

if TYPE_CHECKING:
    from gossamer.retrieval.index.selection import Selection
    from gossamer.retrieval.index.snapshot import Snapshot

MOST_TERMS = 25  # as many as MoreLikeThis takes

Place = tuple[int, int]  # segment, document number
Weighted = tuple[str, float]  # term, weight


def like(snapshot: Snapshot, selection: Selection, identifiers: Sequence[str]) -> Selection:
    """A query that also looks for what is like some documents, and leaves them out; itself where there are none.

    Weights of a term in both are added.

    Raises:
        UsageError: There is no such document.
    """
    if not identifiers:
        return selection
    places = [_place(snapshot, identifier) for identifier in dict.fromkeys(identifiers)]
    with naming_damage(snapshot.segments):
        telling = [telling_terms(snapshot, places, space=space) for space in range(len(selection.weights))]
        pairs = zip((selection.terms, *selection.beside), telling, strict=True)
        terms, *beside = [_sum(own, more) for own, more in pairs]
        found = replace(selection, terms=terms, beside=tuple(beside), liked=telling[0])
        masks = selection.accepted.masks if selection.accepted else [s.live for s in snapshot.segments]
        masks = [mask & bool(found.scoring) for mask in masks]  # without a term nothing is like them
        for segment, number in places:
            masks[segment][number] = False
        return replace(found, accepted=snapshot.accept(masks))


def _sum(own: Iterable[Weighted], more: Iterable[Weighted]) -> list[Weighted]:
    total = dict(own)
    for term, weight in more:
        total[term] = total.get(term, 0.0) + weight
    return sorted(total.items())


def telling_terms(
    snapshot: Snapshot, places: Iterable[Place], most: int = MOST_TERMS, space: int = 0
) -> list[tuple[str, float]]:
    """The terms that tell most about documents, greatest weight first; the greatest is 1.

    Each document counts the same. Terms that no other passage holds find nothing and are left out.

    Args:
        snapshot: Where the documents are.
        places: The documents.
        most: How many terms.
        space: Where they are looked for.
    """
    total: Counter[str] = Counter()  # of weights
    for segment, number in places:
        held = snapshot.segments[segment].native.terms_of(number, space)
        rows = {term: snapshot.frequency(term, space) for term, _, _ in held}
        weights = {
            term: mass * (math.log((snapshot.native.rows + 1) / rows[term]) if snapshot.text and space == 0 else 1)
            for term, passages, mass in held
            if rows[term] > passages
        }
        greatest = max(weights.values(), default=0.0)
        if greatest > 0:
            total.update({term: weight / greatest for term, weight in weights.items()})
    best = sorted(((t, w) for t, w in total.items() if w > 0), key=lambda one: (-one[1], one[0]))[:most]
    return [(term, weight / best[0][1]) for term, weight in best]


def _place(snapshot: Snapshot, identifier: str) -> Place:
    for number, segment in enumerate(snapshot.segments):
        for document in segment.numbers(identifier):
            return number, document
    raise UsageError(f"no document {identifier!r} in this index to look for others like it")
