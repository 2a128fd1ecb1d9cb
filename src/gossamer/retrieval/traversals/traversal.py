"""What the named ways of searching share: options, the structures they need, and how an index keeps and picks them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from gossamer import _native
from gossamer.errors import UsageError

Sections = Mapping[str, tuple[str, Any]]  # name: element kind, bytes


@dataclass(frozen=True, slots=True)
class Traversal(ABC):
    """A way of searching a :class:`~gossamer.retrieval.BlockIndex`, with its options.

    The options of a method are the fields of its class: those in ``SEARCH`` may differ from search to search, the
    others are fixed when the index is built.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> index = BlockIndex.build(vectors, traversal="term-at-a-time")
        >>> index.search(vectors[1], k=1)[0].tolist()
        [[1]]
    """

    NAME: ClassVar[str]
    SEARCH: ClassVar[frozenset[str]] = frozenset()
    BUILT: ClassVar[bool] = True  # whether it needs more than every index has

    def sections(self, space: _native.BlockSpace, threads: int) -> Sections:
        """What is stored with an index for this method, under names that start with ``NAME.``; nothing by default."""
        return {}

    @abstractmethod
    def structure(self, space: _native.BlockSpace, sections: Sections) -> Any:
        """What searches read, over the stored sections or made from the vectors; made when first needed.

        Raises:
            Damaged: The sections or the vectors are not as they were built.
        """

    @abstractmethod
    def over(self, structure: Any) -> _native.Search:
        """The native search with these options."""

    def memory(self, structure: Any) -> dict[str, int]:
        """Bytes of the structure that are in memory alone, by part; nothing where it only reads stored sections."""
        return {}

    def built(self) -> str:
        """Name and the options that are fixed at the build: two methods that agree share what they read."""
        fixed = {option: value for option, value in asdict(self).items() if option not in self.SEARCH}
        return f"{self.NAME}({', '.join(f'{option}={value!r}' for option, value in fixed.items())})"

    def series(self, k: int) -> list[list[Traversal]]:
        """Approximate settings of its search options for k results: series of rising effort; none by default."""
        return []

    def facts(self) -> dict[str, Any]:
        """Name and options, as JSON values."""
        return {"name": self.NAME, "options": asdict(self)}


def within(option: str, value: int, least: int, most: int) -> None:
    """Nothing, unless a whole number is outside ``least..most``: then UsageError."""
    if not least <= value <= most or value != int(value):
        raise UsageError(f"{option}={value} must be a whole number from {least} to {most}")


def share(option: str, value: float) -> None:
    """Nothing, unless a number is outside (0, 1]: then UsageError."""
    if not 0 < value <= 1:
        raise UsageError(f"{option}={value} must be above 0 and at most 1")


def classes() -> dict[str, type[Traversal]]:
    """Every method by name."""
    from gossamer.retrieval import traversals

    found = [getattr(traversals, name) for name in traversals.__all__ if name != "Traversal"]
    return {one.NAME: one for one in found}


def chosen(traversal: str | Traversal) -> Traversal | None:
    """A method by name, with its defaults; None for ``"auto"`` and ``"exact"``, which need nothing of their own.

    Raises:
        UsageError: There is no such method.
    """
    if isinstance(traversal, Traversal):
        return traversal
    if traversal in ("auto", "exact"):
        return None
    known = classes()
    if traversal not in known:
        raise UsageError(f"traversal={traversal!r} must be one of auto, exact, {', '.join(sorted(known))}")
    return known[traversal]()


class Built:
    """The method that an index was built for, with what it needs; picks how a search goes.

    Args:
        space: The vectors.
        sections: All sections of the index.
        facts: What :meth:`Traversal.facts` gave; None when the index has no method of its own.
    """

    def __init__(self, space: _native.BlockSpace, sections: Sections, facts: Mapping[str, Any] | None) -> None:
        known = classes().get(facts["name"]) if facts else None
        self._method = known(**facts["options"]) if known and facts else None
        self._space, self._sections, self._exact = space, sections, _native.exact(space)
        self._structure: Any = None

    def pick(self, asked: str | Traversal | None) -> _native.Search:
        """The search to run.

        Args:
            asked: None = as the index was built; otherwise ``"exact"``, or the method of the index, whose search
                options may differ.

        Raises:
            UsageError: The index was built without this method or with other options.
        """
        wanted = self._method if asked is None else chosen(asked)
        if wanted is None:
            return self._exact
        if not wanted.BUILT:
            return wanted.over(wanted.structure(self._space, self._sections))
        built = self._method
        advice = f"build it with BlockIndex.build(vectors, traversal={asked!r})"
        if type(built) is not type(wanted) or built is None:
            has = "no traversal of its own" if built is None else f"traversal={built.NAME!r}"
            raise UsageError(f"this index has {has}; to search by {wanted.NAME!r}, {advice}")
        if isinstance(asked, str):
            wanted = built
        if wanted.built() != built.built():
            raise UsageError(f"this index was built for {built.built()}; for other options, {advice}")
        return wanted.over(self._read(built))

    def memory(self) -> dict[str, int]:
        """Bytes, by part, of what the method of the index reads beside the sections; made now if no search has yet."""
        method = self._method
        if method is None or not method.BUILT:
            return {}
        return {f"{method.NAME}.{part}": size for part, size in method.memory(self._read(method)).items()}

    def _read(self, method: Traversal) -> Any:
        if self._structure is None:
            self._structure = method.structure(self._space, self._sections)
        return self._structure

    def families(self, k: int, postings: int) -> list[list[Traversal]]:
        """Approximate searches to choose among: series of rising effort.

        Args:
            k: Results.
            postings: How many an exact search reads.
        """
        from gossamer.retrieval.traversals.two_phase import series

        own: list[list[Traversal]] = self._method.series(k) if self._method is not None else []
        return own + series(k, postings)
