"""Seismic: few strong lists in blocks of close rows, opened only where a summary of the block promises enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.traversals.traversal import Sections, Traversal

Pruning = Literal["threshold", "fixed"]
Blocking = Literal["inverted-approx", "inverted-pruned", "exact", "random", "value-order"]
Summary = Literal["max", "mean"]
Rounding = Literal["nearest", "ceil"]
Ordered = Literal["none", "first", "all"]

_MOST = 2**32 - 1  # what the native code reads as: no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Seismic(Traversal):
    """Approximate; exact with ``Seismic.exact()``.

    Lists are cut to their largest values and split into blocks of rows whose vectors are close. A block's summary says
    about what its rows can score; blocks that stay below ``heap_factor`` times the k-th best score are skipped.

    Bruch, Nardini, Rulli & Venturini, "Efficient Inverted Indexes for Approximate Retrieval over Learned Sparse
    Representations" (2024). ``neighbours`` and ``ordered="all"``: their "Pairing Clustered Inverted Indexes with kNN
    Graphs for Fast Approximate Retrieval over Learned Sparse Representations" (2024). ``compressed``: Bruch, Fontana,
    Nardini, Rulli & Venturini, "Forward Index Compression for Learned Sparse Retrieval" (2026).

    Args:
        n_postings: Mean postings kept of a term; None keeps all. Good values grow with the collection: rows / 500.
        pruning: ``"threshold"`` keeps the largest values of all lists together and at most ``max_fraction`` times
            n_postings of one; ``"fixed"`` keeps n_postings of each.
        max_fraction: See above.
        blocking: How rows find the closest centroid: by their ``doc_cut`` largest entries over inverted lists of the
            centroids; the same over lists cut to ``centroid_share`` of the rows, then by whole vectors; by whole
            vectors. Naive: blocks of such sizes filled at random; ``block_size`` rows that follow each other by value.
        centroid_fraction: Centroids for each posting of a list.
        min_cluster_size: Blocks of so few rows are dissolved.
        doc_cut, centroid_share, block_size: See ``blocking``.
        summary: Of the vectors of a block, by coordinate.
        energy: Share of a summary's sum that its stored entries hold, the largest first.
        entries: Store so many entries instead.
        rounding: Of the 8-bit codes; ``"ceil"`` makes a whole summary an upper bound.
        neighbours: Closest rows that are stored for each row, found by searching the index with every row.
        compressed: Keep column numbers in one or two bytes, for at most 65,536 different terms.
        seed: Of the random centroids.
        query_cut: Lists that a search reads, those of its heaviest terms; None reads all.
        heap_factor: From 0, which opens every block, to 1.
        ordered: Whose blocks are read best summary first: no list's, the first list's, or those of all.
        hop: How many neighbours of each result are scored at the end; None = all that are stored.

    Raises:
        UsageError: An option is wrong.

    Example:
        >>> from gossamer.retrieval import BlockIndex, SparseVectors
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> index = BlockIndex.build(vectors, traversal=Seismic(n_postings=100))
        >>> index.search(vectors[1], k=1, traversal=Seismic(n_postings=100, query_cut=1))[0].tolist()
        [[1]]
    """

    NAME: ClassVar[str] = "seismic"
    SEARCH: ClassVar[frozenset[str]] = frozenset({"query_cut", "heap_factor", "ordered", "hop"})

    n_postings: int | None = 3500
    pruning: Pruning = "threshold"
    max_fraction: float = 1.5
    blocking: Blocking = "inverted-approx"
    centroid_fraction: float = 0.1
    min_cluster_size: int = 2
    doc_cut: int = 15
    centroid_share: float = 0.005
    block_size: int = 10
    summary: Summary = "max"
    energy: float = 0.4
    entries: int | None = None
    rounding: Rounding = "nearest"
    neighbours: int = 0
    compressed: bool = False
    seed: int = 0
    query_cut: int | None = 10
    heap_factor: float = 0.9
    ordered: Ordered = "first"
    hop: int | None = None

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"{name}={getattr(self, name)!r} must be one of {', '.join(get_args(kind))}")
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise UsageError(f"{name}={value!r} must be from {least} to {most}")

    @classmethod
    def exact(cls) -> Seismic:
        """Nothing is pruned, all lists are read, and summaries are bounds: the answer is that of brute force."""
        return cls(n_postings=None, energy=1.0, rounding="ceil", query_cut=None, heap_factor=1.0)

    def sections(self, space: _native.BlockSpace, threads: int) -> Sections:
        """The lists, their summaries and, as asked for, neighbours and compressed columns."""
        try:
            built = _native.build_seismic(
                space,
                pruning=self.pruning,
                n_postings=self.n_postings or 0,
                max_fraction=self.max_fraction,
                blocking=self.blocking,
                centroid_fraction=self.centroid_fraction,
                min_cluster_size=self.min_cluster_size,
                doc_cut=self.doc_cut,
                centroid_share=self.centroid_share,
                block_size=self.block_size,
                summary=self.summary,
                energy=self.energy,
                entries=self.entries or 0,
                rounding=self.rounding,
                neighbours=self.neighbours,
                compressed=self.compressed,
                seed=self.seed,
                threads=threads,
            )
        except ValueError as error:
            raise UsageError(f"compressed=True: {error}") from error
        return {name: (kind, data) for name, kind, _, data in built}

    def structure(self, space: _native.BlockSpace, sections: Sections) -> _native.SeismicLists:
        """The stored lists."""
        return _native.open_seismic(space, {n: data for n, (_, data) in sections.items() if n.startswith("seismic.")})

    def series(self, k: int) -> list[list[Traversal]]:
        """More and more lists, at several heap factors."""
        return [
            [replace(self, query_cut=cut, heap_factor=heap) for cut in (2, 3, 4, 5, 6, 8, 10, 12, 16, 20)]
            for heap in (1.0, 0.9, 0.8, 0.7)
        ]

    def over(self, structure: _native.SeismicLists) -> _native.Search:
        """The native search."""
        return _native.seismic(
            structure,
            query_cut=_MOST if self.query_cut is None else self.query_cut,
            heap_factor=self.heap_factor,
            ordered=self.ordered,
            hop=_MOST if self.hop is None else self.hop,
        )


_CHOICES = {"pruning": Pruning, "blocking": Blocking, "summary": Summary, "rounding": Rounding, "ordered": Ordered}
_RANGES: dict[str, tuple[float, float]] = {
    "n_postings": (1, _MOST), "max_fraction": (0, 1e9), "centroid_fraction": (0, 1), "min_cluster_size": (0, _MOST),
    "doc_cut": (1, _MOST), "centroid_share": (0, 1), "block_size": (1, _MOST), "energy": (0, 1), "entries": (1, _MOST),
    "neighbours": (0, 10_000), "seed": (0, 2**64 - 1),
    "query_cut": (1, _MOST), "heap_factor": (0, 1), "hop": (0, _MOST),
}  # fmt: skip
