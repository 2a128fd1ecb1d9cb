"""Engines over sparse vectors behind one face: query and setting in, row numbers out; built once, kept on disk.

Seismic: Bruch, Nardini, Rulli & Venturini (2024), its authors' package, by its integer interface where there is one.
BMP: Mallia, Suel & Tonellotto (2024). And two that anybody could write: every posting of the query's terms added up
in numba, and the same over lists that are cut off. Then the published traversals as we have them ourselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import measure, sparse_data
from benchmarks.report import OUT
from gossamer.retrieval import BlockIndex, SparseVectors, traversals
from gossamer.retrieval.traversals import Traversal

Setting = Mapping[str, float]
Row = tuple[NDArray[np.uint32], NDArray[np.float32]]  # columns and weights of one query
EXACT: Setting = {}


def split(vectors: SparseVectors) -> list[Row]:
    """Columns and weights of every row."""
    return [
        (vectors.indices[a:b], vectors.values[a:b]) for a, b in zip(vectors.indptr, vectors.indptr[1:], strict=False)
    ]


class Engine(ABC):
    """A peer. ``build`` writes its index; ``load`` reads it; ``settings`` are those that are tried for every recall."""

    name: str
    settings: Sequence[Setting] = (EXACT,)
    exact = False  # is the first setting?
    naive = False

    @abstractmethod
    def build(self, documents: SparseVectors, path: Path) -> float:
        """Write the index and return the processor seconds that it took, reading the input left out."""

    @abstractmethod
    def load(self, path: Path) -> None: ...

    @abstractmethod
    def prepare(self, query: Row) -> Any:
        """The query in the form that the engine likes best."""

    @abstractmethod
    def search(self, prepared: Any, k: int, setting: Setting) -> Sequence[int]: ...


class Seismic(Engine):
    """Plain Seismic: ``postings`` None for its defaults, else that many a list and up to six times as many."""

    settings = tuple({"query_cut": c, "heap_factor": h} for c, h in product((3, 5, 8, 12, 20), (1.0, 0.9, 0.8, 0.7)))

    def __init__(self, postings: int | None = None) -> None:
        self.name = "seismic" if postings is None else f"seismic n_postings={postings}"
        self._options = {} if postings is None else {"n_postings": postings, "max_fraction": 6.0}

    def build(self, documents: SparseVectors, path: Path) -> float:
        import seismic

        source = path.with_suffix(".input")
        _write_seismic(documents, source)
        begin = time.process_time()
        index = seismic.SeismicIndexRaw.build(str(source), **self._options)
        spent = time.process_time() - begin
        index.save(str(path))
        source.unlink()
        return spent

    def load(self, path: Path) -> None:
        import seismic

        self._index = seismic.SeismicIndexRaw.load(str(path))

    def prepare(self, query: Row) -> Any:
        known = query[0] < self._index.dim
        return query[0][known].astype(np.int32), query[1][known]

    def search(self, prepared: Any, k: int, setting: Setting) -> Sequence[int]:
        found = self._index.search(*prepared, k, setting["query_cut"], setting["heap_factor"], 0, True)
        return [row for _, row in found]


class DotVByte(Engine):
    """Seismic's defaults over a compressed forward index; terms go in as strings, there is no other way."""

    name = "seismic DotVByte"
    settings = Seismic.settings

    def build(self, documents: SparseVectors, path: Path) -> float:
        import seismic

        dataset = seismic.SeismicDataset(dim=documents.dim)
        names = [str(row) for row in range(len(documents))]
        dataset.add_documents_by_id(names, documents.indices.astype(np.int64), documents.values, documents.indptr)
        begin = time.process_time()
        index = seismic.SeismicIndexDotVByte.build_from_dataset(dataset, num_threads=1)
        spent = time.process_time() - begin
        index.save(str(path))
        Path(f"{path}.index.seismic").rename(path)  # what it makes of the name
        return spent

    def load(self, path: Path) -> None:
        import seismic

        self._index = seismic.SeismicIndexDotVByte.load(str(path))
        self._string = seismic.get_seismic_string()

    def prepare(self, query: Row) -> Any:
        return query[0].astype(str).astype(self._string), query[1]

    def search(self, prepared: Any, k: int, setting: Setting) -> Sequence[int]:
        found = self._index.search("0", *prepared, k, setting["query_cut"], setting["heap_factor"], 0, True)
        return [int(row) for _, _, row in found]


class BMP(Engine):
    """Block-max pruning, impacts of 8 bits, documents ordered by strongest term; blocks of 8 do best by far here."""

    name = "BMP"
    settings = tuple(
        {"alpha": a, "beta": b} for a, b in ((1.0, 1.0), (0.9, 1.0), (0.8, 1.0), (0.7, 1.0), (0.9, 0.7), (0.8, 0.5))
    )

    def build(self, documents: SparseVectors, path: Path) -> float:
        from bmp import Indexer

        impacts = np.maximum(1, np.round(documents.values * (255 / documents.values.max()))).astype(int)
        strongest = [columns[np.argmax(weights)] if len(columns) else 0 for columns, weights in split(documents)]
        order = np.argsort(strongest, kind="stable")
        index = Indexer(str(path), 8, True)
        spent = 0.0
        for chunk in np.array_split(order, max(1, len(order) // 1000)):
            given = [
                (str(row), dict(zip(map(str, documents.indices[part].tolist()), impacts[part].tolist(), strict=True)))
                for row in chunk
                for part in [slice(documents.indptr[row], documents.indptr[row + 1])]
            ]
            begin = time.process_time()
            for one in given:
                index.add_document(*one)
            spent += time.process_time() - begin
        begin = time.process_time()
        index.finish()
        return spent + time.process_time() - begin

    def load(self, path: Path) -> None:
        from bmp import Searcher

        self._index = Searcher(str(path))

    def prepare(self, query: Row) -> Any:
        return dict(zip(map(str, query[0].tolist()), query[1].tolist(), strict=True))

    def search(self, prepared: Any, k: int, setting: Setting) -> Sequence[int]:
        return [int(row) for row in self._index.search(prepared, k, setting["alpha"], setting["beta"])[0]]


class TermAtATime(Engine):
    """Every posting of the query's terms into one array of scores, compiled by numba.

    Args:
        longest: Lists keep only so many strongest postings: the naive way to save.
    """

    def __init__(self, longest: int | None = None) -> None:
        self.name = "numba term at a time" if longest is None else f"numba, lists of {longest}"
        self.exact, self.naive = longest is None, True
        self._longest = longest

    def build(self, documents: SparseVectors, path: Path) -> float:
        begin = time.process_time()
        columns, values = documents.indices, documents.values
        rows = np.repeat(np.arange(len(documents), dtype=np.uint32), np.diff(documents.indptr))
        if self._longest is not None:
            strongest = np.lexsort((-values, columns))
            place = np.arange(len(columns)) - np.searchsorted(columns[strongest], columns[strongest])
            kept = np.sort(strongest[place < self._longest])
            columns, values, rows = columns[kept], values[kept], rows[kept]
        order = np.argsort(columns, kind="stable")
        offsets = np.searchsorted(columns[order], np.arange(documents.dim + 1))
        spent = time.process_time() - begin
        with path.open("wb") as file:
            np.savez(file, offsets=offsets, rows=rows[order], values=values[order], n=len(documents))
        return spent

    def load(self, path: Path) -> None:
        with np.load(path) as kept:
            self._lists = kept["offsets"], kept["rows"], kept["values"]
            self._scores = np.zeros(int(kept["n"]), np.float32)
        self._search = _compiled()

    def prepare(self, query: Row) -> Any:
        return query[0].astype(np.int64), query[1]

    def search(self, prepared: Any, k: int, setting: Setting) -> Sequence[int]:
        found: Sequence[int] = self._search(*self._lists, *prepared, self._scores, k)
        return found


class Own(Engine):
    """One of our own traversals by name, with the settings of its search; values are kept as float16."""

    def __init__(
        self, traversal: Traversal, settings: Sequence[Setting] = (EXACT,), *, exact: bool = True, naive: str = ""
    ) -> None:
        self.name = ", ".join(filter(None, (f"our {traversal.NAME}", naive)))
        self.settings, self.exact, self.naive = settings, exact, bool(naive)
        self._traversal = traversal

    def build(self, documents: SparseVectors, path: Path) -> float:
        begin = time.process_time()
        index = BlockIndex.build(documents, traversal=self._traversal, values="f16", threads=1)
        spent = time.process_time() - begin
        index.save(path)
        return spent

    def load(self, path: Path) -> None:
        self._index = BlockIndex.open(path)

    def prepare(self, query: Row) -> Any:
        return SparseVectors([0, len(query[0])], *query, self._index.shape[1])

    def search(self, prepared: Any, k: int, setting: Setting) -> Sequence[int]:
        found: Sequence[int] = self._index.search(prepared, k, traversal=replace(self._traversal, **setting))[0][0]
        return found


def _compiled() -> Callable[..., Any]:
    import numba

    @numba.njit(fastmath=True)
    def search(offsets, rows, values, terms, weights, scores, k):  # type: ignore[no-untyped-def]
        for j in range(len(terms)):
            weight = weights[j]
            for at in range(offsets[terms[j]], offsets[terms[j] + 1]):
                scores[rows[at]] += weight * values[at]
        best, found, worst = np.zeros(k, np.float32), np.full(k, -1), np.float32(0)
        for row in range(len(scores)):
            score = scores[row]
            scores[row] = 0
            if score > worst:
                place = k - 1
                while place > 0 and best[place - 1] < score:
                    best[place], found[place] = best[place - 1], found[place - 1]
                    place -= 1
                best[place], found[place] = score, row
                worst = best[k - 1]
        return found

    compiled: Callable[..., Any] = search
    return compiled


def _write_seismic(vectors: SparseVectors, path: Path) -> None:
    """Seismic's own format, in words of 32 bits: how many, then the length, components and values of each."""
    lengths = np.diff(vectors.indptr)
    starts = 1 + np.arange(len(vectors)) + 2 * vectors.indptr[:-1]
    words = np.empty(1 + len(vectors) + 2 * vectors.nnz, np.uint32)
    words[0] = len(vectors)
    words[starts] = lengths
    place = np.arange(vectors.nnz) + np.repeat(starts + 1 - vectors.indptr[:-1], lengths)
    words[place] = vectors.indices
    words[place + np.repeat(lengths, lengths)] = vectors.values.view(np.uint32)
    words.tofile(path)


def engines(n: int) -> Iterator[Engine]:
    """The engines to measure on n documents; beyond half a million only two of Seismic's, which take hours to build."""
    yield TermAtATime()
    yield from (TermAtATime(max(50, n // share)) for share in (100, 30))
    yield Seismic(max(20, n // 500))
    yield Seismic()
    if n <= 500_000:
        yield DotVByte()
        yield BMP()
        yield from (Own(one) for one in (traversals.MaxScore(), traversals.Wand(), traversals.BlockMaxWand()))
        yield Own(traversals.BlockMaxPruning(), BMP.settings)
        loose = ((1.0, 1.0), (0.9, 1.0), (0.8, 0.9), (0.6, 0.8), (0.4, 0.7))
        yield Own(traversals.SuperblockPruning(), [{"mu": mu, "eta": eta} for mu, eta in loose])
        close = traversals.Seismic(n_postings=max(20, n // 500), max_fraction=6)
        yield Own(close, Seismic.settings, exact=False)
        same = [{"query_cut": cut, "heap_factor": heap} for cut, heap in ((3, 1.0), (5, 0.9), (8, 0.9))]
        yield Own(replace(close, blocking="random"), same, exact=False, naive="random blocks")


def built(engine: Engine, data: str) -> dict[str, Any]:
    """Load a peer's index over the vectors named, built first if it is not kept; build seconds and bytes."""
    path = place(data, engine.name)
    facts = path.with_suffix(".json")
    if not facts.exists():
        subprocess.run([sys.executable, "-m", "benchmarks.sparse_peers", data, engine.name], check=True)
    engine.load(path)
    found: dict[str, Any] = json.loads(facts.read_text())
    return found


def place(data: str, engine: str) -> Path:
    return OUT / "peers" / data.replace(":", "-") / engine.replace(" ", "-")


def main() -> None:
    """Build one peer in a process of its own, whose memory ends with it."""
    data, name = sys.argv[1:]
    measure.allow_threads(1)
    documents = sparse_data.named(data).documents
    engine = next(one for one in engines(len(documents)) if one.name == name)
    path = place(data, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = engine.build(documents, path)
    files = [path] if path.is_file() else list(path.iterdir())
    facts = {"engine": name, "build_s": seconds, "bytes": sum(one.stat().st_size for one in files)}
    path.with_suffix(".json").write_text(json.dumps(facts))
    print(facts, flush=True)


if __name__ == "__main__":
    main()
