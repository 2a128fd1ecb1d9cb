"""An index over sparse vectors alone: exact top-k by inner product, built in one go, saved as one directory.

Lists are layered by impact and read only as far as the k-th best score makes it necessary, after Anh, de Kretser &
Moffat, "Vector-Space Ranking with Effective Early Termination" (2001), and Turtle & Flood, "Query Evaluation:
Strategies and Optimizations" (1995); whole vectors in a forward file give the exact scores.
"""

from __future__ import annotations

import json
import tempfile
import warnings
import zlib
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from gossamer import _native
from gossamer.errors import GossamerError, IndexDamaged, IndexTooNew, NoSuchIndex, UsageError
from gossamer.retrieval.calibration import DEPTHS, TARGETS, Calibration, Original, calibrate
from gossamer.retrieval.index.approximation import Uncalibrated as Uncalibrated, check_recall
from gossamer.retrieval.index.container import Container, ContainerWriter, FileEntry
from gossamer.retrieval.index.limits import parse_size, threads_of
from gossamer.retrieval.index.spaces import Values as Values
from gossamer.retrieval.index.storage import Storage
from gossamer.retrieval.traversals.traversal import Built, Traversal, chosen
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Order = Literal["given", "bisect", "cluster"]
Ids = NDArray[np.int64]
Scores = NDArray[np.float32]

FORMAT = 1
MANIFEST = "block.json"
_DATA = "block.gsm"
_SECTIONS = {
    "columns", "layers", "lists.offsets", "lists", "steps.offsets", "steps",
    "forward.offsets", "forward.columns", "forward.values", "forward.scales", "order",
    "vocabulary",
}  # fmt: skip


class Cost(NamedTuple):
    """Means over queries.

    Args:
        postings: Entries of lists, or of summaries, that were read.
        scored: Rows that were scored by their whole vectors.
    """

    postings: float
    scored: float


class BlockIndex:
    """Sparse vectors, searched exactly. Make one with :meth:`build`, open a saved one with :meth:`open`.

    The score of a row is the sum over ascending columns of query times row in float64, rounded to float32; equal scores
    are ordered by row. With ``values="f16"`` or ``"u8"`` the rounded values are the vectors.

    Example:
        >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
        >>> ids, scores = BlockIndex.build(vectors).search(vectors[1], k=2)
        >>> ids.tolist(), scores.tolist()
        ([[1, 0]], [[4.25, 0.5]])
    """

    def __init__(self, sections: dict[str, Any], facts: dict[str, Any]) -> None:
        self._sections, self._facts = sections, facts
        self._space = _native.open_block(
            {name: data for name, (_, data) in sections.items() if name in _SECTIONS - {"vocabulary"}},
            facts["rows"],
            facts["values"],
        )
        self._traversal = Built(self._space, sections, facts.get("traversal"))
        known = facts.get("calibration")
        self._calibration = Calibration.from_dict(known) if known else None
        words = sections.get("vocabulary")
        self._vocabulary: list[str] | None = json.loads(bytes(words[1])) if words else None
        self._same_vocabulary = self._vocabulary

    @classmethod
    def build(
        cls,
        vectors: SparseVectors,
        *,
        traversal: str | Traversal = "auto",
        values: Values = "f32",
        order: Order = "given",
        signed: bool = False,
        threads: int | None = None,
        memory: int | str | None = None,
        seed: int = 0,
        queries: SparseVectors | None = None,
    ) -> BlockIndex:
        """The index of some vectors.

        Args:
            vectors: Shape (n, dim), non-negative unless ``signed``.
            traversal: How it is searched: ``"auto"``, ``"exact"``, or a method of :mod:`gossamer.retrieval.traversals`,
                by name or with options; what it needs is kept beside what exact search needs.
            values: How they are kept for scoring: as they are, or rounded to half precision or to 8 bits with a scale
                for each row.
            order: In which order rows are stored, which no answer depends on: as they come; by recursive graph
                bisection (Dhulipala et al., "Compressing Graphs and Indexes with Recursive Graph Bisection", 2016); or
                cluster after cluster of k-means. An order takes some 300 bytes a row beside ``memory``.
            signed: Take negative values, in vectors and queries: search is exact by bounds of absolute values.
            threads: None = the processors this process may use; the result is the same.
            memory: About how much to use beside the vectors, such as "512MiB"; the result is the same. Parts that do
                not fit are kept in a temporary file that goes with the index. None = whatever is fastest.
            seed: Draws the first centres of ``order="cluster"``.
            queries: Calibrates the index; see :meth:`tune`.

        Raises:
            UsageError: A value is negative (row and term are named), or an argument is wrong.
            GossamerError: The temporary file cannot be written.
        """
        if values not in get_args(Values):
            raise UsageError(f"values={values!r} must be one of {', '.join(get_args(Values))}")
        method = chosen(traversal)
        if order not in get_args(Order):
            raise UsageError(f"order={order!r} must be one of {', '.join(get_args(Order))}")
        if not 0 <= seed < 2**64:
            raise UsageError(f"seed={seed} must be from 0 to 2**64 - 1")
        if not signed:
            vectors.refuse_negative()
        elif values == "u8" or (method is not None and method.BUILT):
            raise UsageError('signed=True goes with values="f32" or "f16", and with exact search')
        try:
            built = _native.build_block(
                vectors.indptr, vectors.indices, vectors.values, values, threads_of(threads), order, seed,
                0 if memory is None else parse_size(memory), tempfile.gettempdir(),
            )  # fmt: skip
        except RuntimeError as error:
            raise GossamerError(f"{error}; free some space there or set TMPDIR to another folder") from error
        sections: dict[str, Any] = {name: (kind, data) for name, kind, _, data in built}
        if vectors.vocabulary is not None:
            names = json.dumps(vectors.vocabulary, ensure_ascii=False).encode("utf-8", "surrogatepass")
            sections["vocabulary"] = ("u8", names)
        facts: dict[str, Any] = {"rows": len(vectors), "dim": vectors.dim, "values": values, "signed": signed}
        index = cls(sections, facts)
        if method is not None:
            own = method.sections(index._space, threads_of(threads))
            index = cls({**sections, **own}, {**facts, "traversal": method.facts()})
        if queries is not None:
            index.tune(queries, vectors=vectors)
        return index

    @classmethod
    def open(cls, path: str | PathLike[str]) -> BlockIndex:
        """A saved index, mapped into memory.

        Raises:
            NoSuchIndex, IndexDamaged, IndexTooNew: It cannot be opened.
        """
        storage = Storage(Path(path))
        try:
            content = storage.read(MANIFEST)
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchIndex(f"{path}: no saved BlockIndex here") from None
        line, _, rest = content.partition(b"\n")
        if rest != b"%08x\n" % zlib.crc32(line):
            raise IndexDamaged(storage.root / MANIFEST, 0, "it does not match its checksum", "save the index again")
        manifest = json.loads(line)
        if manifest["format"] > FORMAT:
            raise IndexTooNew(f"{path}: format {manifest['format']}; this gossamer reads {FORMAT}. Upgrade gossamer.")
        try:
            container = Container(storage, FileEntry(**manifest["file"]))
        except FileNotFoundError:
            raise IndexDamaged(storage.root / _DATA, 0, "the file is missing", "save the index again") from None
        container.refuse_unknown(_SECTIONS)
        sections = {name: (one.kind, container.section(name)) for name, one in container.sections.items()}
        try:
            return cls(sections, container.facts)
        except (_native.Damaged, ValueError) as error:
            raise IndexDamaged(storage.root / _DATA, 0, str(error), "save the index again") from error

    def save(self, path: str | PathLike[str]) -> None:
        """Write the index to a directory, which is made; one that was there is replaced once this one is whole.

        Raises:
            GossamerError: It cannot be written.
        """
        storage = Storage(Path(path))
        try:
            storage.make_root()
            container = ContainerWriter(storage, _DATA + ".next")
            try:
                for name, (kind, data) in self._sections.items():
                    container.section(name, kind, name in _SECTIONS, [memoryview(data)])
                entry = container.finish(self._facts)
            except BaseException:
                container.abandon()
                raise
            line = json.dumps({"format": FORMAT, "file": {**asdict(entry), "file": _DATA}}).encode()
            with storage.create(MANIFEST + ".next") as file:
                file.write(line + b"\n%08x\n" % zlib.crc32(line))
                file.sync()
            storage.rename(_DATA + ".next", _DATA)
            storage.rename(MANIFEST + ".next", MANIFEST)
            storage.sync_directory()
        except OSError as error:
            raise GossamerError(f"{path}: cannot save the index here: {error.strerror or error}") from error

    def __len__(self) -> int:
        return int(self._facts["rows"])

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, dim)``."""
        return len(self), int(self._facts["dim"])

    def search(
        self,
        queries: SparseVectors,
        k: int = 10,
        *,
        recall: float | None = None,
        where: NDArray[np.bool_] | Sequence[bool] | None = None,
        budget_us: float | None = None,
        traversal: str | Traversal | None = None,
        exhaustive: bool = False,
        threads: int = 1,
    ) -> tuple[Ids, Scores]:
        """The k best rows for each query, of those that share a term with it.

        Args:
            queries: Shape (q, dim), non-negative unless the index is signed; where both have a vocabulary, terms are
                matched by name.
            k: How many.
            recall: Mean share of the true k best that may be returned instead of all of them, in (0, 1]; None and 1
                are exact. What reaches it is known from :meth:`tune`; where that does not know, and under a filter,
                search is exact, and a :class:`Uncalibrated` warning says so.
            where: Shape (n,): which rows may be returned.
            budget_us: Instead of a recall: the best one whose search took at most so many microseconds a query.
            traversal: ``"exact"``, or the method that the index was built for, with other search options; None = as
                it was built.
            exhaustive: Score every row instead of pruning; the result is the same.
            threads: How many queries are searched at a time.

        Returns:
            Row numbers (int64) and scores (float32), shape (q, k); -1 and -inf where there are no more.

        Raises:
            UsageError: A weight is negative, k < 1, the filter has another length, or the index was not built for the
                traversal.
        """
        if recall is not None or budget_us is not None:
            if traversal is not None or exhaustive or (recall is not None and budget_us is not None):
                raise UsageError("recall, budget_us, traversal and exhaustive exclude each other")
            traversal = self._calibrated(k, recall, budget_us, where is not None)
        return self._run(queries, k, where, traversal, exhaustive, threads)[:2]

    def cost(
        self,
        queries: SparseVectors,
        k: int = 10,
        *,
        recall: float | None = None,
        where: NDArray[np.bool_] | Sequence[bool] | None = None,
        traversal: str | Traversal | None = None,
    ) -> Cost:
        """What :meth:`search` with the same arguments does for a query, counted: the same on every machine.

        Example:
            >>> vectors = SparseVectors.from_dicts([{"wing": 1.0}, {"wing": 0.5, "lift": 2.0}])
            >>> BlockIndex.build(vectors, traversal="term-at-a-time").cost(vectors[1], k=1)
            Cost(postings=3.0, scored=2.0)
        """
        if recall is not None:
            if traversal is not None:
                raise UsageError("recall and traversal exclude each other")
            traversal = self._calibrated(k, recall, None, where is not None)
        _, _, read, scored = self._run(queries, k, where, traversal)
        count = max(1, len(queries))
        return Cost(read / count, scored / count)

    def _run(
        self,
        queries: SparseVectors,
        k: int,
        where: NDArray[np.bool_] | Sequence[bool] | None = None,
        traversal: str | Traversal | None = None,
        exhaustive: bool = False,
        threads: int = 1,
    ) -> tuple[Ids, Scores, int, int]:
        """What :meth:`search` returns; then the postings read and rows scored for all queries together."""
        if k < 1:
            raise UsageError(f"k={k} must be >= 1")
        columns = self._columns(queries)
        accepted = None if where is None else np.ascontiguousarray(where, np.bool_)
        if accepted is not None and accepted.shape != (len(self),):
            raise UsageError(f"the filter has shape {accepted.shape}; it needs one value for each of {len(self)} rows")
        try:
            search = _native.exhaustive(self._space) if exhaustive else self._traversal.pick(traversal)
            return search(columns.indptr, columns.indices, columns.values, k, accepted, threads)
        except _native.Damaged as error:
            raise IndexDamaged("the index", 0, str(error), "build and save it again") from error

    def _calibrated(self, k: int, recall: float | None, budget_us: float | None, filtered: bool) -> str | Traversal:
        """The search for a recall, or for a time."""
        if recall is not None:
            check_recall(recall)
        if recall == 1:
            return "exact"
        found, known = None, self._calibration
        if known is not None and not filtered:
            if recall is None:
                return known.within(k, budget_us or 0) or "exact"
            found = known.at_recall(k, recall)
        if found is None:
            why = (
                "under a filter" if filtered else "before tune()" if known is None else f"at k={k} and recall={recall}"
            )
            warnings.warn(f"no approximate search is proven {why}: this one is exact", Uncalibrated, stacklevel=3)
        return found or "exact"

    def tune(
        self,
        queries: SparseVectors,
        targets: Sequence[float] = TARGETS,
        *,
        depths: Sequence[int] = DEPTHS,
        sources: Sequence[int] | None = None,
        vectors: SparseVectors | None = None,
        others: Mapping[str, SparseVectors] | None = None,
    ) -> Calibration:
        """Find out which search reaches which recall; kept with the index, also by :meth:`save`.

        Args:
            queries: At least 1,000, such as those to come.
            targets: Recalls that a search may ask for; it gets the next one up.
            depths: For how many results k; a search for another k is held to the next larger one.
            sources: The row that each query was made from, or -1; it counts neither as found nor as missed.
            vectors: Those the index was built from, where it keeps rounded ones: recall is then measured against
                their scores. None measures it against what exact search finds.
            others: Queries of other kinds by name; :meth:`stats` shows what the chosen settings reach on them.

        Raises:
            UsageError: Too few queries, or an argument is wrong.
        """
        queries = self._columns(queries)
        read = self.cost(queries, traversal="exact").postings
        self._calibration = calibrate(
            lambda how, some, k: self.search(some, k, traversal=how or "exact"),
            lambda k: self._traversal.families(k, int(read)),
            queries,
            rows=len(self),
            targets=targets,
            depths=depths,
            sources=sources,
            original=self._original(vectors),
            others={name: self._columns(some) for name, some in (others or {}).items()},
        )
        self._facts["calibration"] = self._calibration.to_dict()
        return self._calibration

    def _original(self, vectors: SparseVectors | None) -> Original | None:
        if vectors is None or self._facts["values"] == "f32":
            return None
        if vectors.shape != self.shape:
            raise UsageError(f"the index was built from vectors of shape {self.shape}, not {vectors.shape}")
        exact = BlockIndex.build(vectors, signed=bool(self._facts.get("signed")))
        return Original(vectors, lambda _, queries, k: exact.search(queries, k))

    def _columns(self, queries: SparseVectors) -> SparseVectors:
        """The queries over this index's columns."""
        if not self._facts.get("signed"):
            queries.refuse_negative()
        names = queries.vocabulary
        if self._vocabulary is None or names is None or names is self._same_vocabulary:
            return queries
        if names == self._vocabulary:
            self._same_vocabulary = names  # comparing names takes longer than a search
            return queries
        place = {term: column for column, term in enumerate(self._vocabulary)}
        rows = [{t: w for t, w in row.items() if t in place} for row in queries.to_dicts()]
        return SparseVectors.from_dicts(rows, self._vocabulary)

    def stats(self) -> dict[str, Any]:
        """Rows, terms and sizes, as JSON values.

        ``parts`` are the bytes of each part as it is saved and mapped, ``bytes`` their sum; ``memory`` those of what
        a named traversal makes of them for its searches, which is not saved.
        """
        parts = {name: len(memoryview(data)) for name, (_, data) in self._sections.items()}
        sizes = {"bytes": sum(parts.values()), "parts": parts, "memory": self._traversal.memory()}
        return {**self._facts, "terms": self._space.terms, **sizes}
