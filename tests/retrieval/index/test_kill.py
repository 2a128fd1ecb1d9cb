"""kill -9 at random times: every commit that the dead process acknowledged is there, whole."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import counting_writer
import pytest

from gossamer.retrieval.index import Index


def kill_one(path: Path, rng: Random) -> int:
    """Start a writer, kill it, and check what it left; returns the generation."""
    command = [sys.executable, counting_writer.__file__, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline()  # it is at work
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        acknowledged = [int(line) for line in (first + process.stdout.read()).split()]
    index = Index.open(path)
    generation = index.stats()["generation"]
    assert generation in (acknowledged[-1], acknowledged[-1] + 1)
    assert list(index.documents()) == list(counting_writer.documents_at(generation).values())
    assert index.verify().ok
    assert index.rank(["wing lift"]) == index.rank(["wing lift"], exhaustive=True) != [[]]
    return generation


def kill_many(path: Path, times: int) -> None:
    Index.create(path)
    rng = Random(9)
    generations = [kill_one(path, rng) for _ in range(times)]
    assert generations == sorted(set(generations))


def test_a_few_kills(tmp_path):
    kill_many(tmp_path / "index", 5)


@pytest.mark.slow
def test_a_hundred_kills(tmp_path):
    kill_many(tmp_path / "index", 100)
