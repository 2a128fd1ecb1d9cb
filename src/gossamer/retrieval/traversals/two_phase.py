"""Two phases: the strongest parts of the lists find candidates, whole vectors put them in order."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import ClassVar

from gossamer import _native
from gossamer.retrieval.traversals.traversal import Sections, Traversal, within

_FEWEST_POSTINGS = 500


@dataclass(frozen=True, slots=True)
class TwoPhase(Traversal):
    """Reads the pieces of lists that may add most for the postings they cost; scores the best rows found.

    Approximate. After Anh & Moffat, "Pruned Query Evaluation Using Pre-Computed Impacts" (2006). Every index can be
    searched so; :meth:`BlockIndex.tune` chooses the options for a recall.

    Args:
        postings: About how many are read, the strongest ones.
        candidates: How many rows are scored; at least 1.25 k.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> BlockIndex.build(vectors).search(vectors[1], k=1, traversal=TwoPhase(postings=100))[0].tolist()
        [[1]]
    """

    NAME: ClassVar[str] = "two-phase"
    BUILT: ClassVar[bool] = False
    SEARCH: ClassVar[frozenset[str]] = frozenset({"postings", "candidates"})

    postings: int = 12_000
    candidates: int = 64

    def __post_init__(self) -> None:
        within("postings", self.postings, 1, 2**32 - 1)
        within("candidates", self.candidates, 1, 2**32 - 1)

    def structure(self, space: _native.BlockSpace, sections: Sections) -> _native.BlockSpace:
        """The lists and vectors that every index has."""
        return space

    def over(self, structure: _native.BlockSpace) -> _native.Search:
        """The native search."""
        return _native.two_phase(structure, self.postings, self.candidates)


def series(k: int, postings: int) -> list[list[Traversal]]:
    """Settings for k results: series of rising effort.

    Args:
        k: Results.
        postings: How many an exact search reads.
    """
    # With k a measurement costs more, and a finer choice saves less.
    an_octave: int = 1
    widths: tuple[float, ...] = (1.6,)
    if k <= 100:
        an_octave, widths = 2, (1.6, 3.2)
    if k <= 10:
        an_octave, widths = 4, (1.6, 2.4, 3.2, 4.8, 6.4, 9.6)
    octaves = max(0.0, log2(2 * max(postings, 1) / _FEWEST_POSTINGS))
    effort = [round(_FEWEST_POSTINGS * 2 ** (i / an_octave)) for i in range(int(octaves * an_octave) + 1)]
    return [[TwoPhase(postings=n, candidates=max(16, round(width * k))) for n in effort] for width in widths]
