"""Damaged files: every flipped bit is reported, nothing crashes, and what can be read can be saved."""

import subprocess
import sys
from pathlib import Path

import flip_bits
import pytest
from shelves import MAKE
from workload import document

from gossamer.errors import GossamerError, IndexDamaged, NoSuchIndex
from gossamer.retrieval.index import Index, salvage, verify
from gossamer.text.documents import Document


@pytest.fixture(params=MAKE)
def shelf(request, memory_path) -> tuple[str, Path]:
    MAKE[request.param](memory_path / request.param)
    return request.param, memory_path / request.param


def flip(shelf: tuple[str, Path], times: int) -> None:
    kind, path = shelf
    command = [sys.executable, flip_bits.__file__, path, kind, "11", str(times)]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_a_sample_of_flipped_bits(shelf):
    flip(shelf, 8 if shelf[0] == "windows" else 60)


@pytest.mark.slow
def test_a_thousand_flipped_bits(shelf):
    flip(shelf, 1000)


def boundaries(path: Path) -> list[tuple[str, int]]:
    """File and every length at which something in it begins or ends, or a byte less."""
    edges = {(name, edge) for name, first, last, _ in flip_bits.regions(path) for edge in (first, last + 1)}
    lengths = edges | {(name, edge - 1) for name, edge in edges}
    return sorted((name, length) for name, length in lengths if 0 <= length < (path / name).stat().st_size)


def test_truncated_files(shelf):
    kind, path = shelf
    places = boundaries(path)
    assert len(places) > 40
    for name, length in places[:: 10 if kind == "windows" else 1]:
        whole = (path / name).read_bytes()
        (path / name).write_bytes(whole[:length])
        problems = verify(path).problems
        assert [p.file for p in problems] == [name]
        assert problems[0].offset <= length
        assert "the manifest" in problems[0].reason  # which knows the size
        with pytest.raises(IndexDamaged) as raised:
            Index.open(path)
        assert raised.value.file == str(path / name)
        assert raised.value.recoverable
        (path / name).write_bytes(whole)
    assert verify(path).ok


def test_files_that_are_missing_swapped_or_longer(memory_path):
    MAKE["text"](memory_path)
    documents = {d.id: d for d in Index.open(memory_path).documents()}
    manifest = Index.open(memory_path)._snapshot.manifest
    first, second = (memory_path / s.segment.file for s in manifest.segments[:2])
    tombstones = memory_path / manifest.segments[0].tombstones.file

    def must_be_reported(*names):
        assert {p.file for p in verify(memory_path).problems} == set(names)
        with pytest.raises(IndexDamaged):
            Index.open(memory_path)

    exchange(first, second)
    must_be_reported(first.name, second.name)
    assert documents.items() <= {d.id: d for d in salvage(memory_path)}.items()
    exchange(first, second)

    exchange(first, tombstones)
    must_be_reported(first.name, tombstones.name)
    exchange(first, tombstones)

    whole = second.read_bytes()
    second.write_bytes(whole + b"\0")
    must_be_reported(second.name)
    assert {d.id: d for d in salvage(memory_path)} == documents

    second.unlink()
    must_be_reported(second.name)
    second.write_bytes(whole)
    assert verify(memory_path).ok


def exchange(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def test_files_of_one_size_that_changed_places(memory_path):
    index = Index.create(memory_path, threads=1)
    for identifier, text in (("a", "wing"), ("b", "keel")):
        index.add([Document(identifier, text)])
        index.commit()
    first, second = memory_path.glob("segment-*")
    assert first.stat().st_size == second.stat().st_size
    exchange(first, second)
    assert {p.file for p in verify(memory_path).problems} == {first.name, second.name}
    with pytest.raises(IndexDamaged, match="does not match its checksum"):
        Index.open(memory_path)


def test_salvage_without_a_manifest_finds_the_newest_version_of_each_document(memory_path, monkeypatch):
    monkeypatch.setattr("gossamer.retrieval.index.writer._SMALLEST_CLASS", 1)  # row: sizes 1-7, 8-63, ... merge apart
    index = Index.create(memory_path, passages=None, threads=1)
    for part in range(8):
        if part == 7:  # a small segment between large ones: their merge is written after it, but holds an older "0"
            index.add([document("0", 99)])
            index.commit()
        index.add([document(str(8 * part + i), 0) for i in range(8)])
        index.commit()
    assert index.stats()["segments"] == 2
    documents = list(index.documents())
    (memory_path / "manifest.json").write_text("{}")
    assert list(salvage(memory_path)) == documents[::-1]
    (memory_path / "manifest.json").unlink()
    assert list(salvage(memory_path)) == documents[::-1]


def test_salvage_of_what_is_no_index(tmp_path):
    with pytest.raises(NoSuchIndex):
        list(salvage(tmp_path))
    with pytest.raises(NoSuchIndex):
        list(salvage(tmp_path / "missing"))
    (tmp_path / "segment-00000001.gsm").write_bytes(b"rubbish")
    with pytest.raises(GossamerError, match="no segment file here can be read"):
        list(salvage(tmp_path))
