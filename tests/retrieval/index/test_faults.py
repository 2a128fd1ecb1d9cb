"""Failing disks and Ctrl-C: at any operation they leave the last commit whole, the lock free, the index writable."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from random import Random

import pytest
from crash import Operation, watched_index
from workload import ENCODERS, LINES, Session, check_writable, observe

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.index import Index

SEED = 1987
INTERRUPT = errno.EINTR
CODES = (errno.ENOSPC, errno.EIO, INTERRUPT)
NEEDS_SPACE = ("create", "write", "sync", "close", "rename", "sync_directory", "lock")


class Fault:
    """Raises ``OSError(code)``, or Ctrl-C, at operation ``at``, in its place or after it, once or until cleared."""

    def __init__(self, at: int, code: int, after: bool, lasting: bool) -> None:
        self._at, self.code, self._after, self._lasting = at, code, after, lasting
        self._seen, self._cleared = -1, False
        self.struck: list[Operation] = []

    @contextmanager
    def watch(self, operation: Operation) -> Iterator[None]:
        self._seen += 1
        strikes = self._seen >= self._at if self._lasting else self._seen == self._at
        strikes = strikes and not self._cleared and (self.code != errno.ENOSPC or operation.kind in NEEDS_SPACE)
        if not strikes:
            yield
            return
        self.struck.append(operation)
        if self._after:
            yield
        raise (
            KeyboardInterrupt if self.code == INTERRUPT else OSError(self.code, os.strerror(self.code), operation.name)
        )

    def clear(self) -> None:
        self._cleared = True

    def __str__(self) -> str:
        when = "after" if self._after else "instead of"
        rest = " and all that follow" if self._lasting else ""
        return f"{errno.errorcode[self.code]} {when} operation {self._at}{rest}, {self.struck[:1]}"


def check_fault(fault: Fault, path: Path, truths: dict, kind: str) -> None:
    """Play the workload until the fault breaks a step, then see what is left."""
    shutil.rmtree(path, ignore_errors=True)
    session = Session(path, watched_index(fault.watch), kind=kind)
    for line in LINES:
        generation = max(session.truths, default=None)
        try:
            session.step(line)
        except (GossamerError, KeyboardInterrupt) as error:
            message = str(error)
            break
    else:
        fault.clear()
        return  # an operation that may fail: the removal of files that nothing names
    assert fault.struck
    if fault.code != INTERRUPT:
        assert os.strerror(fault.code) in message
        assert str(path) in message
    if generation is None:
        fault.clear()
        try:
            check_writable(path, [], Index.create)
        except UsageError:  # the manifest was in place when the disk failed to confirm it
            check_writable(path, [])
        return
    seen = observe(Index.open(path))  # while the disk still fails
    now = seen["stats"]["generation"]
    assert now == generation or fault.code == INTERRUPT or "did not confirm" in message or "was committed" in message
    assert seen == truths[now]
    assert Index.open(path).verify().ok
    fault.clear()
    check_writable(path, seen["documents"])  # another writer finds no lock
    index = session.index
    index.delete(["after"])  # and so does the one that failed
    index.merge()
    assert list(index.documents()) == seen["documents"]
    assert index.verify().ok


def check_faults(path: Path, faults: list[Fault], truths: dict, kind: str) -> None:
    for fault in faults:
        try:
            check_fault(fault, path, truths, kind)
        except Exception as error:
            raise AssertionError(f"{fault}: {error}") from error


@pytest.fixture(params=ENCODERS)
def operations(request, memory_path):
    """The operations of the workload where no process dies, what each commit shows, and the index's kind."""
    log: list[Operation] = []

    @contextmanager
    def watch(operation: Operation) -> Iterator[None]:
        log.append(operation)
        yield

    session = Session(memory_path / "plain", watched_index(watch), kind=request.param)
    session.play()
    return log, session.truths, request.param


def faults_at(at: int, code: int) -> list[Fault]:
    """An error at one operation, in every manner."""
    return [Fault(at, code, *how) for how in product((False, True), (False, True)) if code != INTERRUPT or not how[1]]


def test_a_sample_of_faults(operations, memory_path):
    log, truths, kind = operations
    rng = Random(SEED)
    chance = {"rename": 1, "sync_directory": 0.4, "write": 0.01}
    chosen = [at for at, operation in enumerate(log) if rng.random() < chance.get(operation.kind, 0.1)]
    faults = [rng.choice(faults_at(at, rng.choice(CODES))) for at in chosen]
    check_faults(memory_path / "faulty", faults, truths, kind)


@pytest.mark.slow
def test_every_fault(operations, memory_path):
    """Every error at every operation; in every manner where names or durability change."""
    log, truths, kind = operations
    rng = Random(SEED)
    faults = []
    for at, operation in enumerate(log):
        for code in CODES:
            manners = faults_at(at, code)
            faults += (
                manners if operation.kind in ("create", "sync", "rename", "sync_directory") else [rng.choice(manners)]
            )
    check_faults(memory_path / "faulty", faults, truths, kind)
