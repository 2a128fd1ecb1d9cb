"""The commit point: one small checksummed JSON file that names every file of the index, replaced atomically.

``manifest.json`` holds a line of JSON and a line with its CRC-32. A commit writes a new one beside it, syncs it and
renames it; a reader therefore sees the old commit or the new one, whole.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

from gossamer.errors import GossamerError, IndexDamaged, IndexTooNew, NoSuchIndex
from gossamer.retrieval.index.container import FORMAT, FileEntry
from gossamer.retrieval.index.schema import FieldType
from gossamer.retrieval.index.storage import Storage, unreadable

MANIFEST = "manifest.json"
_NEXT = "manifest.next"
_VECTORS_SINCE = 3  # format


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment file and, where documents of it have died, the file that lists them."""

    segment: FileEntry
    tombstones: FileEntry | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One commit.

    Args:
        spaces: One an encoder, text first: name, kind ("text" or "vectors"), how to make the encoder again, and the
            weight of the space.
        passage_words: Words a passage; 0 = whole documents.
        generation: Counts commits.
        next_insertion: Insertion number of the next document.
        next_file: Number of the next file; names of committed files are never used again.
        types: Of declared fields that are not text.
        ledger: What the index remembers of its sources.
        calibration: Which approximate search reaches which recall.
    """

    spaces: tuple[dict[str, Any], ...]
    passage_words: int
    segments: tuple[SegmentEntry, ...] = ()
    generation: int = 0
    next_insertion: int = 0
    next_file: int = 0
    types: dict[str, FieldType] = field(default_factory=dict)
    ledger: FileEntry | None = None
    calibration: FileEntry | None = None
    format: int = field(default=FORMAT)

    def files(self) -> set[str]:
        """The names of all files this commit needs, itself included."""
        entries = [e for s in self.segments for e in (s.segment, s.tombstones) if e is not None]
        entries += [e for e in (self.ledger, self.calibration) if e is not None]
        return {MANIFEST} | {e.file for e in entries}


def write(storage: Storage, manifest: Manifest) -> None:
    """Commit: after this returns, the manifest and the names of all files are durable."""
    line = json.dumps({**asdict(manifest), "format": FORMAT}, ensure_ascii=False).encode()
    with storage.create(_NEXT) as file:
        file.write(line + b"\n%08x\n" % zlib.crc32(line))
        file.sync()
    storage.sync_directory()  # the files that the manifest names come before it
    try:
        storage.rename(_NEXT, MANIFEST)
        storage.sync_directory()
    except OSError as error:
        raise GossamerError(
            f"{storage.root}: {error.strerror or error}; the disk did not confirm the commit: the index "
            "holds it or the one before, whole"
        ) from error


def read(storage: Storage) -> Manifest:
    """The last commit.

    Raises:
        NoSuchIndex: There is no manifest.
        IndexDamaged: It does not match its checksum.
        IndexTooNew: A newer version wrote it.
        GossamerError: It holds vectors as versions before format 3 kept them.
    """
    path = storage.root / MANIFEST
    try:
        content = storage.read(MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        raise NoSuchIndex(
            f"{storage.root}: no gossamer index here; make one with `gossamer index PATH -o {storage.root}`"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from error
    advice = "The segment files hold the documents: `gossamer export --salvage` saves every one that can still be read"
    line, _, rest = content.partition(b"\n")
    if rest != b"%08x\n" % zlib.crc32(line):
        raise IndexDamaged(path, 0, "the manifest does not match its checksum", advice)
    parsed = json.loads(line)
    if parsed["format"] > FORMAT:
        raise IndexTooNew(f"{path}: format {parsed['format']}; this gossamer reads up to {FORMAT}. Upgrade gossamer.")
    if "space" in parsed:  # before format 4
        parsed["spaces"] = [parsed.pop("space")]
    if parsed["format"] < _VECTORS_SINCE and parsed["spaces"][0]["kind"] == "vectors":
        raise GossamerError(
            f"{path}: format {parsed['format']}; vectors are kept in another way since format {_VECTORS_SINCE}. "
            "Make the index again from its documents."
        )
    segments = tuple(
        SegmentEntry(FileEntry(**s["segment"]), s["tombstones"] and FileEntry(**s["tombstones"]))
        for s in parsed.pop("segments")
    )
    files, spaces = ("ledger", "calibration"), tuple(parsed.pop("spaces"))
    parsed |= {name: FileEntry(**parsed[name]) for name in files if parsed.get(name) is not None}
    return Manifest(spaces=spaces, segments=segments, **parsed)
