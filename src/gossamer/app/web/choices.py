"""Which fields a page offers to narrow a search by, and which to order it by, where nobody has said so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gossamer.retrieval.index.outline import FieldOutline

MOST_FACETS = 5
MOST_ORDERS = 3
_MOST_VALUES = 100
_FEWEST_DOCUMENTS = 3  # a value, on average: below that a count tells little


def facet_fields(fields: Iterable[FieldOutline]) -> list[str]:
    """Those with few values that many documents share, the most widespread first.

    Example:
        >>> from gossamer.retrieval.index.outline import FieldOutline
        >>> facet_fields([FieldOutline("kind", "text", 90, 4), FieldOutline("path", "text", 90, 90)])
        ['kind']
    """
    chosen = [
        field
        for field in fields
        if field.kind != "date"
        and 2 <= field.distinct <= min(_MOST_VALUES, field.values / _FEWEST_DOCUMENTS)
        and field.name
        and "`" not in field.name
    ]
    return [field.name for field in sorted(chosen, key=lambda one: (-one.values, one.distinct))][:MOST_FACETS]


def order_fields(fields: Iterable[FieldOutline], documents: int) -> list[str]:
    """Numbers and dates that at least half of the documents have and that differ, the most widespread first.

    Args:
        fields: Of the index.
        documents: How many there are.

    Example:
        >>> from gossamer.retrieval.index.outline import FieldOutline
        >>> order_fields([FieldOutline("kind", "text", 90, 4), FieldOutline("year", "number", 80, 30)], 90)
        ['year']
    """
    chosen = [
        field
        for field in fields
        if field.kind in ("number", "date") and field.distinct > 1 and 2 * field.values >= documents
    ]
    return [field.name for field in sorted(chosen, key=lambda one: -one.values)][:MOST_ORDERS]
