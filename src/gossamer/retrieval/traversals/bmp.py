"""BMP: blocks of neighbouring documents, scored by falling bound until none can matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gossamer import _native
from gossamer.retrieval.traversals.traversal import Sections, Traversal, share, within


@dataclass(frozen=True, slots=True)
class BlockMaxPruning(Traversal):
    """Bounds every block of documents by its 8-bit maxima, then scores blocks, best bound first. Exact as it stands.

    Mallia, Suel & Tonellotto, "Faster Learned Sparse Retrieval with Block-Max Pruning" (2024). The maxima are
    rounded up, values and sums are float32; what was found is scored exactly. Blocks, each with a small inverted
    file, are made from the vectors when the first search needs them, about 12 bytes an entry; nothing is stored.

    Args:
        block_size: Documents of a block, 8 to 256.
        compressed: Keep maxima only of blocks that have the term; otherwise one byte for every term and block.
        saturating: Lose what the authors' code loses: values are rounded to 8 bits, query weights to 0..32, and sums
            stay at 65,535, the largest 16-bit number. Not exact.
        alpha: Blocks are scored while alpha times their bound reaches the k-th score, in (0, 1]; approximate below 1.
        beta: The share of the query's terms, strongest first, that find documents, in (0, 1]; approximate below 1.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> index = BlockIndex.build(vectors, traversal=BlockMaxPruning(block_size=16))
        >>> index.search(vectors[1], k=1, traversal=BlockMaxPruning(block_size=16, alpha=0.8))[0].tolist()
        [[1]]
    """

    NAME: ClassVar[str] = "bmp"
    SEARCH: ClassVar[frozenset[str]] = frozenset({"alpha", "beta"})

    block_size: int = 8
    compressed: bool = True
    saturating: bool = False
    alpha: float = 1.0
    beta: float = 1.0

    def __post_init__(self) -> None:
        within("block_size", self.block_size, 8, 256)
        share("alpha", self.alpha)
        share("beta", self.beta)

    def structure(self, space: _native.BlockSpace, sections: Sections) -> _native.BmpIndex:
        """Block maxima and blocks."""
        return _native.BmpIndex(space, self.block_size, self.compressed, self.saturating)

    def memory(self, structure: _native.BmpIndex) -> dict[str, int]:
        """All of it."""
        return structure.parts

    def over(self, structure: _native.BmpIndex) -> _native.Search:
        """The native search."""
        return _native.bmp(structure, self.alpha, self.beta)
