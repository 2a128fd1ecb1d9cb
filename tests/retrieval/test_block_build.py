"""Building in little memory gives the same bytes, keeps large parts out of memory and ends when asked to."""

from __future__ import annotations

import _thread
import tempfile
import threading
from pathlib import Path

import pytest
from brute_force import topical
from ctrl_c import pressed_during

from gossamer import _native
from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval import BlockIndex
from gossamer.retrieval.block_index import Order, Values
from gossamer.retrieval.traversals import Seismic


def parts(index: BlockIndex) -> dict[str, bytes]:
    return {name: bytes(memoryview(data)) for name, (_, data) in index._sections.items()}


@pytest.mark.parametrize(("values", "order"), [("f32", "given"), ("f16", "bisect"), ("u8", "cluster")])
def test_memory_and_threads_change_no_byte(values: Values, order: Order, tmp_path: Path) -> None:
    vectors = topical(4000, 30)
    whole = parts(BlockIndex.build(vectors, values=values, order=order))
    for memory, threads in (("4KiB", 1), (50_000, 3), ("1GiB", 2)):
        index = BlockIndex.build(vectors, values=values, order=order, memory=memory, threads=threads)
        assert parts(index) == whole
    index.save(tmp_path / "saved")
    assert parts(BlockIndex.open(tmp_path / "saved")) == whole


def test_what_does_not_fit_lies_in_a_file_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    index = BlockIndex.build(topical(4000, 30), memory="64KiB")
    maps = Path("/proc/self/maps").read_text()
    assert maps.count(f"{tmp_path}/gossamer-") == 3  # columns, values, lists
    assert not list(tmp_path.iterdir())
    del index
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(GossamerError, match=r"temporary file in /nowhere: No such file.*TMPDIR"):
        BlockIndex.build(topical(4000, 30), memory="64KiB")
    with pytest.raises(UsageError, match="not a size"):
        BlockIndex.build(topical(10, 30), memory="much")


def test_ctrl_c_ends_a_build() -> None:
    vectors = topical(150_000, 31, dim=3000, entries=12)
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        BlockIndex.build(vectors, order="bisect", threads=2)


@pytest.mark.parametrize("neighbours", [0, 5])
def test_ctrl_c_ends_the_build_of_seismic(monkeypatch: pytest.MonkeyPatch, neighbours: int) -> None:
    vectors, build = topical(10_000, 31, dim=2000), _native.build_seismic
    monkeypatch.setattr(_native, "build_seismic", lambda *a, **options: pressed_during(lambda: build(*a, **options)))
    with pytest.raises(KeyboardInterrupt):
        BlockIndex.build(vectors, traversal=Seismic(n_postings=500, neighbours=neighbours), threads=2)


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_search(threads: int) -> None:
    vectors, queries = topical(20_000, 32), topical(600, 33)
    search = _native.exhaustive(BlockIndex.build(vectors)._space)
    with pytest.raises(KeyboardInterrupt):
        pressed_during(lambda: search(queries.indptr, queries.indices, queries.values, 10, None, threads))
