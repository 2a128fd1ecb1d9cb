"""Brings an index up to date with its sources: what is new is added, what has changed replaced, what is gone removed.

Files with the same bytes are one document that names them all. Everything happens in one commit, the ledger included.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from gossamer.app.survey import CHANGED, LOST, RACY_NS, Surveyor, file_digest, sharing
from gossamer.errors import IndexDamaged
from gossamer.retrieval.index.ledger import FileRecord, Ledger, LedgerBuilder, State, claim
from gossamer.text.documents import Document
from gossamer.text.folders import identities
from gossamer.text.places import Source, StrPath, named_sources
from gossamer.text.readers.described import moment, utf8
from gossamer.text.readers.registry import Options, fingerprint
from gossamer.text.sources import FileReader, Skipped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gossamer.retrieval.index import Index
    from gossamer.text.folders import Identity


@dataclass
class Changes:
    """What a run did, in documents."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0

    @property
    def written(self) -> int:
        """How many were added or updated."""
        return self.added + self.updated


def keep_up(
    index: Index | None,
    create: Callable[[], Index],
    paths: StrPath | Iterable[StrPath],
    *,
    text_field: str | None = None,
    id_field: str | None = None,
    archive_depth: int = 2,
    exclude: Sequence[StrPath] = (),
    on_skip: Callable[[Skipped], None] = lambda skipped: None,
    on_bytes: Callable[[int], None] = lambda count: None,
    passing: Callable[[Iterable[Document]], Iterable[Document]] = lambda documents: documents,
    strict: bool = False,
    keep_missing: bool = False,
    full: bool = False,
) -> tuple[Index | None, Changes]:
    """Bring an index up to date and commit.

    Args:
        index: The index, None if it is yet to be made.
        create: Makes it, once there is something to add.
        paths, text_field, id_field, archive_depth, exclude, on_skip, on_bytes, strict: As for `gossamer.text.read`.
        passing: Sees the documents on their way into the index.
        keep_missing: Keep the documents of files that are gone.
        full: Read every file again.

    Returns:
        The index, None where nothing was found to make one of; and what was done.

    Raises:
        UsageError: A path does not exist or a glob matches nothing.
        IndexLocked: Somebody else is writing, and there is something to write.
    """
    options = Options(text_field, id_field, archive_depth=archive_depth)
    while True:
        with closing(_Run(index, named_sources(paths), options, on_skip, on_bytes, strict)) as run:
            try:
                run.look(identities(exclude), keep_missing, full)
                if index is not None and run.something_to_do:
                    index.delete(())  # takes the lock
                    if index.refresh():  # what was looked at is no longer what is there
                        continue
                return run.carry_out(create, passing), run.changes
            except BaseException:
                run.discard()
                raise


class _Run:
    """One run; its arguments are those of `keep_up`."""

    def __init__(
        self,
        index: Index | None,
        sources: Sequence[Source],
        options: Options,
        on_skip: Callable[[Skipped], None],
        on_bytes: Callable[[int], None],
        strict: bool,
    ) -> None:
        self._index, self._on_skip, self._on_bytes = index, on_skip, on_bytes
        self._reader = FileReader(options, self._skip, on_bytes, strict)
        self._started = time.time_ns()
        self.changes = Changes()
        self._skipped: list[tuple[str, str]] = []  # of the file at hand
        self._whole: dict[int, bool] = {}  # of files that others have the bytes of
        self._read: dict[int, int] = {}  # claim to the first file that was read and gave it
        self._emitted: set[int] = set()
        self._refused: list[tuple[str, str]] = []
        settings = {
            "text_field": options.text_field, "id_field": options.id_field, "archive_depth": options.archive_depth,
            "readers": fingerprint(),
        }  # fmt: skip
        self._sources = [
            (
                source,
                source.name if source.python else os.path.abspath(source.name),
                json.dumps({"base": source.base, **settings}, sort_keys=True),
            )
            for source in sources
        ]

    def close(self) -> None:
        """End the subprocess of risky readers."""
        self._reader.close()

    def _skip(self, skipped: Skipped) -> None:
        self._skipped.append((skipped.path, skipped.reason))
        self._on_skip(skipped)

    def _refuse(self, identifier: str, reason: str) -> None:
        self._refused.append((identifier, reason))
        if self._emitted:
            known = self._index is not None and identifier in self._index
            self.changes.updated -= known
            self.changes.added -= not known
        self._on_skip(Skipped(identifier, reason))

    def discard(self) -> None:
        """Forget what was not committed."""
        if self._index is not None:
            self._index.close()

    def look(self, excluded: frozenset[Identity], keep_missing: bool, full: bool) -> None:
        """Find what has changed."""
        self._ledger, self._distrusted = self._remembered()
        surveyor = Surveyor(
            self._ledger, self._distrusted, excluded, self._reader.skip, keep_missing=keep_missing, full=full
        )
        self._survey = surveyor.look(self._sources)

    @property
    def something_to_do(self) -> bool:
        """Whether a file has to be opened or forgotten."""
        return not self._survey.unchanged

    def _remembered(self) -> tuple[Ledger, NDArray[np.bool_]]:
        """The ledger, and which of its rows stand for documents that somebody else has changed since."""
        if self._index is None:
            return Ledger(), np.zeros(0, np.bool_)
        try:
            ledger = self._index.ledger()
        except IndexDamaged as error:
            self._on_skip(Skipped(error.file, f"{error.reason}; everything is read again, what is gone stays"))
            ledger = Ledger()
        distrusted = np.zeros(len(ledger), np.bool_)
        if len(ledger) and ledger.generation != self._index.stats()["generation"]:
            for row in range(len(ledger)):
                distrusted[row] = any(self._index.added_since(one, ledger.next_insertion) for one in ledger.ids(row))
        return ledger, distrusted

    def carry_out(
        self, create: Callable[[], Index], passing: Callable[[Iterable[Document]], Iterable[Document]]
    ) -> Index | None:
        """Read what has changed, and commit."""
        self._builder = LedgerBuilder()
        documents = iter(passing(self._documents()))
        first = next(documents, None)
        if self._index is None:
            if first is None:
                return None
            self._index = create()
        index = self._index
        if first is not None:
            index.add(chain([first], documents), on_refused=self._refuse)
        ledger = self._builder.finish()
        if self._refused:
            ledger = self._without_refused(ledger)
        self._count(ledger)
        if first is not None or not self._is_as_before(ledger):
            self.changes.removed = index.delete(self._gone(ledger))
            index.remember(self._with_other_sources(ledger))
        index.commit()
        return index

    # --- reading ---------------------------------------------------------------------------------------------------

    def _documents(self) -> Iterator[Document]:
        """The documents that the index lacks; fills the ledger on the way."""
        survey, waiting = self._survey, self._survey.attention()
        at = 0
        for number, (source, place, settings) in enumerate(self._sources):
            self._builder.begin(source.name, place, settings)
            last, stop = survey.spans[number]
            while at < len(waiting) and waiting[at] < stop:
                self._keep(last, waiting[at])
                yield from self._file(waiting[at], source)
                last = waiting[at] + 1
                at += 1
            self._keep(last, stop)
            self._builder.copy(self._ledger, survey.carried[number])
        yield from self._overruled()

    def _keep(self, start: int, stop: int) -> None:
        """Files that are as they were: what was skipped then is skipped now."""
        rows = self._survey.rows[start:stop]
        if not len(rows):
            return
        for row in rows[self._ledger.skip_counts[rows] > 0].tolist():
            for path, reason in self._ledger.skipped(row):
                self._reader.skip(path, reason)
        self._builder.copy(self._ledger, rows)
        self._on_bytes(int(self._survey.size[start:stop].sum()))

    def _file(self, number: int, source: Source) -> Iterator[Document]:
        """A file that is new, changed or touched, or has the same bytes as one that is."""
        survey, row, status = self._survey, int(self._survey.rows[number]), self._survey.status[number]
        state = State(int(self._ledger.state[row])) if row >= 0 else State(0)
        if status == LOST:
            self._lose(number, survey.refused[number])
        elif self._whole.get(survey.leader.get(number, -1), False):
            self._add(number, State.DUPLICATE)
        elif status == CHANGED or state & State.DUPLICATE:
            yield from self._open(number, source)
        else:
            kept = self._ledger.record(row)
            stored = self._restamped(number, kept) if state & State.WHOLE else None
            if state & State.WHOLE and stored is None:  # somebody has deleted it
                yield from self._open(number, source)
                return
            self._whole[number] = bool(state & State.WHOLE)
            for path, reason in kept.skipped:
                self._reader.skip(path, reason)
            self._add(number, state & State.WHOLE, kept.ids, kept.skipped)
            if stored is not None:
                yield from self._emit(stored)

    def _restamped(self, number: int, kept: FileRecord) -> Document | None:
        """The stored document of a file with its time and names of now."""
        assert self._index is not None
        stored = self._index.get(kept.ids[0])
        if stored is None:
            return None
        fields = dict(stored.fields)
        if fields.get("modified") == moment(kept.modified / 1e9):
            fields["modified"] = moment(int(self._survey.modified[number]) / 1e9)
        if number in self._survey.names:
            fields.pop("paths", None)
        return self._named(replace(stored, fields=fields), number)

    def _named(self, document: Document, number: int) -> Document:
        """The document of a file with all names, where it has several."""
        names = [utf8(name) for name in self._survey.names.get(number, ())]
        return replace(document, fields={**document.fields, "paths": names}) if len(names) > 1 else document

    def _open(self, number: int, source: Source) -> Iterator[Document]:
        """Read a file."""
        survey = self._survey
        path, self._skipped = survey.path(self._ledger, number), []
        if source.python is not None:
            ids = yield from self._all(source.python.documents(self._reader.skip), number, None)
            self._add(number, State.STALE, ids, self._skipped)
            return
        if not survey.digests[number].any():
            try:
                survey.digests[number] = np.frombuffer(file_digest(path), np.uint64)
            except OSError as error:
                self._lose(number, (error.strerror or str(error)).lower())
                return
        file_id = source.id_of(path)
        ids = yield from self._all(self._reader.read(path, file_id), number, file_id)
        self._whole[number] = whole = ids == [file_id]
        state = State.WHOLE if whole else State(0)
        if not self._is_as_seen(path, number):
            state |= State.STALE  # changed while it was read
        self._add(number, state, ids, self._skipped)

    def _all(
        self, documents: Iterator[Document], number: int, file_id: str | None
    ) -> Generator[Document, None, list[str]]:
        ids = []
        for document in documents:
            ids.append(document.id)
            if len(self._ledger):
                self._read.setdefault(claim(document.id), number)
            yield from self._emit(self._named(document, number) if document.id == file_id else document)
        return ids

    def _emit(self, document: Document) -> Iterator[Document]:
        """The document, unless the index holds it in the same form."""
        if self._index is None or not len(self._index):
            yield document
            return
        key, known = claim(document.id), self._index.get(document.id)
        if key not in self._emitted:
            if known is None:
                self.changes.added += 1
            elif _stored(known) == _stored(document):
                return
            else:
                self.changes.updated += 1
            self._emitted.add(key)
        yield document

    def _overruled(self) -> Iterator[Document]:
        """Of files that give the same id the last one stands: it may be one that did not change."""
        survey, ledger = self._survey, self._ledger
        if not self._read or not len(ledger):
            return
        number_of = np.full(len(ledger), -1)
        number_of[survey.rows[survey.rows >= 0]] = np.flatnonzero(survey.rows >= 0)
        met = np.flatnonzero(np.isin(ledger.claims, np.fromiter(self._read, np.uint64)))
        rows = {
            row for at in met.tolist()
            if number_of[row := int(ledger.claim_rows[at])] > self._read[int(ledger.claims[at])]
            and survey.status[number_of[row]] < CHANGED
        }  # fmt: skip
        if not rows:
            return
        chosen = np.array(sorted(rows))
        numbers = number_of[np.concatenate((chosen, sharing(ledger, chosen)))]
        for number in sorted(numbers[numbers >= 0].tolist()):
            at = next(i for i, (_, stop) in enumerate(survey.spans) if number < stop)
            source, path = self._sources[at][0], survey.path(ledger, number)
            for document in self._reader.read(path, source.id_of(path)):
                yield from self._emit(document)

    # --- the ledger ------------------------------------------------------------------------------------------------

    def _add(self, number: int, state: State, ids: Sequence[str] = (), skipped: Sequence[tuple[str, str]] = ()) -> None:
        survey, path = self._survey, self._survey.path(self._ledger, number)
        modified = int(survey.modified[number])
        if modified > self._started - RACY_NS:
            state |= State.RACY
        digest = survey.digests[number].tobytes()
        self._builder.add(FileRecord(path, int(survey.size[number]), modified, digest, state, ids, skipped))

    def _lose(self, number: int, reason: str) -> None:
        """A file that cannot be opened: what it gave before stays."""
        row, path = int(self._survey.rows[number]), self._survey.path(self._ledger, number)
        ids = self._ledger.ids(row) if row >= 0 else ()
        self._reader.skip(path, f"{reason}; what it held stays in the index as it was" if ids else reason)
        if row < 0:
            self._add(number, State.STALE)
            return
        kept = self._ledger.record(row)
        self._builder.add(replace(kept, state=kept.state | State.STALE))

    def _is_as_seen(self, path: str, number: int) -> bool:
        try:
            status = os.stat(path)
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self._survey.size[number], self._survey.modified[number])

    def _count(self, ledger: Ledger) -> None:
        """Several files may give an id, so documents are counted by the ids that are given."""
        carried = sum(int(self._ledger.id_counts[rows].sum()) for rows in self._survey.carried)
        given = len(np.unique(ledger.claims)) - carried
        if self._index is None or not len(self._index):
            self.changes.added = given
        self.changes.unchanged = max(0, given - self.changes.written)

    def _is_as_before(self, ledger: Ledger) -> bool:
        """Whether a ledger says of the sources of this run what is known of them."""
        known = self._ledger
        for number, before in enumerate(self._survey.known):
            if before is None or ledger.sources[number] != known.sources[before]:
                return False
            now, then = ledger.rows_of(number), known.rows_of(before)
            for name in ledger.columns:
                if ledger.part(name, now.start, now.stop) != known.part(name, then.start, then.stop):
                    return False
        return True

    def _gone(self, ledger: Ledger) -> Iterator[str]:
        """The ids that the sources of this run gave before, and that nothing gives now."""
        known = self._ledger
        ours = np.zeros(len(known), np.bool_)
        for source in self._survey.known:
            if source is not None:
                ours[known.rows_of(source)] = True
        mine = ours[known.claim_rows]
        given = np.concatenate((ledger.claims, known.claims[~mine]))
        rows = np.unique(known.claim_rows[mine & ~np.isin(known.claims, given)])
        still_given = set(given[np.isin(given, known.claims)].tolist())
        for row in rows.tolist():
            for identifier in known.ids(row):
                theirs = self._distrusted[row] and self._index.added_since(identifier, known.next_insertion)  # type: ignore[union-attr]
                if claim(identifier) not in still_given and not theirs:
                    yield identifier

    def _with_other_sources(self, ledger: Ledger) -> Ledger:
        """A ledger of all sources; an id that this run gave belongs to no other source any more."""
        known, builder = self._ledger, self._builder
        taken = np.isin(known.claims, ledger.claims)
        given = set(known.claims[taken].tolist())

        def without_given(kept: FileRecord) -> FileRecord:
            ids = [one for one in kept.ids if claim(one) not in given]
            return replace(kept, ids=ids, state=kept.state | State.STALE)

        for number, source in enumerate(known.sources):
            if number not in self._survey.known:
                builder.begin(source.name, source.place, source.settings)
                rows = np.array(known.rows_of(number), np.int64)
                builder.copy_changed(known, rows, known.claim_rows[taken], without_given)
        return builder.finish()

    def _without_refused(self, ledger: Ledger) -> Ledger:
        """A ledger that counts among the skipped what the index refused."""
        refused = {claim(one): (one, reason) for one, reason in self._refused}
        claims, counts = np.unique(ledger.claims, return_counts=True)
        alone = claims[(counts == 1) & np.isin(claims, np.fromiter(refused, np.uint64))]
        concerned = ledger.claim_rows[np.isin(ledger.claims, alone)]
        left_out = set(alone.tolist())

        def with_skips(made: FileRecord) -> FileRecord:
            ids = [one for one in made.ids if claim(one) not in left_out]
            skipped = [*made.skipped, *(refused[claim(one)] for one in made.ids if claim(one) in left_out)]
            return replace(made, ids=ids, skipped=skipped, state=made.state & ~State.WHOLE)

        self._builder = LedgerBuilder()
        for number, source in enumerate(ledger.sources):
            self._builder.begin(source.name, source.place, source.settings)
            self._builder.copy_changed(ledger, np.array(ledger.rows_of(number), np.int64), concerned, with_skips)
        return self._builder.finish()


def _stored(document: Document) -> str:
    """The document as an index gives it back, for comparison."""
    return json.dumps(document.to_dict(), sort_keys=True)
