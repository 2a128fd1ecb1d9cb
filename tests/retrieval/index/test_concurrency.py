"""Several users of one index: one writer, readers that keep what they opened, places that cannot be written."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash import Operation, watched_index
from workload import QUERIES, document, observe

from gossamer.errors import GossamerError, IndexLocked, NoSuchIndex, UsageError
from gossamer.retrieval.index import Index, salvage, verify

NOBODY = 65534
WRITES = """
import sys, time, gossamer
index = gossamer.Index.open(sys.argv[1])
index.add(["x"])
print(flush=True)
time.sleep(99)
"""


@pytest.fixture
def index(tmp_path) -> Index:
    index = Index.create(tmp_path / "index", passages=None, threads=1)
    index.add([document(i, 0) for i in "abcdefgh"])
    index.commit()
    return index


def test_the_second_writer_learns_who_the_first_is(index):
    other = Index.open(index.path)
    index.add([document("i", 1)])
    for change in (
        lambda: other.add(["x"]),
        lambda: other.delete(["a"]),
        other.merge,
        lambda: Index.create(index.path),
    ):
        with pytest.raises(IndexLocked, match=f"process {os.getpid()} is writing"):
            change()
    index.commit()
    assert other.delete(["a"]) == 1  # of the commit before its snapshot was refreshed too
    other.commit()
    assert "i" in other
    assert index.refresh()
    assert "a" not in index


def test_a_writer_in_another_process_keeps_this_one_out_until_it_dies(index):
    with subprocess.Popen([sys.executable, "-c", WRITES, index.path], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(IndexLocked, match=f"process {other.pid} is writing"):
            index.add(["y"])
        other.kill()
        other.wait()
        assert index.add(["y"]) == 1
    index.commit()
    assert len(index) == 9


def test_a_forked_child_does_not_keep_the_lock(index):
    index.add(["x"])
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        index.commit()
        assert Index.open(index.path).add(["y"]) == 1
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_reader_keeps_its_snapshot_through_commits_and_merges(index):
    reader = Index.open(index.path)
    before = observe(reader)
    for version in range(1, 12):
        index.add([document(i, version) for i in "abz"])
        index.delete(["c"])
        index.commit()
        assert observe(reader) == before
    index.merge()
    assert len(list(index.path.glob("segment-*"))) == 1  # the files of the snapshot are gone
    assert observe(reader) == before
    assert not index.refresh()
    assert reader.refresh()
    assert observe(reader) == observe(index) != before


def test_threads_search_while_another_commits_and_merges(index):
    """Whatever a thread sees is one commit: ``marker`` names it, and every document holds it."""
    done, failures, seen = threading.Event(), [], set()

    def publish(number: int) -> None:
        index.add({"id": f"m{i}", "text": f"marker wing v{number}"} for i in range(5))
        index.merge() if number % 4 == 0 else index.commit()

    def search() -> None:
        try:
            while not done.is_set():
                texts = {hit.document.text for hit in index.search("marker", 20)}
                assert len(texts) == 1, texts
                seen.update(texts)
                assert len(index.rank(QUERIES, 3)) == len(QUERIES)
        except BaseException as error:
            failures.append(error)

    publish(0)
    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 40):
        publish(number)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(seen) > 1


def test_opening_tries_again_when_a_merge_removes_what_it_is_about_to_open(index):
    index.add([document("z", 1)])
    index.commit()
    merges = iter([index.merge])

    @contextmanager
    def merge_before_mapping(operation: Operation) -> Iterator[None]:
        if operation.kind == "map":
            next(merges, lambda: None)()
        yield

    late = watched_index(merge_before_mapping).open(index.path)
    assert list(merges) == []
    assert observe(late) == observe(index)


def test_clocks_do_not_matter(index, monkeypatch):
    before = observe(index)
    now = iter(range(2**31, 0, -1000))
    for clock in ("time", "monotonic", "time_ns"):
        monkeypatch.setattr(time, clock, lambda: next(now))
    for age, file in enumerate(sorted(index.path.iterdir())):
        os.utime(file, (2**32 - age * 10**9, age))
    opened = Index.open(index.path)
    assert observe(opened) == before
    opened.add([document("a", 1)])
    opened.commit()
    assert opened.get("a") == document("a", 1)
    assert opened.verify().ok


AS_NOBODY = f"""
import os, sys, gossamer.errors, gossamer.retrieval.index
opened = gossamer.retrieval.index.Index.open(sys.argv[1])
opened.search("wing")  # loads every module while files can be read
if os.getuid() == 0:
    os.setuid({NOBODY})
"""
CHANGES = """
index = gossamer.retrieval.index.Index.open(sys.argv[1])
assert len(index.search("wing")) == 1 and index.verify().ok and not index.refresh()
for change in (lambda: index.add(["x"]), lambda: index.delete(["a"]), index.merge):
    try:
        change()
    except gossamer.errors.GossamerError as error:
        print(error)
assert len(index.search("wing")) == 1
"""
OPENS = """
try:
    gossamer.retrieval.index.Index.open(sys.argv[1])
except gossamer.errors.GossamerError as error:
    print(type(error).__name__, error)
"""


def as_nobody(program: str, path: Path) -> list[str]:
    """What a program says that cannot write where its user may not, whoever runs the tests."""
    command = [sys.executable, "-c", AS_NOBODY + program, path]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.fixture
def read_only():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        with Index.create(path) as index:
            index.add(["A wing."])
        (path / "lock").chmod(0o444)
        path.chmod(0o555)
        path.parent.chmod(0o755)
        yield path
        path.chmod(0o755)


def test_a_read_only_directory_can_be_searched_but_not_changed(read_only):
    assert as_nobody(CHANGES, read_only) == [f"{read_only}: cannot write to this index: Permission denied"] * 3


def test_an_index_that_may_not_be_read_is_not_called_damaged(read_only):
    (read_only / "manifest.json").chmod(0)
    if os.getuid() == 0:  # others open it before they lose the right
        (said,) = as_nobody(OPENS, read_only)
        assert said.startswith(
            f"GossamerError {read_only}/manifest.json: cannot be read: Permission denied; ask its owner"
        )
    else:
        with pytest.raises(GossamerError, match="cannot be read: Permission denied"):
            Index.open(read_only)


def test_a_file_in_place_of_an_index(tmp_path):
    file = tmp_path / "index"
    file.write_text("not a directory")
    with pytest.raises(NoSuchIndex, match="no gossamer index here"):
        Index.open(file)
    with pytest.raises(NoSuchIndex):
        verify(file)
    with pytest.raises(NoSuchIndex):
        list(salvage(file))
    with pytest.raises(GossamerError, match="cannot make an index here: File exists"):
        Index.create(file)
    with pytest.raises(GossamerError, match="cannot make an index here: Not a directory"):
        Index.create(file / "below")
    assert file.read_text() == "not a directory"


def test_a_missing_path_stays_missing(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(NoSuchIndex, match="make one with `gossamer index"):
            Index.open(path)
    assert list(tmp_path.iterdir()) == []


def test_an_index_is_made_once(index):
    before = observe(index)
    with pytest.raises(UsageError, match="there is an index here already"):
        Index.create(index.path)
    assert observe(Index.open(index.path)) == before


def test_an_empty_index_answers(tmp_path):
    index = Index.create(tmp_path / "deep" / "er" / "index")
    assert index.search("wing") == []
    assert index.rank(QUERIES) == [[]] * 3
    assert index.get("a") is None
    assert list(index.documents()) == []
    assert index.verify().ok
    index.commit()
    index.merge()
    assert index.delete(["a"]) == 0
    index.add([])
    index.commit()
    assert index.stats()["generation"] == 0
    index.add(["wing"])
    index.delete(["0"])
    index.commit()
    assert (len(index), index.search("wing"), index.stats()["segments"]) == (0, [], 0)


def test_an_index_that_vanishes_while_it_is_open(index):
    for file in index.path.iterdir():
        file.unlink()
    assert len(index.rank(["wing lift drag stall keel sail bird"])[0]) == 8  # what was opened stays
    for use in (index.refresh, index.verify, lambda: index.add(["x"])):
        with pytest.raises(NoSuchIndex):
            use()
