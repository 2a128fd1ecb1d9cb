"""Archives: their members are read by the readers that fit, within bounds that no bomb gets past.

A member's id is the archive's, ``!`` and its path inside: ``a.zip!notes/wing.md``. Nothing is written to disk,
so no path can lead out of an archive; one that would is refused all the same, since it is never meant well.
"""

from __future__ import annotations

import io
import posixpath
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, Any, BinaryIO, ClassVar, TypeVar

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.folders import is_hidden
from gossamer.text.readers.described import described, utf8
from gossamer.text.readers.packed import BUFFER, unpack
from gossamer.text.readers.registry import HEAD_BYTES, MIB, Options, Reader, choose

TOTAL_BYTES = 1 << 30
"""Most bytes of all members together, also of those of archives in the archive."""
MAX_ENTRIES = 100_000
MAX_RATIO = 200
"""Most bytes out for a byte in, for members of more than `FREE_BYTES`."""
FREE_BYTES = 16 * MIB
FREE_SECONDS, MIN_SPEED = 600, 50_000
"""Processor time for all members together: so many seconds, and another for so many bytes that were unpacked."""

_Result = TypeVar("_Result")

_LEADS_OUT = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Args:
        name: Its path, as the archive has it.
        size: Bytes, unpacked.
        open: Gives its content, while it is the latest that `ArchiveReader.members` gave.
        packed: Bytes that it takes in the archive, where that is known.
        modified: Seconds since 1970, UTC.
        refusal: Why it is not read; empty where it is.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    packed: int | None = None
    modified: float | None = None
    refusal: str = ""


class ArchiveReader(Reader):
    """Reads what is in archives of one kind.

    Attributes:
        damage: What the library raises for damaged archives.
    """

    risky = True
    whole = False
    damage: ClassVar[tuple[type[Exception], ...]] = ()

    @abstractmethod
    def members(self, stream: BinaryIO, path: str) -> Iterator[Member]:
        """Every entry of an archive but folders, in its order.

        Raises:
            Unreadable: The archive, or the rest of it, cannot be read.
        """

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """The documents of all members; every member left out is reported to ``options.skip``."""
        return _Walk(options).archive(self, stream, _Place(path, options.document_id or path, 0))


@dataclass(frozen=True, slots=True)
class _Place:
    """A file that may be an archive: its path, the id of its document, and how many archives it stands in."""

    path: str
    id: str
    depth: int


class _Walk:
    """One pass over an archive and the archives in it."""

    def __init__(self, options: Options) -> None:
        self._options, self._resume_after = options, options.resume_after
        self._bytes = self._entries = 0
        self._started = time.process_time()

    def archive(self, reader: ArchiveReader, stream: BinaryIO, place: _Place) -> Iterator[Document]:
        """The documents of the members of an archive."""
        path, depth = place.path, place.depth
        if depth >= self._options.archive_depth:
            within = f" inside {'another' if depth == 1 else f'{depth} others'}" if depth else ""
            raise Unreadable(path, f"an archive{within}: --archive-depth {depth + 1} opens it")
        for member in reader.members(stream, path):
            self._entries += 1
            if self._entries > MAX_ENTRIES:
                raise Unreadable(path, f"more than {MAX_ENTRIES:,} entries; the rest is left out")
            if self._bytes >= TOTAL_BYTES:
                raise Unreadable(path, f"unpacked to {TOTAL_BYTES / MIB:g} MiB; the rest is left out")
            if (seconds := time.process_time() - self._started) > FREE_SECONDS + self._bytes / MIN_SPEED:
                raise Unreadable(path, f"took {seconds:.0f} s so far; the rest is left out")
            leads_out = _LEADS_OUT.match(member.name) is not None
            name = member.name if leads_out else posixpath.normpath(member.name.replace("\\", "/"))
            inside = _Place(f"{path}!{name}", f"{place.id}!{utf8(name)}", depth + 1)
            where = inside.path
            if self._was_read(where) or (is_hidden(name) and not leads_out):
                continue
            try:
                if reason := "a path that leads out of the archive" if leads_out else self._refusal(member):
                    raise Unreadable(where, reason)
                yield from self._member(reader, member, name, inside)
            except Unreadable as error:
                # `choose` knows a packed member without its ending only.
                self._options.skip(error.path if error.path.startswith(where) else where, error.reason)
            except MemoryError:
                raise
            except Exception as error:  # one hostile member must not cost the others
                self._options.skip(where, f"the parser failed ({type(error).__name__}: {error})")

    def _was_read(self, where: str) -> bool:
        """Whether the member came before the one that is resumed after, or is that one."""
        if where == self._resume_after:
            self._resume_after = ""
            return True
        return bool(self._resume_after) and not self._resume_after.startswith(f"{where}!")

    def _refusal(self, member: Member) -> str:
        if member.refusal:
            return member.refusal
        if member.size > TOTAL_BYTES - self._bytes:
            return f"unpacks, with what came before it, to more than {TOTAL_BYTES / MIB:g} MiB"
        if member.packed is not None and member.size > max(FREE_BYTES, MAX_RATIO * member.packed):
            return f"unpacks to more than {MAX_RATIO} times its size"
        return ""

    def _member(self, archive: ArchiveReader, member: Member, name: str, place: _Place) -> Iterator[Document]:
        where = place.path
        self._options.begin(where)
        with io.BufferedReader(_Content(member.open, archive.damage, where, self._spend), BUFFER) as packed:
            unpacked, path = unpack(packed, where)
            content: io.BufferedReader[Any] = packed
            if unpacked is not packed:
                content = io.BufferedReader(_Content(lambda: unpacked, (), where, self._spend), BUFFER)
            reader = choose(content.peek(HEAD_BYTES)[:HEAD_BYTES], path)
            if isinstance(reader, ArchiveReader):
                yield from self.archive(reader, content, place)
                return
            name = path[len(where) - len(name) :]
            for document in reader.read(content, where, replace(self._options, document_id=place.id)):
                if document.id == place.id:
                    document = described(
                        document, reader, path=where, name=name, size=member.size, modified=member.modified
                    )
                yield document

    def _spend(self, count: int, where: str) -> None:
        self._bytes += count
        if self._bytes > TOTAL_BYTES:
            raise Unreadable(where, f"unpacks, with what came before it, to more than {TOTAL_BYTES / MIB:g} MiB")


class _Content(io.RawIOBase):
    """What is in a member, as a stream that is not seekable and counts its bytes."""

    def __init__(
        self,
        opener: Callable[[], IO[bytes]],
        damage: tuple[type[Exception], ...],
        where: str,
        spend: Callable[[int, str], None],
    ) -> None:
        self._damage, self._where, self._spend = damage, where, spend
        self._stream = self._undamaged(opener)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._undamaged(lambda: self._stream.read(len(buffer)))
        self._spend(len(data), self._where)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _undamaged(self, act: Callable[[], _Result]) -> _Result:
        try:
            return act()
        except self._damage as error:
            reason = str(error).rstrip(".")[:200] or type(error).__name__
            raise Unreadable(self._where, f"damaged in the archive ({reason})") from None
