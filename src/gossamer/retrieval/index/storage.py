"""Every file operation of an index: the one place that opens, writes, syncs, renames, removes, maps and locks files.

Crash tests replace this class by one that records operations and fails on demand, so nothing else may touch the disk.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from gossamer.errors import GossamerError, IndexDamaged, IndexLocked

LOCK = "lock"
Buffer = bytes | bytearray | memoryview


class OutputFile:
    """A file being written from start to end; durable after :meth:`sync`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open(path, "wb", buffering=1 << 20)  # noqa: SIM115 - closed by close()

    def write(self, data: Buffer) -> None:
        """Append bytes."""
        self._file.write(data)

    def sync(self) -> None:
        """Return when every byte is on the device."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close without syncing."""
        self._file.close()

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.close()
        except OSError:
            if error is None:
                raise


class Storage:
    """The files of one index directory, by name.

    Args:
        root: The directory; made by :meth:`make_root`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock_file: int | None = None

    def make_root(self) -> None:
        """Create the directory, durably."""
        missing = [path for path in (self.root, *self.root.parents) if not path.exists()]
        self.root.mkdir(parents=True, exist_ok=True)
        for path in missing:
            _sync_directory(path.parent)

    def create(self, name: str) -> OutputFile:
        """Open a new, empty file for writing (an older one of this name is replaced)."""
        return OutputFile(self.root / name)

    def rename(self, source: str, target: str) -> None:
        """Atomically give ``source`` the name ``target``."""
        os.replace(self.root / source, self.root / target)

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is fine. Open maps of it stay valid."""
        (self.root / name).unlink(missing_ok=True)

    def sync_directory(self) -> None:
        """Make creations, renames and removals durable."""
        _sync_directory(self.root)

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(entry.name for entry in os.scandir(self.root) if entry.is_file())

    def read(self, name: str) -> bytes:
        """The whole content of a file."""
        return (self.root / name).read_bytes()

    def size(self, name: str) -> int:
        """Length in bytes."""
        return (self.root / name).stat().st_size

    def map(self, name: str) -> memoryview:
        """The content of a file, mapped into memory, read-only."""
        with open(self.root / name, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def lock(self) -> None:
        """Become the only writer.

        Raises:
            IndexLocked: Another process (named by its number) or another open ``Index`` of this one is writing.
        """
        try:
            fd = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise GossamerError(f"{self.root}: cannot write to this index: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            if not isinstance(error, BlockingIOError):
                raise GossamerError(f"{self.root}: cannot lock this index: {error.strerror}") from error
            raise IndexLocked(
                f"{self.root}: process {owner} is writing to this index; wait until it has finished, then try again"
            ) from error
        self._lock_file = fd
        with suppress(OSError):  # the number only serves the message above: a full disk must not forbid deletions
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)

    def unlock(self) -> None:
        """Let others write."""
        if self._lock_file is not None:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)  # closing alone would leave it to a forked child
            os.close(self._lock_file)
            self._lock_file = None


def release(mapped: memoryview) -> None:
    """Give the pages of a map back to the system, which reads them again when they are touched."""
    if isinstance(mapped.obj, mmap.mmap):
        mapped.obj.madvise(mmap.MADV_DONTNEED)


def unreadable(path: Path, error: OSError) -> GossamerError:
    """What to raise for a file that cannot be read: damage, unless the reader may not."""
    if isinstance(error, PermissionError):
        return GossamerError(f"{path}: cannot be read: {error.strerror}; ask its owner to let you read it")
    return IndexDamaged(path, 0, f"cannot be read: {error.strerror}")


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
