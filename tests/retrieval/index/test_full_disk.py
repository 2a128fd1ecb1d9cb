"""A disk that is really full: the last commit stays, and when there is space again writing goes on."""

import subprocess
from pathlib import Path

import pytest
from workload import check_writable, observe

from gossamer.errors import GossamerError
from gossamer.retrieval.index import Index
from gossamer.text.documents import Document

BALLAST = 200_000


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """A file system of one megabyte."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


def fill(index: Index, ballast: Path) -> tuple[int, str]:
    """Add and commit until the disk is full; returns the last good generation and the error."""
    index.path.with_name("ballast").write_bytes(bytes(BALLAST))
    for number in range(10_000):
        try:
            index.add(Document(f"{number} {i}", f"wing {number} " + "lift drag stall " * 5) for i in range(50))
            index.commit()
        except GossamerError as error:
            return index.stats()["generation"], str(error)
    raise AssertionError("the disk never filled")


@pytest.mark.parametrize("memory", [1, "512MiB"])
def test_a_full_disk(small_disk, memory):
    path, ballast = small_disk / "index", small_disk / "ballast"
    index = Index.create(path, memory=memory, passages=None, threads=1)
    generation, error = fill(index, ballast)
    assert error.startswith(f"{path}: No space left on device; nothing ")
    assert generation > 0
    seen = observe(Index.open(path))
    assert seen["stats"]["generation"] == generation
    assert len(seen["documents"]) == 50 * generation
    assert index.verify().ok
    ballast.unlink()
    index.close()
    check_writable(path, seen["documents"])


def test_deleting_on_a_full_disk(small_disk):
    """Room for the lock's few bytes is not needed, and a merge that does not fit changes nothing."""
    path, ballast = small_disk / "index", small_disk / "ballast"
    index = Index.create(path, passages=None, threads=1)
    fill(index, ballast)
    (path / "lock").unlink()
    with open(small_disk / "rest", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
    before = observe(index)
    for change in (index.merge, lambda: [index.delete([f"0 {i}" for i in range(50)]), index.commit()]):
        with pytest.raises(GossamerError, match="No space left on device"):
            change()
        assert observe(index) == before
    ballast.unlink()
    index.delete([f"0 {i}" for i in range(50)])
    index.commit()
    assert len(index) == len(before["documents"]) - 50
    assert index.verify().ok
