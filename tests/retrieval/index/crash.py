"""A disk that forgets: watches what an index does to its files, and builds the directories a power cut could leave.

File data is durable once the file was synced, names once the directory was; until then any part may be lost, torn or
reach the disk before any other part. After Pillai et al., "All File Systems Are Not Created Equal" (2014).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from gossamer.retrieval.index import Index
from gossamer.retrieval.index.manifest import MANIFEST
from gossamer.retrieval.index.storage import Buffer, OutputFile, Storage

SECTOR = 512


@dataclass(frozen=True)
class Operation:
    """One thing done to an index directory. ``file`` numbers created files, as an inode does; ``data`` was written."""

    kind: str
    name: str = ""
    file: int = 0
    target: str = ""
    data: bytes = b""


Watch = Callable[[Operation], AbstractContextManager[None]]


class WatchedFile(OutputFile):
    """An output file whose operations run inside ``watch``."""

    def __init__(self, path: Path, number: int, watch: Watch) -> None:
        super().__init__(path)
        self._number, self._watch = number, watch

    def write(self, data: Buffer) -> None:
        with self._watch(Operation("write", self._path.name, self._number, data=bytes(data))):
            super().write(data)

    def sync(self) -> None:
        with self._watch(Operation("sync", self._path.name, self._number)):
            super().sync()

    def close(self) -> None:
        super().close()  # also when it fails
        with self._watch(Operation("close", self._path.name, self._number)):
            pass


class WatchedStorage(Storage):
    """Storage whose operations run inside ``watch``, which may record them or raise in their place."""

    watch: Watch
    created = 0

    def create(self, name: str) -> OutputFile:
        type(self).created += 1
        with self.watch(Operation("create", name, self.created)):
            return WatchedFile(self.root / name, self.created, self.watch)

    def rename(self, source: str, target: str) -> None:
        with self.watch(Operation("rename", source, target=target)):
            super().rename(source, target)

    def remove(self, name: str) -> None:
        with self.watch(Operation("remove", name)):
            super().remove(name)

    def sync_directory(self) -> None:
        with self.watch(Operation("sync_directory")):
            super().sync_directory()

    def lock(self) -> None:
        with self.watch(Operation("lock")):
            pass
        super().lock()  # last: one that raises does not hold it

    def names(self) -> list[str]:
        with self.watch(Operation("names")):
            return super().names()

    def read(self, name: str) -> bytes:
        with self.watch(Operation("read", name)):
            return super().read(name)

    def map(self, name: str) -> memoryview:
        with self.watch(Operation("map", name)):
            return super().map(name)


def watched_index(watch: Watch) -> type[Index]:
    """``Index`` over a :class:`WatchedStorage`."""
    storage = type("Storage", (WatchedStorage,), {"watch": staticmethod(watch), "created": 0})
    return type("WatchedIndex", (Index,), {"storage_type": storage})


class Killed(BaseException):
    """The process is gone: nothing that follows in it has an effect."""


class Recorder:
    """The log of a run, and a trigger that kills the run."""

    def __init__(self) -> None:
        self.log: list[Operation] = []
        self.kill_after: Callable[[Operation], bool] | None = None
        self._dead = False

    @contextmanager
    def watch(self, operation: Operation) -> Iterator[None]:
        if self._dead:
            raise Killed
        yield
        self.log.append(operation)
        if self.kill_after is not None and self.kill_after(operation):
            self._dead = True
            raise Killed

    def acknowledge(self, generation: int) -> None:
        """Note that a commit returned."""
        self.log.append(Operation("acknowledge", data=b"%d" % generation))

    def revive(self) -> None:
        """Another process takes over."""
        self.kill_after, self._dead = None, False


State = dict[str, bytes]
Change = tuple[str | None, str | None, int]  # a name that goes, one that comes, and its file


class Disk:
    """What a directory holds after some operations, and what a crash would leave of it."""

    def __init__(self) -> None:
        self._content: dict[int, bytes] = {}
        self._synced: dict[int, int] = {}  # durable bytes of each file
        self._durable: dict[str, int] = {}  # names after the last sync of the directory
        self._now: dict[str, int] = {}
        self._pending: list[Change] = []  # since then
        self.acknowledged = -1  # generation of the last commit that returned; -1: not even the creation did
        self.renamed = -1  # generation of the newest manifest that was put in place

    def apply(self, operation: Operation) -> None:
        """Take one operation into account."""
        name, file = operation.name, operation.file
        if operation.kind == "create":
            self._content[file], self._synced[file], self._now[name] = b"", 0, file
            self._pending.append((None, name, file))
        elif operation.kind == "write":
            self._content[file] += operation.data
        elif operation.kind == "sync":
            self._synced[file] = len(self._content[file])
        elif operation.kind == "rename":
            file = self._now[operation.target] = self._now.pop(name)
            self._pending.append((name, operation.target, file))
            if operation.target == MANIFEST:
                self.renamed = json.loads(self._content[file].partition(b"\n")[0])["generation"]
        elif operation.kind == "remove" and name in self._now:
            self._pending.append((name, None, self._now.pop(name)))
        elif operation.kind == "sync_directory":
            self._durable, self._pending = dict(self._now), []
        elif operation.kind == "acknowledge":
            self.acknowledged = int(operation.data)

    def crashes(self, rng: Random, n: int) -> Iterator[tuple[str, State]]:
        """Four plain states and ``n`` random ones, each with what it is."""
        yield "everything reached the disk", self._state(self._pending, lambda data, synced: data)
        yield "unsynced data was lost", self._state(self._pending, lambda data, synced: data[:synced])
        yield "unsynced names were lost", self._state([], lambda data, synced: data)
        yield "all that was unsynced was lost", self._state([], lambda data, synced: data[:synced])
        for _ in range(n):
            total = len(self._pending)
            names = rng.sample(self._pending, rng.choice([total, rng.randint(0, total)]))  # in any order
            damage = rng.choice([_torn, _sectors_lost])
            yield f"{damage.__name__}, {len(names)} of {total} names", self._state(names, damage, rng)

    def _state(self, names: Sequence[Change], damage: Callable[..., bytes], *rng: Random) -> State:
        there = dict(self._durable)
        for gone, name, file in names:
            if gone is not None:
                there.pop(gone, None)
            if name is not None:
                there[name] = file
        return {name: damage(self._content[file], self._synced[file], *rng) for name, file in sorted(there.items())}


def _torn(data: bytes, synced: int, rng: Random) -> bytes:
    """Cut at any byte that was not synced."""
    return data[: rng.randint(synced, len(data))]


def _sectors_lost(data: bytes, synced: int, rng: Random) -> bytes:
    """The full length, but sectors of what was not synced hold zeros or old bytes."""
    out = bytearray(data)
    for at in range(synced, len(data), SECTOR):
        size = min(SECTOR, len(data) - at)
        out[at : at + size] = rng.choice([data[at : at + size], bytes(size), rng.randbytes(size)])
    return bytes(out)
