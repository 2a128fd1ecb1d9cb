"""One commit of an index, opened for reading: its segments, which of their documents live, and the search over them."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from gossamer import _native
from gossamer.errors import GossamerError, IndexDamaged, UsageError
from gossamer.retrieval.encoders.bm25 import BM25
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.approximation import Tuning
from gossamer.retrieval.index.columns import Columns, Mask, fields_of, known_fields
from gossamer.retrieval.index.container import ADVICE, Container, FileEntry
from gossamer.retrieval.index.manifest import Manifest, SegmentEntry
from gossamer.retrieval.index.schema import bind
from gossamer.retrieval.index.spaces import Space, native_spaces, sections_of
from gossamer.retrieval.index.storage import Storage
from gossamer.retrieval.index.where import parse
from gossamer.text.documents import Document, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gossamer.retrieval.vectors import SparseVectors

_DOCUMENT_SECTIONS = {
    "ids.offsets",
    "ids.bytes",
    "ids.hash",
    "rows.doc",
    "rows.range",
    "order",
    "docs.store",
    "store.blocks",
    "store.bytes",
}
_FILTERS_KEPT = 32
_ATTEMPTS = 10  # a merge may remove a segment between reading the manifest and opening the file


class OpenSegment:
    """A segment and the numbers of its dead documents.

    Args:
        storage, entry: The files.
        spaces: The manifest's; None where only the documents are wanted, whatever became of the rest.
        container: The segment's file where it is open already.
    """

    def __init__(
        self, storage: Storage, entry: SegmentEntry, spaces: Sequence[Space] | None, container: Container | None = None
    ) -> None:
        self.entry = entry
        self.container = container or Container(storage, entry.segment)
        self.path = storage.root / entry.segment.file
        if spaces is not None:
            self.container.refuse_unknown(_DOCUMENT_SECTIONS.union(*map(sections_of, spaces)))
        self.dead = read_tombstones(storage, entry.tombstones) if entry.tombstones else set()
        with naming_damage([self]):
            self.native = _native.open_segment(
                self.container.buffer,
                self.container.places(),
                native_spaces(spaces or ()),
                self.container.facts,
            )

    @cached_property
    def columns(self) -> Columns:
        """The fields of its documents."""
        with naming_damage([self]):
            return Columns(self.container, self.native.documents)

    @property
    def live(self) -> Mask:
        """Which documents are not deleted; shape (documents,)."""
        live = np.ones(self.native.documents, np.bool_)
        live[list(self.dead)] = False
        return live

    def first_row(self, number: int) -> int:
        """The first passage of a document."""
        return int(np.searchsorted(np.frombuffer(self.container.section("rows.doc"), np.uint32), number))

    @cached_property
    def insertions(self) -> NDArray[np.uint64]:
        """The insertion number of every document; shape (documents,)."""
        insertions = np.zeros(self.native.documents, np.uint64)
        documents = np.frombuffer(self.container.section("rows.doc"), np.uint32)
        insertions[documents] = np.frombuffer(self.container.section("order"), np.uint64)
        return insertions

    def numbers(self, identifier: str) -> list[int]:
        """Numbers of the live documents with this id (none or one)."""
        with naming_damage([self]):
            return [d for d in self.native.find(identifier) if d not in self.dead]

    def document(self, number: int) -> Document:
        """A stored document."""
        with naming_damage([self]):
            return make_document(self.native.id(number), self.native.text(number), self.native.metadata(number))

    def document_orders(self) -> dict[int, int]:
        """Live document number -> insertion number."""
        with naming_damage([self]):
            native = self.native
            return {d: native.order(r) for r in range(native.rows) if (d := native.document_of(r)) not in self.dead}


class naming_damage:  # noqa: N801 - reads as a statement
    """A context for reading segments: an error that damaged bytes cause becomes IndexDamaged, with file and offset.

    Args:
        segments: Those that are read.
    """

    def __init__(self, segments: Sequence[OpenSegment]) -> None:
        self._segments = segments

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, (GossamerError, OSError)):
            return
        for segment in self._segments:
            problem = next(segment.container.problems(), None)
            if problem is not None:
                raise IndexDamaged(segment.path, problem.offset, problem.reason, ADVICE) from error
        if isinstance(error, _native.Damaged):  # every checksum holds
            raise IndexDamaged(self._segments[0].path, 0, str(error), ADVICE) from error


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which documents a search may return.

    Args:
        masks: For each segment, shape (documents,); deleted documents do not matter.
        native: The same for the traversal, without deleted ones.
    """

    masks: list[Mask]
    native: _native.Filter


class Snapshot:
    """Search over the segments of one manifest.

    Args:
        storage: The index.
        manifest: The commit.
        reuse: Another snapshot of the same index whose open files are taken over where they are the same.
    """

    def __init__(self, storage: Storage, manifest: Manifest, reuse: Snapshot | None = None) -> None:
        self.manifest = manifest
        self._filters: dict[str, Accepted] = {}
        self._filters_lock = Lock()
        self._columns: tuple[list[str] | None, _native.ColumnNames | None] = None, None
        known = {s.entry.segment.file: s.container for s in reuse.segments} if reuse else {}
        self.segments: list[OpenSegment] = [
            OpenSegment(storage, e, manifest.spaces, known.get(e.segment.file)) for e in manifest.segments
        ]
        self.text = manifest.spaces[0]["kind"] == "text"
        self.tuning = Tuning.of(storage, manifest)
        scoring, dead = scoring_of(manifest.spaces).native(), [sorted(s.dead) for s in self.segments]
        with naming_damage(self.segments):
            self.native = _native.Snapshot([s.native for s in self.segments], dead, self.text, scoring)

    def accepted(self, where: str | None) -> Accepted | None:
        """The documents that a filter lets through; None for no filter. The last few are remembered.

        Raises:
            UsageError: It is no filter, or it names a field that no document has.
        """
        if where is None:
            return None
        with self._filters_lock:
            known = self._filters.pop(where, None)
        if known is None:
            node = bind(parse(where), self.manifest.types)
            self.check_fields(fields_of(node))
            with naming_damage(self.segments):
                known = self.accept([s.columns.mask(node) for s in self.segments])
        with self._filters_lock:
            self._filters[where] = known
            while len(self._filters) > _FILTERS_KEPT:
                del self._filters[next(iter(self._filters))]
        return known

    def accept(self, masks: list[Mask]) -> Accepted:
        """What masks over the documents of each segment let through."""
        return Accepted(masks, self.native.filter(masks))

    def only(self, documents: Sequence[tuple[int, int]]) -> Accepted:
        """A filter that lets some documents through, given as (segment, document number)."""
        masks = [np.zeros(s.native.documents, np.bool_) for s in self.segments]
        for segment, number in documents:
            masks[segment][number] = True
        return self.accept(masks)

    def check_fields(self, fields: set[str]) -> None:
        """Raise UsageError for a field that no document has."""
        known = known_fields(s.columns for s in self.segments)
        for field in sorted(fields - set(known)):
            close = get_close_matches(field, known, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"
            raise UsageError(f"no document has a field {field!r}; {advice}")

    def frequency(self, term: str, space: int = 0) -> int:
        """How many passages hold a term of a space, those of deleted documents included."""
        return sum(segment.native.frequency(term, space) for segment in self.segments)

    def find(self, identifier: str) -> tuple[OpenSegment, int] | None:
        """Where the live document with this id is."""
        for segment in self.segments:
            for number in segment.numbers(identifier):
                return segment, number
        return None

    def documents(self) -> Iterator[Document]:
        """The live documents in insertion order."""
        places = sorted((order, i, d) for i, s in enumerate(self.segments) for d, order in s.document_orders().items())
        for _, i, number in places:
            yield self.segments[i].document(number)

    def column_names(self, vectors: SparseVectors) -> _native.ColumnNames | None:
        """The columns of queries looked up in all segments; None where looking up their terms is less work.

        A vocabulary is looked up when it comes a second time, or at once for as many entries as it has names.

        Raises:
            UsageError: Two columns have one name.
        """
        names = vectors.vocabulary
        seen, known = self._columns
        if names is None or (names is seen and known is not None):
            return known if names is not None else None
        known = None
        if names is seen or vectors.nnz >= len(names):
            try:
                known = _native.ColumnNames(self.native, names)
            except ValueError as error:
                raise UsageError(f"the vocabulary of the queries: {error}") from error
        self._columns = names, known
        return known

    @property
    def live_documents(self) -> int:
        """How many documents are live."""
        return sum(s.native.documents - len(s.dead) for s in self.segments)


def open_snapshot(storage: Storage, reuse: Snapshot | None = None) -> Snapshot:
    """The last commit; tries again when a writer removes files while they are being opened."""
    for _ in range(_ATTEMPTS):
        manifest = manifests.read(storage)
        try:
            return Snapshot(storage, manifest, reuse)
        except FileNotFoundError as error:
            missing = error.filename
            if manifests.read(storage).generation == manifest.generation:
                raise IndexDamaged(
                    missing, 0, "the file is missing", "`gossamer export --salvage` saves the documents of the others"
                ) from None
    raise IndexDamaged(missing, 0, f"the file vanished {_ATTEMPTS} times while a writer was at work; try again")


def scoring_of(spaces: Sequence[Space]) -> BM25:
    """The scoring of text among a manifest's spaces; vectors score by inner product and ignore it."""
    settings = spaces[0]["encoder"]
    if spaces[0]["kind"] != "text":
        return BM25()
    fields = tuple((name, one["weight"], one["b"]) for name, one in settings.get("fields", {}).items())
    return BM25(**{k: settings[k] for k in ("k1", "b", "variant", "delta", "mu", "compat")}, fields=fields)


def read_tombstones(storage: Storage, entry: FileEntry) -> set[int]:
    """The dead document numbers that a tombstone file lists."""
    container = Container(storage, entry)
    container.refuse_unknown(["dead"])
    problem = next(container.problems(), None)  # small, and a wrong bit would bring a document back
    if problem:
        raise IndexDamaged(
            storage.root / entry.file,
            problem.offset,
            problem.reason,
            "`gossamer export --salvage` saves all documents, deleted ones among them",
        )
    numbers = array("I")
    numbers.frombytes(container.section("dead"))
    return set(numbers)


def make_document(identifier: str, text: str, metadata: bytes) -> Document:
    """A document from what the store holds of it."""
    if not metadata:
        return Document(identifier, text)
    more = json.loads(metadata)
    spans = tuple(Span(*span) for span in more.get("spans", ()))
    return Document(identifier, text, more.get("title", ""), more.get("fields", {}), spans)
