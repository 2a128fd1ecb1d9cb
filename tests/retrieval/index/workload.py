"""A mixed workload of a writer and two readers, and what an index must show after each of its commits."""

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest
from crash import Killed, Operation, Recorder, watched_index

from gossamer.retrieval.calibration import Calibration, Setting
from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder
from gossamer.retrieval.index import Index, Uncalibrated
from gossamer.retrieval.index.approximation import Tuning
from gossamer.retrieval.index.index import _Discarding
from gossamer.retrieval.index.manifest import MANIFEST
from gossamer.retrieval.traversals import TwoPhase
from gossamer.retrieval.vectors import SparseVectors
from gossamer.text.documents import Document, Span

WORDS = ["wing", "lift", "drag", "stall", "keel", "sail", "bird"]
QUERIES = ["wing", "lift drag", "keel sail bird stall"]

# One action a line. `killed` is a commit whose process dies once the manifest is renamed; another process goes on.
# Each add is written as a segment of its own, so that nine of them before a commit make it merge.
SCRIPT = """
create
add a b c d e f
commit
open first
add b g
delete c
add h i
commit
open second
add j
discard
delete a b
killed
add b k
commit
merge
refresh first
add l
killed
tune
delete j
add c
killed
tune
merge
tune
delete k
commit
add m
add n
add o m
add p
add q
add r
add s
add t
commit
refresh second
delete b d e f g h i j l m n o p q r s t
commit
add a b
merge
"""
LINES = SCRIPT.strip().splitlines()


class WordVectors(SparseEncoder):
    """Vectors of counts, in halves for one word and thirds for the next, so that scores are seldom equal."""

    terms: ClassVar[list[str]] = [*WORDS, "storm"]

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        counts = [Counter(text.lower().replace(".", " ").split()) for text in texts]
        share = {word: 1 / place for place, word in enumerate(self.terms, 2)}
        rows = [{word: n * share[word] for word, n in count.items() if word in share} for count in counts]
        return SparseVectors.from_dicts(rows, self.terms)

    encode_queries = encode_documents

    def to_dict(self) -> dict[str, Any]:
        return {"type": "words"}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "WordVectors":
        return cls()


SparseEncoder.types["words"] = f"{__name__}:WordVectors"
ENCODERS = {
    "text": BM25Encoder,
    "vectors": WordVectors,
    "both": lambda: {"bm25": BM25Encoder(), "words": WordVectors()},
}


def document(identifier: str, version: int) -> Document:
    """A small document whose content depends on both arguments."""
    rng = Random(f"{identifier} {version}")
    heading = f"{identifier.upper()} {rng.choice(WORDS)}"
    body = " ".join(rng.choices(WORDS, k=rng.randint(1, 12)))
    spans = (Span("heading", 0, len(heading), heading, 1),)
    return Document(identifier, f"{heading}\n\n{body}.", title=heading, fields={"version": version}, spans=spans)


def observe(index: Index) -> dict[str, Any]:
    """Everything a user can learn from an index, checked against itself."""
    rankings = index.rank(QUERIES, 5)
    assert rankings == index.rank(QUERIES, 5, exhaustive=True)
    documents = list(index.documents())
    assert len(index) == len(documents)
    assert all(index.get(d.id) == d for d in documents)
    hits = [hit.to_dict() for hit in index.search(QUERIES[1], 3, explain=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Uncalibrated)
        approximate = index.rank(QUERIES, 5, recall=0.9)
    assert approximate == rankings  # so few documents are all candidates
    return {"documents": documents, "rankings": rankings, "hits": hits, "stats": index.stats()}


class Session:
    """Plays the script on an index, beside a plain dictionary that must agree with it.

    Args:
        path: Where the index is made.
        index_type: ``Index`` or one that is watched.
        recorder: Told of every commit.
        kind: Of the index's space.
    """

    def __init__(
        self, path: Path, index_type: type[Index] = Index, recorder: Recorder | None = None, kind: str = "text"
    ) -> None:
        self.path, self.index_type, self.recorder, self.kind = path, index_type, recorder, kind
        self.index: Index | None = None
        self.committed: dict[str, Document] = {}
        self.pending: dict[str, Document] = {}
        self.readers: dict[str, tuple[Index, dict[str, Any]]] = {}
        self.truths: dict[int, dict[str, Any]] = {}  # what is seen at each generation
        self.line = -1

    def play(self) -> None:
        """The whole script."""
        for line in LINES:
            self.step(line)

    def step(self, line: str) -> None:
        """One line of it."""
        self.line += 1
        action, *arguments = line.split()
        getattr(self, "_" + action)(*arguments)

    def _create(self) -> None:
        encoder = ENCODERS[self.kind]()
        self.index = self.index_type.create(self.path, encoder, passages=None, memory=1, threads=1)
        self._settle()

    def _add(self, *identifiers: str) -> None:
        documents = [document(i, self.line) for i in identifiers]
        self.index.add(documents)
        for d in documents:
            self.pending.pop(d.id, None)
            self.pending[d.id] = d

    def _delete(self, *identifiers: str) -> None:
        assert self.index.delete(identifiers) == sum(self.pending.pop(i, None) is not None for i in identifiers)

    def _commit(self) -> None:
        self.index.commit()
        self._settle()

    def _merge(self) -> None:
        self.index.merge()
        self._settle()
        assert self.index.stats()["segments"] == 1

    def _tune(self) -> None:
        """As ``Index.tune`` does, but for the measurement, which so few documents do not allow."""
        setting = Setting(0.9, 0.95, 0.92, 1.0, TwoPhase(500, 16).facts())
        with _Discarding(self.index):
            self.index._write().calibrate(Tuning(Calibration(1000, {10: 9.0}, {10: [setting]}), "given", None))
        self._commit()
        calibration = self.index.stats()["calibration"]
        # A disk that fails just then costs the calibration alone, and the index says so.
        assert calibration["holds"] or "cannot be read" in calibration["why_not"]

    def _discard(self) -> None:
        self.index.close()
        self.pending = dict(self.committed)

    def _killed(self) -> None:
        if self.recorder is None:
            return self._commit()
        self.recorder.kill_after = _manifest_renamed
        with pytest.raises(Killed):
            self.index.commit()
        self.recorder.revive()
        self.index = self.index_type.open(self.path, memory=1, threads=1)
        return self._settle(acknowledged=False)

    def _open(self, name: str) -> None:
        reader = Index.open(self.path)
        self.readers[name] = reader, observe(reader)

    def _refresh(self, name: str) -> None:
        reader, _ = self.readers[name]
        assert reader.refresh()
        self.readers[name] = reader, observe(reader)

    def _settle(self, acknowledged: bool = True) -> None:
        self.committed = dict(self.pending)
        for reader, seen in self.readers.values():
            assert observe(reader) == seen, "a reader's snapshot changed under it"
        seen = observe(Index.open(self.path))
        assert seen["documents"] == list(self.committed.values())
        generation = seen["stats"]["generation"]
        self.truths[generation] = seen
        if acknowledged and self.recorder is not None:
            self.recorder.acknowledge(generation)


def _manifest_renamed(operation: Operation) -> bool:
    return operation.kind == "rename" and operation.target == MANIFEST


def record(path: Path, kind: str) -> tuple[list[Operation], dict[int, dict[str, Any]]]:
    """Plays the script on an index of a kind; returns the log and what is seen at each generation."""
    recorder = Recorder()
    session = Session(path, watched_index(recorder.watch), recorder, kind)
    session.play()
    return recorder.log, session.truths


def check_writable(path: Path, before: list[Document], open_index: Callable[..., Index] = Index.open) -> None:
    """An index accepts a document and a commit, keeps the others, and leaves no stray file."""
    index = open_index(path)
    index.add([Document("after", "A wing after the storm.")])
    index.commit()
    assert [d.id for d in index.documents()] == [d.id for d in before if d.id != "after"] + ["after"]
    assert "after" in [i for i, _ in index.rank(["storm"])[0]]
    assert Index.open(path).verify().ok
    named = index._snapshot.manifest.files() | {"lock"}
    assert {file.name for file in path.iterdir()} == named
