"""Check every byte of an index, and save what can be read of a damaged one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from gossamer import _native
from gossamer.errors import GossamerError, IndexDamaged, NoSuchIndex
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.container import Container, FileEntry, Problem
from gossamer.retrieval.index.manifest import SegmentEntry
from gossamer.retrieval.index.snapshot import OpenSegment, open_snapshot
from gossamer.retrieval.index.storage import Storage
from gossamer.text.documents import Document


@dataclass(frozen=True, slots=True)
class Verification:
    """What :func:`verify` found; ``ok`` when ``problems`` is empty."""

    ok: bool
    problems: list[Problem]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "ok": self.ok,
            "problems": [{"file": p.file, "offset": p.offset, "reason": p.reason} for p in self.problems],
        }


def verify(path: str | PathLike[str], *, storage: Storage | None = None) -> Verification:
    """Check the manifest and every byte of every file it names, padding included. Takes no lock and changes nothing.

    Args:
        path: The index.
        storage: Its files, where they are open already.

    Raises:
        NoSuchIndex: There is none.

    Example:
        >>> from gossamer import Index
        >>> Index.create("wings.index").close()
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
    for other in (manifest.ledger, manifest.calibration):
        if other is not None:
            problems += _file_problems(storage, other)
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
    """Every document that can still be read from a damaged index, newest first, the newest version of each id.

    Deleted documents stay deleted where the manifest and the files that list them are whole; else they come back.

    Raises:
        NoSuchIndex: There is none.
        GossamerError: No file of the directory can be read at all.
    """
    segments = _readable_segments(Storage(Path(path)))
    if not segments:
        raise GossamerError(f"{path}: no segment file here can be read")
    places = [(order, s, number) for s, segment in enumerate(segments) for number, order in enumerate(_orders(segment))]
    seen: set[str] = set()
    for _, s, number in sorted(places, reverse=True):
        if number in segments[s].dead:
            continue
        try:
            document = segments[s].document(number)
        except Exception:  # damaged bytes can break any step of reading
            continue
        if document.id not in seen:
            seen.add(document.id)
            yield document


def _readable_segments(storage: Storage) -> list[OpenSegment]:
    opened = []
    for entry in _segments_of(storage):
        with suppress(Exception):  # as above
            container = Container(storage, entry.segment, salvaging=True)
            try:
                trusted = entry if container.vouched else SegmentEntry(entry.segment)
                opened.append(OpenSegment(storage, trusted, None, container))
            except (IndexDamaged, FileNotFoundError):  # the tombstones are
                opened.append(OpenSegment(storage, SegmentEntry(entry.segment), None, container))
    return opened


def _segments_of(storage: Storage) -> Sequence[SegmentEntry]:
    """Segments as the manifest states them; without a manifest, every file that looks like a segment."""
    try:
        return manifests.read(storage).segments
    except (IndexDamaged, NoSuchIndex):
        with suppress(OSError):
            names = [n for n in storage.names() if n.startswith("segment-")]
            if names:
                return [SegmentEntry(FileEntry(n, 0, 0)) for n in names]
        raise


def _orders(segment: OpenSegment) -> list[int]:
    """Insertion number of each document; -1 where damage hides it."""
    native = segment.native
    orders = [-1] * native.documents
    for row in range(native.rows):
        with suppress(_native.Damaged):
            orders[native.document_of(row)] = native.order(row)
    return orders
