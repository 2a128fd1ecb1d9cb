"""Sparse vectors: a compressed sparse row matrix with names for its columns, checked once, on the way in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gossamer.errors import GossamerError, UsageError

if TYPE_CHECKING:
    import scipy.sparse

FORMAT = "1"
_TOGETHER = 1 << 20  # entries that are checked at a time: vectors may be larger than memory
_MAPPED = {"I64": np.int64, "U32": np.uint32, "F32": np.float32}


class SparseVectors:
    """n sparse vectors of dimension dim.

    Args:
        indptr: (n + 1,) int64; row i holds entries ``indptr[i]:indptr[i + 1]``.
        indices: (nnz,) uint32 columns; unique in a row, any order (stored ascending).
        values: (nnz,) float32; zeros are dropped.
        dim: Number of columns.
        vocabulary: Column number to term, or None.

    Raises:
        ValueError: A duplicate, NaN, infinity or column out of range, naming row and term; or shapes disagree.

    Example:
        >>> v = SparseVectors.from_dicts([{"wing": 1.5, "lift": 0.5}])
        >>> v.shape, v.to_dicts()
        ((1, 2), [{'wing': 1.5, 'lift': 0.5}])
    """

    def __init__(
        self,
        indptr: npt.ArrayLike,
        indices: npt.ArrayLike,
        values: npt.ArrayLike,
        dim: int,
        vocabulary: Sequence[str] | None = None,
    ) -> None:
        self.indptr = np.ascontiguousarray(indptr, np.int64)
        self.indices = np.ascontiguousarray(indices, np.uint32)
        with np.errstate(over="ignore"):
            self.values = np.ascontiguousarray(values, np.float32)
        self.dim = int(dim)
        self.vocabulary = vocabulary if vocabulary is None or isinstance(vocabulary, list) else list(vocabulary)
        self._check()
        self._normalise()

    @classmethod
    def trusted(
        cls,
        indptr: npt.NDArray[np.int64],
        indices: npt.NDArray[np.uint32],
        values: npt.NDArray[np.float32],
        dim: int,
        vocabulary: list[str] | None = None,
    ) -> SparseVectors:
        """Vectors of arrays that are as the class keeps them: rows ascending, no zeros, all finite; unchecked.

        For what our own core returns: for a query the checks would take several times as long as making it.
        """
        made = cls.__new__(cls)
        made.indptr, made.indices, made.values, made.dim, made.vocabulary = indptr, indices, values, dim, vocabulary
        return made

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, dim)``."""
        return len(self.indptr) - 1, self.dim

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return len(self.indices)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, row: int) -> SparseVectors:
        """Row ``row`` as vectors of shape ``(1, dim)``."""
        at = range(len(self))[row]
        part = slice(self.indptr[at], self.indptr[at + 1])
        return SparseVectors(
            [0, part.stop - part.start], self.indices[part], self.values[part], self.dim, self.vocabulary
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, SparseVectors)
            and self.shape == other.shape
            and self.vocabulary == other.vocabulary
            and np.array_equal(self.indptr, other.indptr)
            and np.array_equal(self.indices, other.indices)
            and np.array_equal(self.values, other.values)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"SparseVectors(shape={self.shape}, nnz={self.nnz})"

    def term(self, column: int) -> str:
        """The name of a column; ``"#column"`` without a vocabulary."""
        return f"#{column}" if self.vocabulary is None else self.vocabulary[column]

    def refuse_negative(self) -> None:
        """Nothing, unless a weight is negative: bounds of scores need weights that are not.

        Raises:
            UsageError: Naming the first such row and term.
        """
        if len(self.values) == 0 or self.values.min() >= 0:
            return
        at = self._first(lambda part: self.values[part] < 0)
        if at is not None:
            raise UsageError(
                f"row {self._row_of(at)}: the weight of {self.term(int(self.indices[at]))!r} is {self.values[at]}; "
                "an index takes non-negative vectors"
            )

    @classmethod
    def from_dicts(cls, rows: Iterable[Mapping[str, float]], vocabulary: Sequence[str] | None = None) -> SparseVectors:
        """Vectors from ``{term: weight}``; without ``vocabulary``, terms are numbered as they come.

        Raises:
            ValueError: A term is not in ``vocabulary``.
        """
        fixed = vocabulary is not None
        columns = {term: i for i, term in enumerate(vocabulary or ())}
        indptr, indices, values = [0], [], []
        for number, row in enumerate(rows):
            for term, weight in row.items():
                if term not in columns:
                    if fixed:
                        raise ValueError(f"row {number}: term {term!r} is not in the vocabulary")
                    columns[term] = len(columns)
                indices.append(columns[term])
                values.append(weight)
            indptr.append(len(indices))
        return cls(indptr, indices, values, len(columns), list(columns))

    @classmethod
    def from_scipy(
        cls, matrix: scipy.sparse.sparray | scipy.sparse.spmatrix, vocabulary: Sequence[str] | None = None
    ) -> SparseVectors:
        """Vectors from any SciPy sparse matrix; duplicates in a CSR matrix are an error, not summed."""
        given: Any = matrix
        csr = given if given.format == "csr" else given.tocsr()
        return cls(csr.indptr, csr.indices, csr.data, csr.shape[1], vocabulary)

    @classmethod
    def from_jsonl(
        cls, path: str | PathLike[str], vocabulary: Sequence[str] | None = None
    ) -> tuple[list[str], SparseVectors]:
        """Ids and vectors from lines ``{"id": ..., "vector": {term: weight}}``.

        Raises:
            GossamerError: A line is malformed, naming file and line.
        """
        ids: list[str] = []
        rows: list[dict[str, float]] = []
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record = json.loads(line)
                    rows.append({str(t): float(w) for t, w in record["vector"].items()})
                    ids.append(str(record["id"]))
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    raise GossamerError(
                        f'{path}:{number}: expected {{"id": ..., "vector": {{term: weight}}}} ({error!r})'
                    ) from error
        return ids, cls.from_dicts(rows, vocabulary)

    def to_scipy(self) -> scipy.sparse.csr_array:
        """A ``scipy.sparse.csr_array`` of shape ``(n, dim)``."""
        import scipy.sparse

        return scipy.sparse.csr_array((self.values, self.indices, self.indptr), shape=self.shape)

    def to_dicts(self) -> list[dict[str, float]]:
        """One ``{term: weight}`` a row."""
        return [
            {self.term(int(c)): float(w) for c, w in zip(self.indices[a:b], self.values[a:b], strict=True)}
            for a, b in zip(self.indptr[:-1], self.indptr[1:], strict=True)
        ]

    def save(self, path: str | PathLike[str]) -> None:
        """Write a safetensors file; one that was there is replaced once this one is whole."""
        from safetensors.numpy import save_file

        metadata = {"format": FORMAT, "dim": str(self.dim)}
        if self.vocabulary is not None:
            metadata["vocabulary"] = json.dumps(self.vocabulary, ensure_ascii=False)
        beside = f"{os.fspath(path)}.next"
        try:
            save_file({"indptr": self.indptr, "indices": self.indices, "values": self.values}, beside, metadata)
            os.replace(beside, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside)
            raise

    @classmethod
    def load(cls, path: str | PathLike[str]) -> SparseVectors:
        """What :meth:`save` wrote, mapped into memory: it is read when it is needed and may be larger than memory.

        Raises:
            GossamerError: Not such a file, or of a newer format.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "np") as file:
                metadata = file.metadata() or {}
                if int(metadata.get("format", 0)) > int(FORMAT):
                    raise GossamerError(
                        f"{path}: format {metadata['format']}; this gossamer reads up to {FORMAT}. Upgrade gossamer."
                    )
                vocabulary = json.loads(metadata["vocabulary"]) if "vocabulary" in metadata else None
                mapped = _mapped(path)
                indptr, indices, values = (
                    mapped[name] if name in mapped else file.get_tensor(name)
                    for name in ("indptr", "indices", "values")
                )
                return cls(indptr, indices, values, int(metadata["dim"]), vocabulary)
        except (SafetensorError, KeyError, ValueError) as error:
            raise GossamerError(f"{path}: not a file of sparse vectors: {error}") from error

    def _first(self, wrong: Callable[[slice], npt.NDArray[np.bool_]]) -> int | None:
        """The first entry that is wrong, by a function of a slice of entries."""
        for start in range(0, self.nnz, _TOGETHER):
            found = np.flatnonzero(wrong(slice(start, min(start + _TOGETHER, self.nnz))))
            if len(found):
                return start + int(found[0])
        return None

    def _no_rise(self, part: slice) -> npt.NDArray[np.bool_]:
        """Entries whose column is not above that of the entry before, in the same row."""
        wrong = np.zeros(part.stop - part.start, np.bool_)
        first = max(part.start, 1)
        wrong[first - part.start :] = self.indices[first : part.stop] <= self.indices[first - 1 : part.stop - 1]
        begins = self.indptr[self.indptr.searchsorted(part.start) : self.indptr.searchsorted(part.stop)]
        wrong[begins - part.start] = False
        return wrong

    def _row_of(self, entry: int) -> int:
        return int(np.searchsorted(self.indptr, entry, side="right")) - 1

    def _check(self) -> None:
        if self.vocabulary is not None and len(self.vocabulary) != self.dim:
            raise ValueError(f"the vocabulary names {len(self.vocabulary)} columns, dim is {self.dim}")
        if (
            self.indices.shape != self.values.shape
            or self.indices.ndim != 1
            or self.indptr.ndim != 1
            or len(self.indptr) == 0
        ):
            raise ValueError(
                f"shapes disagree: indptr {self.indptr.shape}, indices {self.indices.shape}, values {self.values.shape}"
            )
        if self.indptr[0] != 0 or self.indptr[-1] != len(self.indices) or bool((np.diff(self.indptr) < 0).any()):
            raise ValueError("indptr must rise from 0 to the number of entries")
        at = self._first(lambda part: self.indices[part] >= self.dim)
        if at is not None:
            raise ValueError(f"row {self._row_of(at)}: column {self.indices[at]} is out of range; dim is {self.dim}")
        at = self._first(lambda part: ~np.isfinite(self.values[part]))
        if at is not None:
            raise ValueError(
                f"row {self._row_of(at)}: the weight of {self.term(int(self.indices[at]))!r} is {self.values[at]}"
            )

    def _normalise(self) -> None:
        """Sort each row by column, refuse duplicates, drop zeros."""
        if self._first(self._no_rise) is None and self._first(lambda part: self.values[part] == 0) is None:
            return
        rows = np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.indptr))
        key = rows * max(self.dim, 1) + self.indices
        if bool((np.diff(key) <= 0).any()):
            order = np.argsort(key, kind="stable")
            key, self.indices, self.values = key[order], self.indices[order], self.values[order]
            twice = np.flatnonzero(np.diff(key) == 0)
            if len(twice):
                at = int(twice[0])
                raise ValueError(f"row {rows[at]}: {self.term(int(self.indices[at]))!r} appears twice")
        kept = self.values != 0
        if not kept.all():
            self.indices, self.values, rows = self.indices[kept], self.values[kept], rows[kept]
            self.indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(self)))]).astype(np.int64)


def _mapped(path: str | PathLike[str]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a safetensors file that can be mapped: those of our own types, aligned and not empty."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _MAPPED or 0 in entry["shape"]:
            continue
        offset = 8 + length + entry["data_offsets"][0]
        if offset % 8 == 0 or (offset % 4 == 0 and entry["dtype"] != "I64"):
            dtype, shape = _MAPPED[entry["dtype"]], tuple(entry["shape"])
            arrays[name] = np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
    return arrays


def beside(left: SparseVectors, right: SparseVectors, weight: float = 1.0) -> SparseVectors:
    """``left`` and ``weight`` times ``right`` as one vector a row, over the columns of both.

    Raises:
        UsageError: They have not the same number of rows.

    Example:
        >>> a, b = SparseVectors([0, 1], [0], [1.0], 2), SparseVectors([0, 1], [0], [3.0], 1)
        >>> beside(a, b, weight=2).to_dicts()
        [{'#0': 1.0, '#2': 6.0}]
    """
    if len(left) != len(right):
        raise UsageError(f"{len(left)} vectors beside {len(right)}: both must be of the same texts")
    counts = np.diff(left.indptr), np.diff(right.indptr)
    indptr = left.indptr + right.indptr
    indices = np.empty(indptr[-1], np.uint32)
    values = np.empty(indptr[-1], np.float32)
    at_left = _places(indptr[:-1], counts[0])
    at_right = _places(indptr[:-1] + counts[0], counts[1])
    indices[at_left], values[at_left] = left.indices, left.values
    indices[at_right], values[at_right] = right.indices + np.uint32(left.dim), right.values * np.float32(weight)
    return SparseVectors(indptr, indices, values, left.dim + right.dim)


def _places(starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """starts[i], starts[i] + 1, ... for counts[i] entries of every i."""
    before = np.cumsum(counts) - counts
    places: npt.NDArray[np.int64] = np.arange(int(counts.sum())) + np.repeat(starts - before, counts)
    return places
