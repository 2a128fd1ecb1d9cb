"""The process that the crash act kills: adds documents to an index and dies by SIGKILL in the middle of the commit.

``python -m gossamer.app.demo.victim INDEX [OPERATION]`` reads documents as JSON lines. At file operation number
OPERATION of the commit it kills itself, a write half done; without a number it lives and prints the operations.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from gossamer.app.demo.offline import block_network
from gossamer.retrieval.index import Index
from gossamer.retrieval.index.storage import Buffer, OutputFile, Storage

_operations: list[str] = []
_fatal: int | None = None


def _reaches(operation: str) -> bool:
    """Note an operation; whether it is the fatal one."""
    _operations.append(operation)
    return len(_operations) - 1 == _fatal


def _kind(name: str) -> str:
    """``segment`` for ``segment-00000001.gsm``: the same in every commit."""
    return name.partition("-")[0]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as by kill -9: no handler runs and no buffer is written


class _MortalFile(OutputFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._kind = _kind(path.name)

    def write(self, data: Buffer) -> None:
        if _reaches(f"write {self._kind}"):
            super().write(bytes(data)[: len(data) // 2])
            super().sync()  # the torn half is on the disk
            _die()
        super().write(data)

    def sync(self) -> None:
        if _reaches(f"sync {self._kind}"):
            _die()
        super().sync()


class _MortalStorage(Storage):
    def create(self, name: str) -> OutputFile:
        if _reaches(f"create {_kind(name)}"):
            _die()
        return _MortalFile(self.root / name)

    def rename(self, source: str, target: str) -> None:
        if _reaches(f"rename {_kind(source)} to {_kind(target)}"):
            _die()
        super().rename(source, target)

    def remove(self, name: str) -> None:
        if _reaches(f"remove {_kind(name)}"):
            _die()
        super().remove(name)

    def sync_directory(self) -> None:
        if _reaches("sync the folder"):
            _die()
        super().sync_directory()


class _MortalIndex(Index):
    storage_type = _MortalStorage


def main(path: str, fatal: int | None) -> None:
    """Add what comes in on standard input and commit, as far as it gets."""
    global _fatal
    block_network()
    index = _MortalIndex.open(path)
    index.add(json.loads(line) for line in sys.stdin)
    _operations.clear()
    _fatal = fatal
    index.commit()
    print(json.dumps(_operations))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
