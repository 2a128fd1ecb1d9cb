"""Any sequence of changes leaves an index that equals a plain list of rows scored by brute force."""

import shutil
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from oracle import Corpus
from workload import QUERIES, WORDS

from gossamer.retrieval import BM25, BM25Encoder
from gossamer.retrieval.index import Index
from gossamer.text.documents import Document

MERGED_AT_ONCE = 8  # segments of one size class that a commit merges
COUNTS = ("documents", "passages", "terms", "postings", "tokens", "mean_length")
documents = st.builds(
    Document,
    id=st.sampled_from("abcdefgh"),
    text=st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    fields=st.dictionaries(st.sampled_from(["year", "größe"]), st.integers(0, 9), max_size=1),
)


@dataclass
class Row:
    document: Document
    insertion: int
    live: bool = True


@dataclass
class Model:
    """Segments of rows; the dead stay until their segment is merged, and count in the statistics until then."""

    segments: list[list[Row]] = field(default_factory=list)
    pending: list[Row] = field(default_factory=list)
    next_insertion: int = 0
    generation: int = 0
    changed: bool = False

    def add(self, document: Document) -> None:
        self.delete(document.id)
        self.pending.append(Row(document, self.next_insertion))
        self.next_insertion += 1
        self.changed = True

    def delete(self, identifier: str) -> bool:
        found = [row for row in self._rows() if row.document.id == identifier and row.live]
        for row in found:
            row.live = False
        self.changed |= bool(found)
        return bool(found)

    def flush(self) -> None:
        self.segments += [self.pending] if self.pending else []
        self.pending = []

    def commit(self, merge: bool) -> None:
        self.flush()
        dirty = len(self.segments) > 1 or any(not row.live for row in self._rows())
        self.segments = [s for s in self.segments if any(row.live for row in s)]
        if (merge and dirty) or len(self.segments) >= MERGED_AT_ONCE:
            merged = [row for row in self._rows() if row.live]
            self.segments = [merged] if merged else []
            self.changed = True
        self.generation += self.changed
        self.changed = False

    def live(self) -> list[Document]:
        return [row.document for row in sorted(self._rows(), key=lambda row: row.insertion) if row.live]

    def rank(self, query: str, k: int) -> list[tuple[str, float]]:
        rows = {row.insertion: row for row in self._rows()}
        scored = Corpus([r.document.text.split() for r in rows.values()], list(rows)).rank(
            BM25(), query.split(), len(rows)
        )
        return [(rows[i].document.id, score) for i, score in scored if rows[i].live][:k]

    def stats(self) -> dict[str, float]:
        texts = [row.document.text.split() for row in self._rows()]
        tokens = sum(map(len, texts))
        return {
            "documents": len(self.live()),
            "deleted_documents": len(texts) - len(self.live()),
            "passages": len(texts),
            "segments": len(self.segments),
            "postings": sum(len(set(text)) for text in texts),
            "tokens": tokens,
            "mean_length": tokens / len(texts) if texts else 0.0,
            "generation": self.generation,
        }

    def _rows(self) -> list[Row]:
        return [row for segment in [*self.segments, self.pending] for row in segment]


def create(path: str, memory: int | str) -> Index:
    return Index.create(path, BM25Encoder(analyzer="standard"), passages=None, memory=memory, threads=2)


def check(index: Index, model: Model) -> None:
    """An index shows what the model of its commit holds."""
    assert list(index.documents()) == model.live()
    assert len(index) == len(model.live())
    known = {d.id: d for d in model.live()}
    for identifier in "abcdefgh":
        assert index.get(identifier) == known.get(identifier)
        assert (identifier in index) == (identifier in known)
    for query, ranked in zip(QUERIES, index.rank(QUERIES, 5), strict=True):
        expected = model.rank(query, 5)
        assert [i for i, _ in ranked] == [i for i, _ in expected]
        assert [score for _, score in ranked] == pytest.approx([score for _, score in expected], abs=1e-6)
        assert [(hit.id, hit.score) for hit in index.search(query, 5)] == ranked
    stats = index.stats()
    assert {name: stats[name] for name in model.stats()} == pytest.approx(model.stats())


class Changes(RuleBasedStateMachine):
    """A writer that keeps everything in memory until it commits, and a reader."""

    memory: int | str = "512MiB"

    @initialize()
    def make(self):
        self.path = tempfile.mkdtemp(prefix="gossamer-")
        self.index, self.reader = create(f"{self.path}/index", self.memory), Index.open(f"{self.path}/index")
        self.model, self.committed, self.read = Model(), Model(), Model()

    @rule(batch=st.lists(documents, max_size=5))
    def add(self, batch):
        assert self.index.add(batch) == len(batch)
        for document in batch:
            self.model.add(document)
        if self.memory == 1:
            self.model.flush()

    @rule(text=st.sampled_from(WORDS))
    def add_text_alone(self, text):
        self.add([Document(str(self.model.next_insertion), text)])

    @rule(texts=st.lists(st.sampled_from(WORDS), min_size=5, max_size=9))
    def commit_often(self, texts):
        for text in texts:  # enough segments for a merge
            self.add_text_alone(text)
            self.commit()

    @rule(identifiers=st.lists(st.sampled_from("abcdefghz"), max_size=3))
    def delete(self, identifiers):
        assert self.index.delete(identifiers) == sum([self.model.delete(i) for i in identifiers])

    @rule()
    def commit(self):
        self.index.commit()
        self.model.commit(merge=False)
        self.committed = deepcopy(self.model)

    @rule()
    def discard(self):
        self.index.close()
        self.model = deepcopy(self.committed)

    @rule()
    def merge_equals_a_fresh_build(self):
        self.index.merge()
        self.model.commit(merge=True)
        self.committed = deepcopy(self.model)
        with tempfile.TemporaryDirectory() as path, create(path, "512MiB") as fresh:
            fresh.add(self.index.documents())
            fresh.commit()
            assert {c: fresh.stats()[c] for c in COUNTS} == {c: self.index.stats()[c] for c in COUNTS}
            assert fresh.rank(QUERIES, 9) == self.index.rank(QUERIES, 9)

    @rule()
    def refresh(self):
        assert self.reader.refresh() == (self.read.generation != self.committed.generation)
        self.read = deepcopy(self.committed)

    @invariant()
    def the_writer_shows_the_last_commit(self):
        check(self.index, self.committed)

    @invariant()
    def the_reader_shows_what_it_opened(self):
        check(self.reader, self.read)

    def teardown(self):
        if hasattr(self, "path"):
            assert self.index.verify().ok
            shutil.rmtree(self.path)


class ChangesInSmallMemory(Changes):
    """The same where every add writes a segment."""

    memory = 1


def explore(machine: type[Changes], examples: int) -> None:
    limits = settings(
        max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(machine, settings=limits)


@pytest.mark.parametrize("machine", [Changes, ChangesInSmallMemory])
def test_any_sequence_of_changes(machine):
    explore(machine, 10)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Changes, ChangesInSmallMemory])
def test_many_sequences_of_changes(machine):
    explore(machine, 400)
