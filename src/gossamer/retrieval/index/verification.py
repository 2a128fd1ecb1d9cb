"""Check every byte of an index, and save what can be read of a damaged one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from gossamer.errors import GossamerError, IndexDamaged
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.container import Container, FileEntry, Problem
from gossamer.retrieval.index.snapshot import OpenSegment, open_snapshot
from gossamer.retrieval.index.storage import Storage
from gossamer.text.documents import Document

_ANY_FOOTER = 32


@dataclass(frozen=True, slots=True)
class Verification:
    """What :func:`verify` found; ``ok`` when ``problems`` is empty."""

    ok: bool
    problems: list[Problem]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"ok": self.ok, "problems": [{"file": p.file, "offset": p.offset, "reason": p.reason} for p in self.problems]}


def verify(path: str | PathLike[str], *, storage: Storage | None = None) -> Verification:
    """Check the manifest and every byte of every file it names, padding included. Takes no lock and changes nothing.

    Args:
        path: The index.
        storage: Its files, where they are open already.

    Raises:
        NoSuchIndex: There is none.

    Example:
        >>> verify("wings.index").ok
        True
    """
    storage = storage or Storage(Path(path))
    problems: list[Problem] = []
    try:
        manifest = manifests.read(storage)
    except IndexDamaged as error:
        return Verification(False, [Problem(manifests.MANIFEST, error.offset, error.reason)])
    for segment in manifest.segments:
        for entry in (segment.segment, segment.tombstones):
            if entry is not None:
                problems += _file_problems(storage, entry)
    if not problems:
        try:
            open_snapshot(storage)
        except IndexDamaged as error:  # every checksum holds, but files contradict each other
            problems.append(Problem(os.path.basename(error.file), error.offset, error.reason))
    return Verification(not problems, problems)


def _file_problems(storage: Storage, entry: FileEntry) -> list[Problem]:
    try:
        return list(Container(storage, entry).problems())
    except FileNotFoundError:
        return [Problem(entry.file, 0, "the file is missing")]
    except IndexDamaged as error:
        return [Problem(entry.file, error.offset, error.reason)]


def salvage(path: str | PathLike[str]) -> Iterator[Document]:
    """Every document that can still be read from a damaged index, newest version of each id first.

    With a whole manifest, deleted documents stay deleted; without one they come back.

    Raises:
        GossamerError: No file of the directory can be read at all.
    """
    storage = Storage(Path(path))
    seen: set[str] = set()
    opened = _readable_segments(storage)
    if not opened:
        raise GossamerError(f"{path}: no segment file here can be read")
    for segment in reversed(opened):
        for number in reversed(range(segment.native.documents)):
            if number in segment.dead:
                continue
            try:
                document = segment.document(number)
            except (IndexDamaged, ValueError):
                continue
            if document.id not in seen:
                seen.add(document.id)
                yield document


def _readable_segments(storage: Storage) -> list[OpenSegment]:
    try:
        manifest = manifests.read(storage)
        entries, space = list(manifest.segments), manifest.space
    except IndexDamaged:
        names = [n for n in storage.names() if n.startswith("segment-")]
        entries = [manifests.SegmentEntry(_trusting_entry(storage, n)) for n in names]
        space = None
    opened = []
    for entry in entries:
        for with_tombstones in (entry, manifests.SegmentEntry(entry.segment)):
            try:
                opened.append(OpenSegment(storage, with_tombstones, space or _guess_space(storage, entry.segment)))
                break
            except (IndexDamaged, FileNotFoundError, KeyError):
                continue
    return opened


def _trusting_entry(storage: Storage, name: str) -> FileEntry:
    """A file entry from the file's own footer, where no manifest vouches for it."""
    content = storage.map(name)
    crc = int.from_bytes(content[len(content) - _ANY_FOOTER + 16 : len(content) - _ANY_FOOTER + 20], "little") if len(content) > 32 else 0
    return FileEntry(name, len(content), crc)


def _guess_space(storage: Storage, entry: FileEntry) -> dict[str, Any]:
    names = Container(storage, entry).sections
    space = next(n.removesuffix(".postings") for n in names if n.endswith(".postings"))
    return {"name": space, "kind": "text" if f"{space}.tf" in names else "vectors"}
