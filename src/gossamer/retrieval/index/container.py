"""A file of named sections: header, sections at multiples of 64 bytes, a table of them, a footer that finds the table.

The table (JSON) gives for each section its place, element kind, version, whether a reader must know it, and a CRC-32
for every 64 KiB. Opening checks header, footer, table and sizes; :meth:`Container.problems` checks every byte,
padding included.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gossamer.errors import IndexDamaged, IndexTooNew
from gossamer.retrieval.index.storage import Buffer, OutputFile, Storage, release, unreadable

FORMAT = 4  # 2: fields of BM25F, declared types; 3: vectors in lists and a forward file; 4: several spaces
ALIGNMENT = 64
CHECKED = 65536
_MAGIC = b"GOSSAMER"
_HEADER = struct.Struct("<8sI48xI")  # magic, format, CRC-32 of what precedes
_FOOTER = struct.Struct("<QQII8s")  # table offset, table length, CRC-32 of the table, of the footer so far, magic
_TABLE_START = rb'\{"facts": '
_KNOWN_SECTION_VERSION = 1
ADVICE = (
    "Other files may be whole: `gossamer verify` lists what is damaged, `gossamer export --salvage` saves every "
    "document that can still be read"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A damaged place: file name, offset of the first bad byte known, reason."""

    file: str
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """Where a section lies in its file (bytes) and what it holds."""

    name: str
    kind: str
    version: int
    required: bool
    offset: int
    length: int
    checksums: str  # hexadecimal CRC-32 of each 64 KiB, eight digits each


@dataclass(frozen=True, slots=True)
class FileEntry:
    """How the manifest refers to a container: name, length in bytes, CRC-32 of its table."""

    file: str
    bytes: int
    crc32: int


class ContainerWriter:
    """Writes one container, section after section.

    Args:
        storage: Where to.
        name: File name.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self.name = name
        self._file: OutputFile = storage.create(name)
        self._at = 0
        self._entries: list[SectionEntry] = []
        head = _HEADER.pack(_MAGIC, FORMAT, 0)[:-4]
        self._put(head + struct.pack("<I", zlib.crc32(head)))

    def section(self, name: str, kind: str, required: bool, chunks: Iterable[Buffer]) -> None:
        """Append a section whose bytes are the concatenation of ``chunks``."""
        with self.open_section(name, kind, required) as section:
            for chunk in chunks:
                section.write(chunk)

    def open_section(self, name: str, kind: str, required: bool) -> SectionWriter:
        """A context whose ``write`` appends to a new section."""
        self._pad()
        return SectionWriter(self, name, kind, required)

    def finish(self, facts: dict[str, Any]) -> FileEntry:
        """Write table and footer, sync and close."""
        self._pad()
        table = json.dumps(
            {"facts": facts, "sections": [_entry_json(e) for e in self._entries]}
        ).encode()  # _TABLE_START
        crc = zlib.crc32(table)
        footer = _FOOTER.pack(self._at, len(table), crc, 0, b"")[:20]
        self._put(table)
        self._put(footer + struct.pack("<I8s", zlib.crc32(footer), _MAGIC[::-1]))
        with self._file:
            self._file.sync()
        return FileEntry(self.name, self._at, crc)

    def abandon(self) -> None:
        """Close an unfinished file."""
        with self._file:
            pass

    def _put(self, data: Buffer) -> None:
        self._file.write(data)
        self._at += len(data)

    def _pad(self) -> None:
        self._put(bytes(-self._at % ALIGNMENT))


class SectionWriter:
    """Appends to one section; closing it writes its place and checksums into the table."""

    def __init__(self, container: ContainerWriter, name: str, kind: str, required: bool) -> None:
        self._container, self._name, self._kind, self._required = container, name, kind, required
        self._start = container._at
        self._checksums: list[int] = []
        self._crc, self._in_block = 0, 0

    def write(self, data: Buffer) -> None:
        """Append bytes."""
        view = memoryview(data).cast("B")
        self._container._put(view)
        while len(view):
            take = view[: CHECKED - self._in_block]
            self._crc = zlib.crc32(take, self._crc)
            self._in_block += len(take)
            view = view[len(take) :]
            if self._in_block == CHECKED:
                self._close_block()

    def _close_block(self) -> None:
        self._checksums.append(self._crc)
        self._crc, self._in_block = 0, 0

    def __enter__(self) -> SectionWriter:
        return self

    def __exit__(self, kind: object, error: object, at: object) -> None:
        if self._in_block:
            self._close_block()
        self._container._entries.append(
            SectionEntry(
                self._name,
                self._kind,
                _KNOWN_SECTION_VERSION,
                self._required,
                self._start,
                self._container._at - self._start,
                "".join(f"{c:08x}" for c in self._checksums),
            )
        )


class Container:
    """An open container.

    Args:
        storage, entry: The file, with the length and table checksum that the manifest states.
        salvaging: Look for the table wherever it is and check nothing, since what checks is damaged.

    Raises:
        IndexDamaged: A size, the header, the footer or the table is wrong.
        IndexTooNew: Written by a newer version.
    """

    def __init__(self, storage: Storage, entry: FileEntry, *, salvaging: bool = False) -> None:
        self.entry = entry
        self._path = storage.root / entry.file
        try:
            self.buffer = storage.map(entry.file)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise unreadable(self._path, error) from error
        self.vouched = True  # the table is the one that the manifest names
        table = self._found_table() if salvaging else self._checked_table()
        self.facts: dict[str, Any] = table["facts"]
        self.sections = {e["name"]: SectionEntry(**e) for e in table["sections"]}
        for section in self.sections.values():
            if section.offset + section.length > self._table_at:
                raise self._damaged(self._table_at, f"section {section.name} lies outside the file")
            if section.required and section.version > _KNOWN_SECTION_VERSION:
                raise IndexTooNew(
                    f"{self._path}: section {section.name} has version {section.version}; "
                    f"this gossamer reads {_KNOWN_SECTION_VERSION}. Upgrade gossamer."
                )

    def _damaged(self, offset: int, reason: str) -> IndexDamaged:
        return IndexDamaged(self._path, offset, reason, ADVICE)

    def _found_table(self) -> dict[str, Any]:
        self._table_at = max((found.start() for found in re.finditer(_TABLE_START, self.buffer)), default=0)
        try:
            table, length = json.JSONDecoder().raw_decode(str(self.buffer[self._table_at :], "ascii", "replace"))
        except ValueError:
            raise self._damaged(len(self.buffer), "the section table is lost") from None
        self.vouched = zlib.crc32(self.buffer[self._table_at : self._table_at + length]) == self.entry.crc32
        return dict(table)

    def _checked_table(self) -> dict[str, Any]:
        size = len(self.buffer)
        if size != self.entry.bytes:
            raise self._damaged(
                min(size, self.entry.bytes), f"holds {size:,} bytes, the manifest says {self.entry.bytes:,}"
            )
        if size < _HEADER.size + _FOOTER.size:
            raise self._damaged(0, "too short for a header and a footer")
        self._check_header()
        return self._check_footer()

    def _check_header(self) -> None:
        magic, version, crc = _HEADER.unpack_from(self.buffer, 0)
        if magic != _MAGIC or zlib.crc32(self.buffer[: _HEADER.size - 4]) != crc:
            raise self._damaged(0, "the header is not one of a gossamer file")
        if version > FORMAT:
            raise IndexTooNew(f"{self._path}: format {version}; this gossamer reads up to {FORMAT}. Upgrade gossamer.")

    def _check_footer(self) -> dict[str, Any]:
        at = len(self.buffer) - _FOOTER.size
        self._table_at, length, crc, footer_crc, magic = _FOOTER.unpack_from(self.buffer, at)
        if magic != _MAGIC[::-1] or zlib.crc32(self.buffer[at : at + 20]) != footer_crc:
            raise self._damaged(at, "the footer is damaged or the file was cut off")
        table = self.buffer[self._table_at : self._table_at + length]
        if self._table_at + length != at or crc != self.entry.crc32 or zlib.crc32(table) != crc:
            raise self._damaged(self._table_at, "the section table does not match its checksum")
        parsed: dict[str, Any] = json.loads(bytes(table))
        return parsed

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Raise IndexTooNew when a required section is not in ``known``; unknown optional ones are ignored."""
        for section in self.sections.values():
            if section.required and section.name not in known:
                raise IndexTooNew(
                    f"{self._path}: this gossamer does not know section {section.name}. Upgrade gossamer."
                )

    def section(self, name: str) -> memoryview:
        """The bytes of a section; KeyError when there is none of this name."""
        entry = self.sections[name]
        return self.buffer[entry.offset : entry.offset + entry.length]

    def places(self) -> dict[str, tuple[int, int]]:
        """Offset and length of every section, as the native core wants them."""
        return {name: (e.offset, e.length) for name, e in self.sections.items()}

    def problems(self) -> Iterator[Problem]:
        """Check every byte; yields what is damaged. Header, footer and table were checked on opening."""
        at = _HEADER.size
        for entry in sorted(self.sections.values(), key=lambda e: e.offset):
            yield from self._padding(at, entry.offset)
            yield from self._damaged_blocks(entry)
            release(self.buffer)  # a large file must not fill the memory of whoever checks it
            at = entry.offset + entry.length
        yield from self._padding(at, self._table_at)

    def _padding(self, start: int, end: int) -> Iterator[Problem]:
        for i in range(start, end):
            if self.buffer[i] != 0:
                yield Problem(self.entry.file, i, "padding is not zero")

    def _damaged_blocks(self, entry: SectionEntry) -> Iterator[Problem]:
        sums = entry.checksums
        for i, at in enumerate(range(entry.offset, entry.offset + entry.length, CHECKED)):
            block = self.buffer[at : min(at + CHECKED, entry.offset + entry.length)]
            if f"{zlib.crc32(block):08x}" != sums[8 * i : 8 * i + 8]:
                yield Problem(
                    self.entry.file,
                    at,
                    f"section {entry.name}: checksum mismatch in the {len(block):,} bytes from here",
                )


def _entry_json(entry: SectionEntry) -> dict[str, Any]:
    return {slot: getattr(entry, slot) for slot in SectionEntry.__slots__}
