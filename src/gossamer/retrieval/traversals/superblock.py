"""Superblock pruning: runs of blocks are passed over together, by the largest and the mean of their maxima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.traversals.traversal import Sections, Traversal, share, within


@dataclass(frozen=True, slots=True)
class SuperblockPruning(Traversal):
    """Bounds superblocks first, then the blocks of those that can matter, best bound first. Exact as it stands.

    Carlson, Xie, He & Yang, "Dynamic Superblock Pruning for Fast Learned Sparse Retrieval" (2025). The blocks are
    those of :class:`BlockMaxPruning`, made from the vectors when the first search needs them; nothing is stored.

    Args:
        block_size: Documents of a block, 8 to 256.
        superblock: Blocks of a superblock, 2 to 256.
        mu: A superblock is passed over where mu times its bound by the largest maxima misses the k-th score, and
        eta: eta times the one by the mean of the maxima does too; a block where eta times its bound does.
            0 < mu <= eta <= 1; below 1 it is approximate.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> index = BlockIndex.build(vectors, traversal=SuperblockPruning())
        >>> index.search(vectors[1], k=1, traversal=SuperblockPruning(mu=0.5, eta=0.9))[0].tolist()
        [[1]]
    """

    NAME: ClassVar[str] = "superblock"
    SEARCH: ClassVar[frozenset[str]] = frozenset({"mu", "eta"})

    block_size: int = 8
    superblock: int = 64
    mu: float = 1.0
    eta: float = 1.0

    def __post_init__(self) -> None:
        within("block_size", self.block_size, 8, 256)
        within("superblock", self.superblock, 2, 256)
        share("mu", self.mu)
        share("eta", self.eta)
        if self.mu > self.eta:
            raise UsageError(f"mu={self.mu} must not be larger than eta={self.eta}")

    def structure(self, space: _native.BlockSpace, sections: Sections) -> _native.SuperblockIndex:
        """Maxima of superblocks and blocks, and blocks."""
        return _native.SuperblockIndex(space, self.block_size, self.superblock)

    def memory(self, structure: _native.SuperblockIndex) -> dict[str, int]:
        """All of it."""
        return structure.parts

    def over(self, structure: _native.SuperblockIndex) -> _native.Search:
        """The native search."""
        return _native.superblock(structure, self.mu, self.eta)
