"""Power cuts: every state that one could leave opens at an acknowledged commit, whole, and can be written on."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from crash import Disk, State
from workload import ENCODERS, check_writable, observe, record

from gossamer.errors import NoSuchIndex
from gossamer.retrieval.index import Index

SEED = 20140611


def check_state(state: State, path: Path, disk: Disk, truths: dict) -> None:
    """Materialise one crash state at ``path`` and use the index in it."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    for name, content in state.items():
        (path / name).write_bytes(content)
    try:
        index = Index.open(path)
    except NoSuchIndex:
        assert disk.acknowledged < 0, "an index whose creation was acknowledged is gone"
        check_writable(path, [], Index.create)
        return
    generation = index.stats()["generation"]
    assert disk.acknowledged <= generation <= disk.renamed
    assert observe(index) == truths[generation]
    assert index.verify().ok
    check_writable(path, truths[generation]["documents"])


def check_crashes(path: Path, log: list, truths: dict, after: Iterable[int], random_states: int) -> int:
    """Check the states after each of these operations; returns how many different ones there were."""
    rng, disk, chosen, seen = Random(SEED), Disk(), set(after), set()
    for number, operation in enumerate(log):
        disk.apply(operation)
        if number not in chosen:
            continue
        for label, state in disk.crashes(rng, random_states):
            content = hashlib.sha256(repr((state, disk.acknowledged, disk.renamed)).encode()).digest()
            if content in seen:
                continue
            seen.add(content)
            try:
                check_state(state, path, disk, truths)
            except Exception as error:
                at = f"after operation {number} of {len(log)} ({operation.kind} {operation.name})"
                raise AssertionError(f"{at}, {label}: {error}") from error
    return len(seen)


@pytest.fixture(params=ENCODERS)
def recording(request, memory_path):
    return record(memory_path / "recorded", request.param)


def test_a_sample_of_crash_states(recording, memory_path):
    log, truths = recording
    rng = Random(SEED)
    chance = {"acknowledge": 1, "rename": 1, "sync_directory": 0.8, "sync": 0.8, "remove": 0.8, "write": 0.02}
    after = [number for number, operation in enumerate(log) if rng.random() < chance.get(operation.kind, 0)]
    assert check_crashes(memory_path / "crashed", log, truths, after, random_states=4) >= 150


@pytest.mark.slow
def test_every_crash_state(recording, memory_path):
    log, truths = recording
    assert check_crashes(memory_path / "crashed", log, truths, range(len(log)), random_states=8) >= 5000
