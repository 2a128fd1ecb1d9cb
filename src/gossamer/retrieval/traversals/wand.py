"""WAND: document after document, leaping to the next where the bounds of the lists reach the k-th score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gossamer import _native
from gossamer.retrieval.traversals.traversal import Sections, Traversal


@dataclass(frozen=True, slots=True)
class Wand(Traversal):
    """Keeps its places in the lists ordered by document, and moves to the first where enough lists can meet. Exact.

    Broder, Carmel, Herscovici, Soffer & Zien, "Efficient Query Evaluation Using a Two-Level Retrieval Process"
    (2003). Lists in document order are made from the vectors when the first search needs them, 8 bytes an entry;
    nothing is stored.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> BlockIndex.build(vectors, traversal=Wand()).search(vectors[0], k=2)[1].tolist()
        [[1.0, 0.5]]
    """

    NAME: ClassVar[str] = "wand"

    def structure(self, space: _native.BlockSpace, sections: Sections) -> _native.BlockPostings:
        """Lists in document order."""
        return _native.BlockPostings(space)

    def memory(self, structure: _native.BlockPostings) -> dict[str, int]:
        """All of it."""
        return structure.parts

    def over(self, structure: _native.BlockPostings) -> _native.Search:
        """The native search."""
        return _native.wand(structure)
