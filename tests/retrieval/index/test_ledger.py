"""The ledger: what is written is read again, and crashes and faults leave it and the documents of one commit."""

import errno
import os
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
from crash import Disk, Recorder, watched_index
from hypothesis import given, settings, strategies as st
from test_faults import INTERRUPT, Fault

from gossamer.app.keeping_up import keep_up
from gossamer.errors import GossamerError, NoSuchIndex
from gossamer.retrieval.index import Index
from gossamer.retrieval.index.ledger import FileRecord, Ledger, LedgerBuilder, State
from gossamer.retrieval.index.storage import Storage

SEED = 1990
OLD = 1_500_000_000

paths = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1) | st.just("caf\udce9.txt")
numbers = st.integers(-(2**63), 2**63 - 1)
records = st.builds(
    FileRecord,
    path=paths, size=numbers, modified=numbers, digest=st.binary(min_size=16, max_size=16),
    state=st.integers(0, 15).map(State), ids=st.lists(st.text()).map(tuple),
    skipped=st.lists(st.tuples(st.text(), st.text())),
)  # fmt: skip
sources = st.lists(st.lists(records, max_size=6, unique_by=lambda record: record.path), max_size=4)


def build(made: list[list[FileRecord]]) -> Ledger:
    builder = LedgerBuilder()
    for number, files in enumerate(made):
        builder.begin(f"source {number}", "/place", "{}")
        for record in files:
            builder.add(record)
    return builder.finish()


@settings(max_examples=60)
@given(sources, st.data())
def test_what_is_written_is_read(memory_path_factory, made, data):
    storage = Storage(memory_path_factory)
    ledger = Ledger.read(storage, build(made).write(storage, "ledger.gsm", 3, 4))
    assert (ledger.generation, ledger.next_insertion) == (3, 4)
    assert [ledger.record(row) for row in range(len(ledger))] == [record for files in made for record in files]
    for number, files in enumerate(made):
        assert ledger.source(f"source {number}", "/place") == number
        names = [record.path for record in files]
        asked = [*names, "no such file"]
        assert ledger.find(number, asked).tolist() == [*ledger.rows_of(number), -1]
    kept = data.draw(st.lists(st.integers(0, max(0, len(ledger) - 1)), unique=True)) if len(ledger) else []
    builder = LedgerBuilder()
    builder.begin("copy", "", "")
    builder.copy(ledger, np.array(kept, np.int64))
    copy = builder.finish()
    assert [copy.record(row) for row in range(len(copy))] == [ledger.record(row) for row in kept]


@pytest.fixture(scope="module")
def memory_path_factory(tmp_path_factory):
    return tmp_path_factory.mktemp("ledger")


def put(folder: Path, files: dict[str, str], at: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (at, at))


BEFORE = {"a.txt": "wing", "b.txt": "keel", "c.txt": "sail", "d.txt": "keel"}
AFTER = {"a.txt": "wing", "b.txt": "flap", "d.txt": "keel", "e.txt": "mast"}
THEN = {"a.txt": "wing", "b.txt": "keel", "d.txt": "keel"}


def bring_up(path: Path, folder: Path, index_type: type[Index] = Index) -> Index:
    try:
        index = index_type.open(path, threads=1)
    except NoSuchIndex:
        index = None
    made, _ = keep_up(index, lambda: index_type.create(path, threads=1), str(folder))
    assert made is not None
    return made


def held(index: Index) -> dict[str, str]:
    return {document.id: document.text for document in index.documents()}


def check_goes_on(path: Path, folder: Path) -> None:
    """From whatever is there, the next runs make what the folder says."""
    put(folder, AFTER, OLD + 1)
    assert held(bring_up(path, folder)) == {"a.txt": "wing", "b.txt": "flap", "d.txt": "keel", "e.txt": "mast"}
    put(folder, THEN, OLD + 2)
    index = bring_up(path, folder)
    assert held(index) == {"a.txt": "wing", "b.txt": "keel"}
    assert index.get("b.txt").fields["paths"] == [f"{folder}/b.txt", f"{folder}/d.txt"]
    assert index.verify().ok


def test_power_cuts(memory_path):
    folder, recorder = memory_path / "notes", Recorder()
    watched = watched_index(recorder.watch)
    truths = {0: {}}
    for at, files in enumerate((BEFORE, AFTER)):
        put(folder, files, OLD + at)
        index = bring_up(memory_path / "index", folder, watched)
        generation = index.stats()["generation"]
        truths[generation] = held(index)
        recorder.acknowledge(generation)
    rng, disk, checked = Random(SEED), Disk(), 0
    for operation in recorder.log:
        disk.apply(operation)
        if operation.kind not in ("sync", "rename", "sync_directory", "acknowledge"):
            continue
        for label, state in disk.crashes(rng, 1):
            crashed = memory_path / "crashed"
            shutil.rmtree(crashed, ignore_errors=True)
            crashed.mkdir()
            for name, content in state.items():
                (crashed / name).write_bytes(content)
            if "manifest.json" in state:
                index = Index.open(crashed)
                assert held(index) == truths[index.stats()["generation"]], label
                assert index.verify().ok, label
                check_goes_on(crashed, folder)
                checked += 1
    assert checked > 30


def test_faults(memory_path):
    folder = memory_path / "notes"
    rng = Random(SEED)
    for at in range(0, 60, 2):
        fault = Fault(at, rng.choice((errno.ENOSPC, errno.EIO, INTERRUPT)), rng.random() < 0.5, False)
        path = memory_path / f"index-{at}"
        put(folder, BEFORE, OLD)
        before = held(bring_up(path, folder))
        put(folder, AFTER, OLD + 1)
        try:
            bring_up(path, folder, watched_index(fault.watch))
        except (GossamerError, OSError, KeyboardInterrupt):
            assert fault.struck
            assert held(Index.open(path)) in (before, AFTER), str(fault)
        fault.clear()
        check_goes_on(path, folder)
        shutil.rmtree(path)
