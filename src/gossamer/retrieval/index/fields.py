"""What the fields of matching documents say: facet counts, and an order by a field instead of the score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.retrieval.index.columns import Column, Mask
from gossamer.retrieval.index.snapshot import naming_damage

if TYPE_CHECKING:
    from gossamer.retrieval.index.selection import Selection
    from gossamer.retrieval.index.snapshot import Snapshot

Scalar = str | float | bool


def matching(snapshot: Snapshot, selection: Selection) -> list[Mask]:
    """For each segment which live documents a query may return; shape (documents,).

    Those that hold any of its terms, or all where it has none, and pass the filter.
    """
    masks, scoring = [], selection.scoring
    for number, segment in enumerate(snapshot.segments):
        mask = np.frombuffer(snapshot.native.matching(scoring, number, False), np.bool_) if scoring else segment.live
        masks.append(mask if selection.accepted is None else mask & selection.accepted.masks[number])
    return masks


def count(snapshot: Snapshot, selection: Selection) -> int:
    """How many live documents a query finds."""
    if not selection.scoring and not selection.lists:
        return 0
    with naming_damage(snapshot.segments):
        return sum(int(mask.sum()) for mask in matching(snapshot, selection))


def facets(
    snapshot: Snapshot, selection: Selection, fields: Sequence[str], limit: int
) -> dict[str, list[tuple[Scalar, int]]]:
    """For each field the values that most matching documents have, with how many have them."""
    snapshot.check_fields(set(fields))
    with naming_damage(snapshot.segments):
        masks = matching(snapshot, selection)
        counts: dict[str, Counter[Scalar]] = {field: Counter() for field in fields}
        for segment, mask in zip(snapshot.segments, masks, strict=True):
            for field in fields:
                if field in segment.columns:
                    counts[field].update(_counts(segment.columns[field], mask))
    return {
        field: sorted(found.items(), key=lambda one: (-one[1], str(one[0])))[:limit] for field, found in counts.items()
    }


def _counts(column: Column, mask: Mask) -> dict[Scalar, int]:
    found = np.bincount(column.codes[mask[column.documents]])
    values = ((column.value(int(code)), int(found[code])) for code in found.nonzero()[0])
    return {value: count for value, count in values if value is not None}


def first_by(snapshot: Snapshot, selection: Selection, sort: str | None, k: int) -> list[tuple[int, int]]:
    """The first ``k`` matching documents in the order of a field, as (segment, document number).

    Numbers come before texts, and texts before false and true; of several values the one that comes first counts.
    Documents without the field come last, whatever the direction; equal ones in insertion order.

    Args:
        sort: The field's name, with ``-`` before it for descending; None for the insertion order alone.
    """
    with naming_damage(snapshot.segments):
        places = [np.zeros(s.native.documents) for s in snapshot.segments] if sort is None else _places(snapshot, sort)
        found = [mask.nonzero()[0] for mask in matching(snapshot, selection)]
        segments = np.repeat(np.arange(len(found)), [len(part) for part in found])
        documents = _joined(found, np.int64)
        keys = _joined([place[part] for place, part in zip(places, found, strict=True)], np.float64)
        insertions = _joined([s.insertions[part] for s, part in zip(snapshot.segments, found, strict=True)], np.uint64)
    first = np.lexsort((insertions, keys))[:k]
    return [(int(segments[i]), int(documents[i])) for i in first]


def _places(snapshot: Snapshot, sort: str) -> list[NDArray[np.float64]]:
    """For each segment where each document comes; shape (documents,), infinity for those without the field."""
    field, sign = sort.removeprefix("-"), -1.0 if sort.startswith("-") else 1.0
    snapshot.check_fields({field})
    columns = [s.columns.get(field) for s in snapshot.segments]
    texts = sorted({text for column in columns if column for text in column.texts})
    numbers = np.unique(_joined([column.numbers for column in columns if column], np.float64))
    rank = {text: len(numbers) + i for i, text in enumerate(texts)}
    places = []
    for segment, column in zip(snapshot.segments, columns, strict=True):
        place = np.full(segment.native.documents, np.inf)
        if column is not None:
            last = float(len(numbers) + len(texts))
            ranks = sign * _joined(
                [np.searchsorted(numbers, column.numbers), np.array([last, last + 1, sign * np.inf])], np.float64
            )
            of_texts = sign * np.array([rank[text] for text in column.texts], np.float64)
            np.minimum.at(place, column.documents, np.concatenate([of_texts, ranks])[column.codes])
        places.append(place)
    return places


def _joined(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([*parts, np.empty(0, kind)]).astype(kind)
