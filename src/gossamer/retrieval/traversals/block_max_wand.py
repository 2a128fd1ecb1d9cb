"""Block-Max WAND: WAND that looks at the maxima of short blocks of postings before it scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gossamer import _native
from gossamer.retrieval.traversals.traversal import Sections, Traversal, within


@dataclass(frozen=True, slots=True)
class BlockMaxWand(Traversal):
    """Passes over runs of documents where the maxima of the blocks of postings show that none can matter. Exact.

    Ding & Suel, "Faster Top-k Document Retrieval Using Block-Max Indexes" (2011). Lists and maxima are made from the
    vectors when the first search needs them, about 8 bytes an entry; nothing is stored.

    Args:
        block_size: Postings of a block, 1 or more.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> BlockIndex.build(vectors, traversal=BlockMaxWand(block_size=128)).search(vectors[0], k=1)[0].tolist()
        [[0]]
    """

    NAME: ClassVar[str] = "bmw"

    block_size: int = 64

    def __post_init__(self) -> None:
        within("block_size", self.block_size, 1, 2**32)

    def structure(self, space: _native.BlockSpace, sections: Sections) -> _native.BlockMaxPostings:
        """Lists in document order with the maximum of every block."""
        return _native.BlockMaxPostings(space, self.block_size)

    def memory(self, structure: _native.BlockMaxPostings) -> dict[str, int]:
        """All of it."""
        return structure.parts

    def over(self, structure: _native.BlockMaxPostings) -> _native.Search:
        """The native search."""
        return _native.block_max_wand(structure)
