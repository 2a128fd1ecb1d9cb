"""Which fields the documents of an index have, as the heads of the columns tell it: nothing of their size is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gossamer.retrieval.index.columns import known_fields
from gossamer.retrieval.index.snapshot import naming_damage
from gossamer.retrieval.index.where import to_number, to_period

if TYPE_CHECKING:
    from gossamer.retrieval.index.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class FieldOutline:
    """A field of documents, in outline.

    Args:
        name: Its name.
        kind: ``number``, ``date``, ``text``, or ``other`` for what is true, false or can only exist.
        values: How many values there are, over all documents, deleted ones included.
        distinct: How many different ones, at least: the most in any segment.
    """

    name: str
    kind: Literal["number", "date", "text", "other"]
    values: int
    distinct: int


def outline(snapshot: Snapshot) -> list[FieldOutline]:
    """The fields, ascending by name."""
    with naming_damage(snapshot.segments):
        columns = [segment.columns for segment in snapshot.segments]
        return [_field(name, [c.outline(name) for c in columns if name in c]) for name in known_fields(columns)]


def _field(name: str, parts: Iterable[tuple[int, int, int, list[str]]]) -> FieldOutline:
    values, texts, numbers, sample = zip(*parts, strict=True)
    first = [text for part in sample for text in part]
    kind: Literal["number", "date", "text", "other"] = "text" if any(texts) else "number" if any(numbers) else "other"
    if first and all(to_number(text) is None and to_period(text) is not None for text in first):
        kind = "date"
    distinct = max(t + n for t, n in zip(texts, numbers, strict=True))
    return FieldOutline(name, kind, sum(values), distinct if kind != "other" else 2)
