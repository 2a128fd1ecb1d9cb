"""A look at all files of a run beside what an index remembers of them: new, changed, touched, gone, or the same bytes.

A file with the same size and time is not opened, unless it was written so shortly before it was read that its time
proves nothing (git calls such a file racily clean). Files of one size are told apart by digest before any is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice, repeat
from typing import TYPE_CHECKING

import numpy as np

from gossamer.retrieval.index.ledger import DIGEST_BYTES, Ledger, State
from gossamer.text.sources import is_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gossamer.text.folders import Identity
    from gossamer.text.places import Source

SAME, TOUCHED, CHANGED, LOST = range(4)
"""What became of a file: nothing; its time alone; its bytes, or it is new; it cannot be opened."""
RACY_NS = 2 * 10**9
"""The coarsest time of modification that a file system in use keeps."""
UNKNOWN = bytes(DIGEST_BYTES)

_BATCH = 4096
_BLOCK = 1 << 20

_NONE = np.zeros(0, np.int64)
_Entry = tuple[str, "os.stat_result | None"]

Skip = Callable[[str, str], None]


@dataclass
class Survey:
    """All files of a run, numbered in their order.

    Args:
        rows: The row of each file in the ledger, -1 for a new one.
        status: What became of it.
        size, modified: Bytes, -1 for what has none; nanoseconds since 1970.
        digests: Of the bytes, where they were needed; zeros elsewhere. Shape (files, 2).
        paths: Of the files that are not the same.
        refused: Why a lost file cannot be opened.
        spans: First file and the one behind the last, for each source.
        known: The number of each source in the ledger, None for a new one.
        carried: Rows of each source to keep though their files were not seen.
        vanished: Rows whose files are gone.
        leader: The first of several files with the same bytes, for each of the others.
        names: The paths of all of them, for each leader; one alone where there were several before.
    """

    rows: NDArray[np.int64]
    status: NDArray[np.uint8]
    size: NDArray[np.int64]
    modified: NDArray[np.int64]
    digests: NDArray[np.uint64]
    paths: dict[int, str]
    spans: list[tuple[int, int]]
    known: list[int | None]
    carried: list[NDArray[np.int64]]
    vanished: NDArray[np.int64]
    refused: dict[int, str] = field(default_factory=dict)
    leader: dict[int, int] = field(default_factory=dict)
    names: dict[int, list[str]] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether every file is the same and none is gone."""
        return not (self.status != SAME).any() and not len(self.vanished)

    def attention(self) -> list[int]:
        """The files that ask for more than being remembered as they were, ascending."""
        changed = np.flatnonzero(self.status != SAME).tolist()
        return sorted({*changed, *self.leader, *self.names})

    def path(self, ledger: Ledger, number: int) -> str:
        """The path of a file."""
        return self.paths[number] if number in self.paths else ledger.path(int(self.rows[number]))


class Surveyor:
    """Looks at the files of a run.

    Args:
        ledger: What the index remembers.
        distrusted: Rows to read again, such as those whose documents somebody else has changed; shape (rows,).
        excluded: Files and folders to leave out.
        skip: Told of what cannot be listed, and of sources that seem to be gone.
        keep_missing: Keep the documents of files that are gone.
        full: Trust nothing.
    """

    def __init__(
        self,
        ledger: Ledger,
        distrusted: NDArray[np.bool_],
        excluded: frozenset[Identity],
        skip: Skip,
        *,
        keep_missing: bool = False,
        full: bool = False,
    ) -> None:
        self._ledger, self._excluded, self._skip = ledger, excluded, skip
        self._keep_missing, self._full = keep_missing, full
        self._proves_nothing = distrusted | ((ledger.state & State.STALE) != 0)
        self._racy = (ledger.state & State.RACY) != 0

    def look(self, sources: Sequence[tuple[Source, str, str]]) -> Survey:
        """Look at sources, each with its place and its settings, as a `SourceEntry` has them."""
        self._paths: dict[int, str] = {}
        columns = [(_NONE, _NONE, _NONE, _NONE)]
        spans, known, carried, vanished, count = [], [], [], [_NONE], 0
        overlapping = len(sources) > 1 or any(len(source.roots) > 1 for source, *_ in sources)
        self._seen: set[str] | None = set() if overlapping else None  # globs and several PATHs may name a file twice
        for source, place, settings in sources:
            before, start = self._ledger.source(source.name, place), count
            trusted = before is not None and self._ledger.sources[before].settings == settings and not self._full
            unlisted: list[str] = []
            found = [_NONE]
            for batch in self._batches(source, unlisted):
                columns.append(self._compare(batch, before, trusted, count))
                found.append(columns[-1][0])
                count += len(batch)
            missing = _NONE
            if before is not None:
                missing = np.setdiff1d(np.array(self._ledger.rows_of(before), np.int64), np.concatenate(found))
            kept = self._kept(source, missing, unlisted, any_file=len(found) > 1)
            spans.append((start, count))
            known.append(before)
            carried.append(missing[kept])
            vanished.append(missing[~kept])
        rows, size, modified, status = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        survey = Survey(
            rows, status.astype(np.uint8), size, modified, np.zeros((count, 2), np.uint64),
            self._paths, spans, known, carried, np.concatenate(vanished),
        )  # fmt: skip
        if not survey.unchanged:
            self._digest(survey)
            self._read_again(survey)
            self._group(survey)
        return survey

    def _batches(self, source: Source, unlisted: list[str]) -> Iterator[list[_Entry]]:
        """The files of a source that no other gave, some at a time; notes folders that cannot be listed."""

        def unlistable(path: str, reason: str) -> None:
            unlisted.append(path)
            self._skip(path, reason)

        entries = source.files(self._excluded, unlistable)
        if source.python is not None:
            entries = iter([(source.name, None)])
        while batch := list(islice(entries, _BATCH)):
            if self._seen is not None:
                batch = [(path, status) for path, status in dict(batch).items() if path not in self._seen]
                self._seen.update(path for path, _ in batch)
            yield batch

    def _compare(
        self, batch: list[_Entry], known: int | None, trusted: bool, first: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Row, size, time and status of some files."""
        names = [path for path, _ in batch]
        size = np.array([status.st_size if status else -1 for _, status in batch], np.int64)
        modified = np.array([status.st_mtime_ns if status else 0 for _, status in batch], np.int64)
        rows = np.full(len(batch), -1) if known is None else self._ledger.find(known, names)
        status = np.full(len(batch), CHANGED)
        if trusted and len(rows):
            ours = np.maximum(rows, 0)
            good = (rows >= 0) & ~self._proves_nothing[ours] & (self._ledger.size[ours] == size)
            status[good] = TOUCHED
            status[good & (self._ledger.modified[ours] == modified) & ~self._racy[ours]] = SAME
        for number in np.flatnonzero(status != SAME).tolist():
            self._paths[first + number] = names[number]
        return rows, size, modified, status

    def _kept(
        self, source: Source, missing: NDArray[np.int64], unlisted: list[str], any_file: bool
    ) -> NDArray[np.bool_]:
        """Which of the rows whose files were not seen stay."""
        if not any_file and len(missing):
            self._skip(source.name, f"no file is in it any more; the {len(missing):,} that were stay in the index")
        if self._keep_missing or not any_file:
            return np.ones(len(missing), np.bool_)
        kept = np.zeros(len(missing), np.bool_)
        if unlisted:
            below = tuple(os.path.join(folder, "") for folder in unlisted)
            kept[:] = [self._ledger.path(row).startswith(below) for row in missing.tolist()]
        return kept

    def _digest(self, survey: Survey) -> None:
        """Find the bytes' digests of files that may be the same as before or as another."""
        known = survey.rows >= 0
        rows = np.maximum(survey.rows, 0)
        if len(self._ledger):
            same = survey.status == SAME
            survey.digests[same] = self._ledger.digests[rows[same]]
        sizes, counts = np.unique(survey.size, return_counts=True)
        shared = np.isin(survey.size, sizes[counts > 1]) & (survey.size > 0)
        wanted = (survey.status == TOUCHED) | ((survey.status == CHANGED) & (shared | known))
        for number in np.flatnonzero(wanted & (survey.size >= 0)).tolist():
            try:
                digest = file_digest(survey.paths[number])
            except OSError as error:
                survey.status[number] = LOST
                survey.refused[number] = (error.strerror or str(error)).lower()
                continue
            survey.digests[number] = np.frombuffer(digest, np.uint64)
            if survey.status[number] == TOUCHED and digest != self._ledger.digests[survey.rows[number]].tobytes():
                survey.status[number] = CHANGED

    def _read_again(self, survey: Survey) -> None:
        """Files that gave an id which a changed or vanished file gave too: which of them stands now must be found."""
        ledger = self._ledger
        concerned = np.concatenate((survey.rows[survey.status == CHANGED], survey.vanished))
        again = sharing(ledger, concerned[concerned >= 0])
        numbers = np.flatnonzero(np.isin(survey.rows, again) & (survey.status < CHANGED))
        for number in numbers.tolist():
            survey.paths.setdefault(number, ledger.path(int(survey.rows[number])))
        survey.status[numbers] = CHANGED

    def _group(self, survey: Survey) -> None:
        """Name the first of the files with the same bytes, where the files of that digest are not those of before."""
        ledger, digests = self._ledger, survey.digests
        changed = survey.status != SAME
        before = survey.rows[changed]
        concerned = np.concatenate((
            digests[changed], ledger.digests[before[before >= 0]], ledger.digests[survey.vanished],
        ))  # fmt: skip
        concerned = np.unique(concerned[concerned.any(axis=1)], axis=0)
        candidates = np.flatnonzero(digests.any(axis=1))
        candidates = candidates[np.isin(digests[candidates, 0], concerned[:, 0])]
        order = candidates[np.lexsort((candidates, digests[candidates, 1], digests[candidates, 0]))]
        borders = np.flatnonzero((digests[order[1:]] != digests[order[:-1]]).any(axis=1)) + 1
        for group in np.split(order, borders):
            if len(group) == 0 or (len(group) == 1 and changed[group[0]] and survey.rows[group[0]] < 0):
                continue
            paths = {number: survey.path(ledger, number) for number in group.tolist()}
            if len({os.path.splitext(path)[1] for path in paths.values()}) > 1:  # records are no duplicates of a text
                paths = {number: path for number, path in paths.items() if self._is_whole(survey, number, path)}
            for first, number in zip(repeat(next(iter(paths), 0)), paths):
                if number == first:
                    survey.names[number] = list(paths.values())
                else:
                    survey.leader[number] = first

    def _is_whole(self, survey: Survey, number: int, path: str) -> bool:
        was_whole = State.WHOLE | State.DUPLICATE
        if survey.status[number] < CHANGED and self._ledger.state[survey.rows[number]] & was_whole:
            return True
        return is_whole(path)


def sharing(ledger: Ledger, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows that gave an id which one of ``rows`` gave too, or one that shares an id with such a row, and so on."""
    found = np.zeros(len(ledger), np.bool_)
    found[rows] = True
    while True:
        ids = np.unique(ledger.claims[found[ledger.claim_rows]])
        more = ledger.claim_rows[np.isin(ledger.claims, ids)]
        if found[more].all():
            found[rows] = False
            return np.flatnonzero(found)
        found[more] = True


def file_digest(path: str) -> bytes:
    """BLAKE2b of a file's bytes; zeros for what is no regular file.

    Raises:
        OSError: It cannot be opened or read.
    """
    if not os.path.isfile(path):
        os.stat(path)
        return UNKNOWN
    digest = blake2b(digest_size=DIGEST_BYTES)
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()
