"""What an index remembers of the files its documents came from, so that a later run reads only what has changed.

A ledger is columns over files (path, size, time, digest, ids, what was skipped), one run of rows for each source. Its
file is a container beside the segments, committed with the manifest.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import IntFlag
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.errors import IndexDamaged
from gossamer.retrieval.index.container import Container, ContainerWriter, FileEntry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gossamer.retrieval.index.manifest import Manifest
    from gossamer.retrieval.index.storage import Buffer, Storage

VERSION = 1
"""Of the columns; a ledger of another version counts as none."""
DIGEST_BYTES = 16

_NUMBERS = {
    "size": "q", "modified": "q", "state": "B", "path.length": "I", "path.hash": "Q",
    "ids.count": "I", "ids.length": "I", "ids.hash": "Q", "skips.count": "I", "skips.length": "I",
}  # fmt: skip
_BYTES = ("digest", "path", "ids", "skips")


class State(IntFlag):
    """What else is known of a file."""

    STALE = 1
    """Read it again next time, whatever its size and time."""
    RACY = 2
    """It was written so shortly before it was read that its time proves nothing."""
    WHOLE = 4
    """It gave one document, whose id is the file's."""
    DUPLICATE = 8
    """Another file has the same bytes, and its document stands for both."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file as it was when it was read.

    Args:
        path: As it was named.
        size: Bytes; -1 for a source that is no file.
        modified: Nanoseconds since 1970.
        digest: BLAKE2b of its bytes; zeros where there is none.
        state: See `State`.
        ids: Of the documents it gave.
        skipped: Path and reason of everything in it that made no document.
    """

    path: str
    size: int
    modified: int
    digest: bytes
    state: State
    ids: Sequence[str] = ()
    skipped: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A PATH of an earlier run.

    Args:
        name: As it was named.
        place: The absolute path it stood for: the same name may mean another folder elsewhere.
        settings: Everything else that decides what is read; a change of it means reading all again.
        count: How many files there are.
    """

    name: str
    place: str
    settings: str
    count: int = 0


def digest_of(data: bytes) -> int:
    """64 bits of BLAKE2b, for looking up paths and ids."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def claim(identifier: str) -> int:
    """What stands for an id in ``Ledger.claims``."""
    return digest_of(identifier.encode("utf-8", "surrogatepass"))


class Ledger:
    """The files of all sources, as columns; row numbers ascend through the sources.

    Args:
        sources: In order; their counts add up to the number of rows.
        columns: As `LedgerBuilder` makes them.
        generation: The commit that it belongs to; -1 for a new one.
        next_insertion: The insertion number that followed it.
    """

    def __init__(
        self,
        sources: Sequence[SourceEntry] = (),
        columns: Mapping[str, Buffer] | None = None,
        generation: int = -1,
        next_insertion: int = 0,
    ) -> None:
        self.sources, self.generation, self.next_insertion = tuple(sources), generation, next_insertion
        self.columns = dict(columns or dict.fromkeys((*_NUMBERS, *_BYTES), b""))
        numbers = {name: np.frombuffer(self.columns[name], kind) for name, kind in _NUMBERS.items()}
        self.size, self.modified, self.state = numbers["size"], numbers["modified"], numbers["state"]
        self.digests = np.frombuffer(self.columns["digest"], np.uint64).reshape(-1, 2)
        self.id_counts, self.claims = numbers["ids.count"], numbers["ids.hash"]
        self.skip_counts = numbers["skips.count"]
        self._path_hashes = numbers["path.hash"]
        self._lengths = {name: numbers[f"{name}.length"] for name in ("path", "ids", "skips")}
        self._starts = np.cumsum([0, *(source.count for source in self.sources)])
        self._sorted: dict[int, tuple[NDArray[np.int64], NDArray[np.uint64]]] = {}

    def __len__(self) -> int:
        return len(self.size)

    def rows_of(self, source: int) -> range:
        """The rows of a source."""
        return range(int(self._starts[source]), int(self._starts[source + 1]))

    def source(self, name: str, place: str) -> int | None:
        """The number of a source, None if it is new."""
        known = [(source.name, source.place) for source in self.sources]
        return known.index((name, place)) if (name, place) in known else None

    def find(self, source: int, paths: Sequence[str]) -> NDArray[np.int64]:
        """The row of each path in a source, -1 where there is none; shape (len(paths),)."""
        if source not in self._sorted:
            rows = self.rows_of(source)
            hashes = self._path_hashes[rows.start : rows.stop]
            order = np.argsort(hashes, kind="stable")
            self._sorted[source] = order + rows.start, hashes[order]
        order, hashes = self._sorted[source]
        if not len(hashes) or not paths:
            return np.full(len(paths), -1)
        encoded = [os.fsencode(path) for path in paths]
        wanted = np.array([digest_of(path) for path in encoded], np.uint64)
        at = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
        rows_found = np.where(hashes[at] == wanted, order[at], -1)
        for number, row in enumerate(rows_found.tolist()):
            if row >= 0 and self._slice("path", row) != encoded[number]:
                rows_found[number] = -1
        return rows_found

    def path(self, row: int) -> str:
        """The path of a file."""
        return os.fsdecode(bytes(self._slice("path", row)))

    def ids(self, row: int) -> tuple[str, ...]:
        """The ids of the documents that a file gave."""
        return tuple(_parsed(self._slice("ids", row)))

    def skipped(self, row: int) -> list[tuple[str, str]]:
        """Path and reason of what a file held that made no document."""
        return [(path, reason) for path, reason in _parsed(self._slice("skips", row))]

    def record(self, row: int) -> FileRecord:
        """All that is known of a file."""
        digest, state = self.digests[row].tobytes(), State(int(self.state[row]))
        size, modified = int(self.size[row]), int(self.modified[row])
        return FileRecord(self.path(row), size, modified, digest, state, self.ids(row), self.skipped(row))

    @cached_property
    def claim_starts(self) -> NDArray[np.int64]:
        """Where the claims of each row start; shape (rows + 1,)."""
        return _starts(self.id_counts)

    @cached_property
    def claim_rows(self) -> NDArray[np.int64]:
        """The row of each claim; shape of ``claims``."""
        return np.repeat(np.arange(len(self)), self.id_counts)

    @cached_property
    def _offsets(self) -> dict[str, NDArray[np.int64]]:
        return {name: _starts(lengths) for name, lengths in self._lengths.items()}

    def _slice(self, name: str, row: int) -> memoryview:
        offsets = self._offsets[name]
        return memoryview(self.columns[name])[int(offsets[row]) : int(offsets[row + 1])]

    def part(self, name: str, start: int, stop: int) -> memoryview:
        """What a column holds of the rows from ``start`` to ``stop``."""
        data = memoryview(self.columns[name]).cast("B")
        if name in self._offsets:
            return data[int(self._offsets[name][start]) : int(self._offsets[name][stop])]
        if name == "ids.hash":
            return data[8 * int(self.claim_starts[start]) : 8 * int(self.claim_starts[stop])]
        width = DIGEST_BYTES if name == "digest" else array(_NUMBERS[name]).itemsize
        return data[width * start : width * stop]

    # --- its file ----------------------------------------------------------------------------------------------------

    def write(self, storage: Storage, name: str, generation: int, next_insertion: int) -> FileEntry:
        """Write it as a file of an index."""
        container = ContainerWriter(storage, name)
        try:
            for column, data in self.columns.items():
                container.section(column, np.dtype(_NUMBERS.get(column, "B")).str[1:], True, [data])
            facts = {
                "ledger": VERSION, "sources": [asdict(source) for source in self.sources],
                "generation": generation, "next_insertion": next_insertion,
            }  # fmt: skip
            return container.finish(facts)
        except BaseException:
            container.abandon()
            raise

    @classmethod
    def read(cls, storage: Storage, entry: FileEntry) -> Ledger:
        """Read the file of an index and check every byte.

        Raises:
            IndexDamaged: It is not as it was written.
            FileNotFoundError: There is none.
        """
        container = Container(storage, entry)
        problem = next(container.problems(), None)
        if problem is not None:
            raise IndexDamaged(storage.root / entry.file, problem.offset, problem.reason)
        facts = container.facts
        if facts.get("ledger") != VERSION:
            return cls()
        columns = {name: container.section(name) for name in (*_NUMBERS, *_BYTES)}
        sources = [SourceEntry(**source) for source in facts["sources"]]
        return cls(sources, columns, facts["generation"], facts["next_insertion"])


def ledger_of(storage: Storage, manifest: Manifest) -> Ledger:
    """The ledger of a commit; empty where it has none.

    Raises:
        IndexDamaged: Its file is missing or not as it was written.
    """
    if manifest.ledger is None:
        return Ledger()
    try:
        return Ledger.read(storage, manifest.ledger)
    except FileNotFoundError:
        raise IndexDamaged(storage.root / manifest.ledger.file, 0, "the file is missing") from None


class LedgerBuilder:
    """Makes a ledger, source by source and file by file."""

    def __init__(self) -> None:
        self._sources: list[SourceEntry] = []
        self._numbers = {name: array(kind) for name, kind in _NUMBERS.items()}
        self._bytes = {name: bytearray() for name in _BYTES}

    def begin(self, name: str, place: str, settings: str) -> None:
        """What is added from now on belongs to this source."""
        self._end()
        self._sources.append(SourceEntry(name, place, settings))

    def add(self, record: FileRecord) -> None:
        """Add a file to the source begun last."""
        path, ids, skips = os.fsencode(record.path), _packed(record.ids), _packed(record.skipped)
        values = {
            "size": record.size, "modified": record.modified, "state": int(record.state),
            "path.length": len(path), "path.hash": digest_of(path),
            "ids.count": len(record.ids), "ids.length": len(ids),
            "skips.count": len(record.skipped), "skips.length": len(skips),
        }  # fmt: skip
        for name, value in values.items():
            self._numbers[name].append(value)
        self._numbers["ids.hash"].extend(map(claim, record.ids))
        for name, data in (("digest", record.digest), ("path", path), ("ids", ids), ("skips", skips)):
            self._bytes[name] += data

    def copy(self, ledger: Ledger, rows: NDArray[np.int64]) -> None:
        """Add files as another ledger has them."""
        if not len(rows):
            return
        for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
            start, stop = int(run[0]), int(run[-1]) + 1
            for name, numbers in self._numbers.items():
                numbers.frombytes(ledger.part(name, start, stop))
            for name, data in self._bytes.items():
                data += ledger.part(name, start, stop)

    def copy_changed(
        self,
        ledger: Ledger,
        rows: NDArray[np.int64],
        concerned: NDArray[np.int64],
        change: Callable[[FileRecord], FileRecord],
    ) -> None:
        """Add files as another ledger has them, but some of them changed.

        Args:
            ledger, rows: Where they are.
            concerned: Those of them, or any other rows, that ``change`` is applied to.
        """
        last = 0
        for at in np.flatnonzero(np.isin(rows, concerned)).tolist():
            self.copy(ledger, rows[last:at])
            self.add(change(ledger.record(int(rows[at]))))
            last = at + 1
        self.copy(ledger, rows[last:])

    def finish(self) -> Ledger:
        """The ledger."""
        self._end()
        columns = {name: numbers.tobytes() for name, numbers in self._numbers.items()}
        return Ledger(self._sources, columns | {name: bytes(data) for name, data in self._bytes.items()})

    def _end(self) -> None:
        if self._sources:
            last = self._sources[-1]
            before = sum(source.count for source in self._sources[:-1])
            self._sources[-1] = replace(last, count=len(self._numbers["state"]) - before)


def _starts(lengths: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


def _packed(values: Sequence[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass") if values else b""


def _parsed(data: memoryview) -> list[Any]:
    values: list[Any] = json.loads(bytes(data).decode("utf-8", "surrogatepass")) if data else []
    return values
