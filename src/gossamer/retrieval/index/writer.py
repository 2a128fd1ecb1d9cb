"""The writing side of an index: documents to segments in bounded memory, deletions to tombstones, and the commit.

Nothing that is written is seen by a reader before :meth:`Writer.commit` has replaced the manifest; files of an
abandoned writer are removed by the next one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer import _native
from gossamer.errors import GossamerError, IndexDamaged, UsageError
from gossamer.retrieval.encoders import BM25Encoder
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.columns import ColumnBuilder, merged
from gossamer.retrieval.index.container import ADVICE, ContainerWriter, FileEntry
from gossamer.retrieval.index.incoming import NativeDocument, as_document, native_document, ranges, scored_text
from gossamer.retrieval.index.manifest import Manifest, SegmentEntry
from gossamer.retrieval.index.schema import conform
from gossamer.retrieval.index.snapshot import OpenSegment, naming_damage, scoring_of
from gossamer.retrieval.index.spaces import native_spaces, readdressed
from gossamer.retrieval.index.storage import LOCK, Storage, release
from gossamer.text import passages
from gossamer.text.documents import Document

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from gossamer.retrieval.index.approximation import Tuning
    from gossamer.retrieval.index.columns import Columns
    from gossamer.retrieval.index.container import SectionWriter
    from gossamer.retrieval.index.ledger import Ledger
    from gossamer.retrieval.index.schema import FieldType
    from gossamer.retrieval.index.spaces import Encoders
    from gossamer.retrieval.vectors import SparseVectors

_BATCH_CHARACTERS = 1 << 20
_BATCH_DOCUMENTS = 2048
_ENCODED_CHARACTERS = 1 << 17  # of a batch that encoders read: a second or so, after which it can be stopped
_BUILDER_SHARE = 0.75  # of the memory: the rest is for batches, the allocator's gaps, and what a batch more brings
_MERGE_FACTOR = 8  # segments of one size class that are merged into one
_SMALLEST_CLASS = 1000  # rows


class Writer:
    """Holds the lock from the first change to commit or discard.

    Args:
        storage: The index.
        encoders: Of its spaces; None where vectors come from outside.
        memory: Bytes that pending documents may take.
        threads: Indexing threads.

    Raises:
        IndexLocked: Somebody else is writing.
    """

    def __init__(self, storage: Storage, encoders: Encoders, memory: int, threads: int) -> None:
        self._storage, self._encoders, self._memory, self._threads = storage, encoders, memory, threads
        self._text = encoders[0] if isinstance(encoders[0], BM25Encoder) else None
        storage.lock()
        try:
            self._begin()
        except BaseException:
            storage.unlock()
            raise

    def _begin(self) -> None:
        self._manifest = self._tidy()
        spaces = self._manifest.spaces
        self._of_vectors = {s["name"]: e for s, e in zip(spaces, self._encoders, strict=True) if s["kind"] == "vectors"}
        self._segments = [OpenSegment(self._storage, e, spaces) for e in self._manifest.segments]
        self._dead_before = {s.entry.segment.file: len(s.dead) for s in self._segments}
        self._next_file = self._manifest.next_file
        self._next_insertion = self._manifest.next_insertion
        self._scoring = scoring_of(spaces).native()
        self._builder: _native.Builder | None = None
        self._columns: list[list[str]] = []  # of each space of vectors
        self._fields = ColumnBuilder()
        self._ledger: Ledger | None = None
        self._tuning: Tuning | None = None

    def _tidy(self) -> Manifest:
        """Remove every file that is not part of the last commit, which is returned."""
        manifest = manifests.read(self._storage)
        self._storage.sync_directory()  # whoever put it in place may have died before this; what it replaced goes after
        for name in set(self._storage.names()) - manifest.files() - {LOCK}:
            if name.startswith(("segment-", "tombstones-", "ledger-", "calibration-", "manifest.")):
                self._storage.remove(name)
        return manifest

    # --- adding --------------------------------------------------------------------------------------------------

    def add(
        self, documents: Iterable[str | dict[str, Any] | Document], on_refused: Callable[[str, str], None] | None = None
    ) -> int:
        """Add documents; returns how many. With several threads a batch is read while the one before is indexed.

        Args:
            documents: As :meth:`Index.add` takes them.
            on_refused: Told of a document whose fields do not fit their types; None raises.
        """
        from concurrent.futures import ThreadPoolExecutor  # readers of an index need not wait for its import

        count = 0
        with ThreadPoolExecutor(1) if self._threads > 1 else nullcontext() as beside:
            taken: Future[None] | None = None
            for batch in self._batches(self._fitting(documents, on_refused)):
                count += len(batch)
                if beside is None:
                    self._add_batch(batch)
                    continue
                if taken is not None:
                    taken.result()
                taken = beside.submit(self._add_batch, batch)
            if taken is not None:
                taken.result()
        return count

    def _fitting(
        self, documents: Iterable[str | dict[str, Any] | Document], on_refused: Callable[[str, str], None] | None
    ) -> Iterator[Document]:
        """The documents with their fields as declared."""
        types, insertion = self._manifest.types, self._next_insertion
        if not types:
            return (as_document(item, number) for number, item in enumerate(documents, insertion))
        return self._conforming(documents, types, insertion, on_refused)

    def _conforming(
        self,
        documents: Iterable[str | dict[str, Any] | Document],
        types: Mapping[str, FieldType],
        insertion: int,
        on_refused: Callable[[str, str], None] | None,
    ) -> Iterator[Document]:
        for item in documents:
            document = as_document(item, insertion)
            try:
                document = conform(document, types)
            except UsageError as error:
                if on_refused is None:
                    raise
                on_refused(document.id, str(error))
                continue
            insertion += 1
            yield document

    def _batches(self, documents: Iterable[Document]) -> Iterator[list[Document]]:
        batch: list[Document] = []
        characters, most = 0, _ENCODED_CHARACTERS if self._of_vectors else _BATCH_CHARACTERS
        for document in documents:
            batch.append(document)
            characters += len(document.text)
            if characters >= most or len(batch) >= _BATCH_DOCUMENTS:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def _add_batch(self, batch: list[Document]) -> None:
        if not self._of_vectors:
            self._ready([]).add(self._documents(batch), self._next_insertion)
            self._added(batch)
            return
        if None in self._of_vectors.values():
            raise UsageError("this index holds vectors made elsewhere: use add_vectors(), or open it with encoder=")
        words = self._manifest.passage_words
        cut = [passages.split(d, words or None) for d in batch]
        texts = [scored_text(d, p) for d, ps in zip(batch, cut, strict=True) for p in ps]
        places = [ranges(d, [(p.start, p.end) for p in ps]) for d, ps in zip(batch, cut, strict=True)]
        self._add_rows(batch, places, [e.encode_documents(texts) for e in self._of_vectors.values() if e is not None])

    def _documents(self, batch: list[Document]) -> list[NativeDocument]:
        declared = tuple(self._text.field_analyzers) if self._text else ()
        return [native_document(d, declared) for d in batch]

    def add_vectors(
        self,
        ids: Iterable[str],
        vectors: SparseVectors | Mapping[str, SparseVectors],
        documents: Iterable[Document] | None,
    ) -> int:
        """Add one row per id, of which spaces without given vectors encode or analyse the text."""
        names = list(ids)
        stored = [Document(i, "") for i in names] if documents is None else list(documents)
        given = self._by_space(vectors)
        for one in given.values():
            if not len(names) == len(stored) == len(one):
                raise UsageError(
                    f"{len(names)} ids, {len(one)} vectors and {len(stored)} documents; they must be as many"
                )
        for name, document in zip(names, stored, strict=True):
            if name != document.id:
                raise UsageError(f"the id {name!r} stands beside the document {document.id!r}")
        for space, encoder in self._of_vectors.items():
            if space not in given:
                if encoder is None:
                    raise UsageError(f"the vectors of the space {space!r} are made elsewhere: give them, too")
                given[space] = encoder.encode_documents([scored_text(d, passages.split(d, None)[0]) for d in stored])
        places = [ranges(d, [(0, len(d.text))]) for d in stored]
        self._add_rows(stored, places, [given[space] for space in self._of_vectors])
        return len(names)

    def _by_space(self, vectors: SparseVectors | Mapping[str, SparseVectors]) -> dict[str, SparseVectors]:
        if not self._of_vectors:
            raise UsageError(
                "this index computes BM25 from text; make one for vectors with Index.create(path, encoder=None)"
            )
        if isinstance(vectors, Mapping):
            for name in vectors.keys() - self._of_vectors.keys():
                raise UsageError(f"the index has no space {name!r} of vectors; it has {', '.join(self._of_vectors)}")
            return dict(vectors)
        if len(self._of_vectors) > 1:
            raise UsageError(f"give vectors={{name: vectors}} for the spaces {', '.join(self._of_vectors)}")
        return dict.fromkeys(self._of_vectors, vectors)

    def _add_rows(
        self, batch: list[Document], places: list[list[tuple[int, int, int, int]]], vectors: list[SparseVectors]
    ) -> None:
        for one in vectors:
            one.refuse_negative()
        builder = self._ready([one.vocabulary or [] for one in vectors])
        rows = [(one.indptr, one.indices, one.values) for one in vectors]
        builder.add_vectors(self._documents(batch), self._next_insertion, places, rows)
        self._added(batch)

    def _ready(self, columns: list[list[str]]) -> _native.Builder:
        """The builder; a new vocabulary starts a new one."""
        if self._builder is not None and columns != self._columns:
            self._flush()
        if self._builder is None:
            analyzers = [self._text.analyzer, *self._text.field_analyzers.values()] if self._text else []
            self._builder = _native.Builder(
                native_spaces(self._manifest.spaces),
                [a.native for a in analyzers],
                columns,
                self._manifest.passage_words,
                self._threads,
                self._scoring,
            )
            self._columns = columns
        return self._builder

    def _added(self, batch: list[Document]) -> None:
        for insertion, document in enumerate(batch, self._next_insertion):
            if document.fields:
                self._fields.add(insertion, document.fields)
        self._next_insertion += len(batch)
        assert self._builder is not None
        if self._builder.memory + self._fields.memory > self._memory * _BUILDER_SHARE:
            self._flush()

    # --- deleting ------------------------------------------------------------------------------------------------

    def delete(self, ids: Iterable[str]) -> int:
        """Delete documents; returns how many there were."""
        count = 0
        for identifier in ids:
            pending = self._builder is not None and self._builder.erase(identifier)
            stored = self._kill(identifier)
            count += pending or stored
        return count

    def _kill(self, identifier: str) -> bool:
        found = False
        for segment in self._segments:
            numbers = segment.numbers(identifier)
            segment.dead.update(numbers)
            found = found or bool(numbers)
        return found

    def remember(self, ledger: Ledger) -> None:
        """Commit this ledger with the changes."""
        self._ledger = ledger

    def calibrate(self, tuning: Tuning) -> None:
        """Commit this with the changes; it holds where there are none."""
        self._tuning = tuning

    # --- segments ------------------------------------------------------------------------------------------------

    def _new_name(self, kind: str) -> str:
        self._next_file += 1
        return f"{kind}-{self._next_file:08d}.gsm"

    def _flush(self) -> None:
        """Write the pending documents as a segment."""
        if self._builder is None or self._builder.pending == 0:
            self._builder = None
            return
        for segment in self._segments:
            with naming_damage([segment]):
                segment.dead.update(self._builder.superseded(segment.native))
        sections, facts, dead = self._builder.flush()
        rows = {name: memoryview(data) for name, _, _, data in sections}
        orders, documents = np.frombuffer(rows["order"], np.uint64), np.frombuffer(rows["rows.doc"], np.uint32)
        fields = self._fields.sections(orders, documents)
        self._fields = ColumnBuilder()
        container = ContainerWriter(self._storage, self._new_name("segment"))
        try:
            for name, kind, required, data in sections:
                container.section(name, kind, required, [memoryview(data)])
            for name, kind, values in fields:
                container.section(name, kind, False, [values.tobytes()])
            entry = container.finish(facts)
        except BaseException:
            container.abandon()
            raise
        self._builder = None
        self._append(entry, set(dead))

    def _append(self, entry: FileEntry, dead: set[int]) -> None:
        segment = OpenSegment(self._storage, SegmentEntry(entry), self._manifest.spaces)
        segment.dead = dead
        self._segments.append(segment)

    def _merge(self, chosen: list[OpenSegment]) -> None:
        """Replace segments by one without their dead documents. Every byte that is copied is checked first."""
        for segment in chosen:
            problem = next(segment.container.problems(), None)
            if problem is not None:
                raise IndexDamaged(segment.path, problem.offset, problem.reason, ADVICE)
        self._segments = [s for s in self._segments if s not in chosen]
        if all(len(s.dead) == s.native.documents for s in chosen):
            return
        with naming_damage(chosen):
            self._append(self._merged(chosen), set())

    def _merged(self, chosen: list[OpenSegment]) -> FileEntry:
        merger = _native.Merger(
            native_spaces(self._manifest.spaces),
            [s.native for s in chosen],
            [sorted(s.dead) for s in chosen],
            self._scoring,
            self._memory // 2,
            self._threads,
        )
        container = ContainerWriter(self._storage, self._new_name("segment"))
        try:
            for i, (name, kind, required) in enumerate(merger.sections):
                with container.open_section(name, kind, required) as section:
                    merger.write(i, partial(_copy, section, chosen))
            for name, kind, values in merged(_renumbered(chosen)):
                container.section(name, kind, False, [values.tobytes()])
            return container.finish(merger.facts)
        except BaseException:
            container.abandon()
            raise

    def _merge_small(self) -> None:
        """Merge whole size classes, so that the number of segments grows with the logarithm of the index."""
        self._segments = [s for s in self._segments if len(s.dead) < s.native.documents]
        while True:
            classes: dict[int, list[OpenSegment]] = {}
            for segment in self._segments:
                size = max(segment.native.rows, _SMALLEST_CLASS) / _SMALLEST_CLASS
                classes.setdefault(int(log(size, _MERGE_FACTOR)), []).append(segment)
            full = [members for _, members in sorted(classes.items()) if len(members) >= _MERGE_FACTOR]
            if not full:
                return
            self._merge(full[0])

    # --- ending --------------------------------------------------------------------------------------------------

    def commit(self, merge_all: bool = False) -> Manifest:
        """Make everything since the last commit durable and visible; releases the lock.

        A failure discards the changes and leaves the previous commit.
        """
        try:
            self._flush()
            if merge_all and (len(self._segments) > 1 or any(s.dead for s in self._segments)):
                self._merge(list(self._segments))
            else:
                self._merge_small()
            manifest = self._next_manifest()
            if manifest != self._manifest:
                manifest = replace(manifest, generation=self._manifest.generation + 1)
                manifests.write(self._storage, manifest)
        except OSError as error:
            raise GossamerError(
                f"{self._storage.root}: {error.strerror or error}; nothing of this change was committed, "
                "the previous commit is intact"
            ) from error
        finally:
            self.close()
        return manifest

    def _next_manifest(self) -> Manifest:
        entries = []
        for segment in self._segments:
            entry = segment.entry
            if len(segment.dead) != self._dead_before.get(entry.segment.file, 0):
                entry = replace(entry, tombstones=self._write_tombstones(segment.dead))
            entries.append(entry)
        kept = self._manifest.ledger
        if self._ledger is not None:
            generation = self._manifest.generation + 1
            kept = self._ledger.write(self._storage, self._new_name("ledger"), generation, self._next_insertion)
        calibration = self._manifest.calibration
        if self._tuning is not None:
            calibration = self._tuning.write(self._storage, self._new_name("calibration"), self._manifest)
        spaces = readdressed(self._manifest.spaces, self._encoders)
        return replace(
            self._manifest, spaces=spaces, segments=tuple(entries), ledger=kept, calibration=calibration,
            next_insertion=self._next_insertion, next_file=self._next_file,
        )  # fmt: skip

    def _write_tombstones(self, dead: set[int]) -> FileEntry:
        container = ContainerWriter(self._storage, self._new_name("tombstones"))
        try:
            container.section("dead", "u32", True, [array("I", sorted(dead)).tobytes()])
            return container.finish({"dead": len(dead)})
        except BaseException:
            container.abandon()
            raise

    def close(self) -> None:
        """Forget everything since the last commit; releases the lock."""
        self._builder = None
        self._segments = []
        try:
            self._tidy()
        except (OSError, GossamerError):
            pass  # the next writer does it
        finally:
            self._storage.unlock()


def _copy(section: SectionWriter, sources: list[OpenSegment], chunk: bytes) -> None:
    """Write a chunk of a merge and give back the pages it came from, so that a merge holds few of them at a time."""
    section.write(chunk)
    for segment in sources:
        release(segment.container.buffer)


def _renumbered(sources: list[OpenSegment]) -> Iterator[tuple[Columns, NDArray[np.int64]]]:
    """Each segment's columns with the number of each of its documents in the merge, -1 for dead ones."""
    base = 0
    for segment in sources:
        live = segment.live
        yield segment.columns, np.where(live, np.cumsum(live) - 1 + base, -1)
        base += int(live.sum())
