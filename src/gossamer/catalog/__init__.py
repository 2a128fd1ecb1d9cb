"""The catalogue of methods: where each comes from, where it stands in the taxonomy of the field, and how to run it.

Only what is implemented stands here; a test imports and runs every row. Entry points are strings, loaded on use, so
that reading the catalogue imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Sequence

from gossamer.catalog import learned, retrieval, text, traversals
from gossamer.catalog.records import AXES, Method, Neighbour, Paper, unknown
from gossamer.errors import UsageError

__all__ = ["Method", "Neighbour", "Paper", "axes", "get", "methods", "nearest"]

_METHODS: dict[str, Method] = {
    method.id: method for room in (text, retrieval, traversals, learned) for method in room.METHODS
}


def methods(**places: str | Sequence[str]) -> list[Method]:
    """The methods at certain places of the taxonomy, in the order of the catalogue.

    Args:
        places: Axis to value, or to several of which one must hold; all axes must hold. Without any: every method.

    Raises:
        UsageError: An unknown axis or value, with the nearest known one.

    Example:
        >>> [method.id for method in methods(traversal="exact", summary="term maximum")]
        ['exact-traversal', 'maxscore', 'wand', 'bmw']
    """
    wanted = {axis: (values,) if isinstance(values, str) else tuple(values) for axis, values in places.items()}
    for axis, values in wanted.items():
        if axis not in AXES:
            raise UsageError(unknown("axis", axis, AXES))
        for value in values:
            if value not in AXES[axis]:
                raise UsageError(unknown(f"value of the axis {axis}", value, AXES[axis]))
    return [
        method
        for method in _METHODS.values()
        if all(set(values) & set(method.axes.get(axis, ("none",))) for axis, values in wanted.items())
    ]


def get(id: str) -> Method:  # noqa: A002  (the word that the record uses)
    """The method with this id.

    Raises:
        UsageError: There is none, with the nearest known id.

    Example:
        >>> get("rrf").paper.year
        2009
    """
    if id not in _METHODS:
        raise UsageError(unknown("method", id, _METHODS))
    return _METHODS[id]


def axes() -> dict[str, tuple[str, ...]]:
    """The axes of the taxonomy and the values that each allows; ``none`` says that an axis does not apply."""
    return dict(AXES)


def nearest(id: str, limit: int = 5) -> list[Neighbour]:  # noqa: A002
    """The methods that differ from this one on the fewest axes.

    Raises:
        UsageError: There is no such method.

    Example:
        >>> [(n.method.id, list(n.differs)) for n in nearest("exact-traversal", limit=1)]
        [('maxscore', ['quantisation'])]
    """
    method = get(id)
    others = [Neighbour.of(method, other) for other in _METHODS.values() if other.id != id]
    return sorted(others, key=lambda neighbour: len(neighbour.differs))[:limit]
