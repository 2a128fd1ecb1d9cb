"""Act 5: the indexer is killed in the middle of its commit, again and again; nothing acknowledged may be lost."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gossamer.app.demo.scene import Promise, Scene, Table
from gossamer.app.demo.stage import Stage
from gossamer.errors import GossamerError
from gossamer.retrieval.index import Index
from gossamer.text.documents import Document

_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Crash:
    """One kill and what was found afterwards."""

    at: int
    operation: str
    killed: bool
    before: int
    after: int
    lost: int
    half_there: int
    sound: bool


def act(stage: Stage) -> Scene:
    """Commit one batch undisturbed to learn its file operations, then kill a commit at each kind of them."""
    path = stage.scratch("crash")
    shutil.rmtree(path, ignore_errors=True)
    batches = _batches(stage.documents, stage.crashes + 1)
    with Index.create(path):
        pass
    operations: list[str] = json.loads(_run_victim(path, batches[0]).stdout)
    acknowledged = {one.id for one in batches[0]}
    crashes = []
    for at, batch in zip(_moments(operations, stage.crashes), batches[1:], strict=False):
        died = _run_victim(path, batch, at)
        crash, acknowledged = _examine(path, at, operations[at], died.returncode, acknowledged, batch)
        crashes.append(crash)
    shutil.rmtree(stage.scratch(""), ignore_errors=True)
    lost, half = sum(one.lost for one in crashes), sum(one.half_there for one in crashes)
    killed = sum(one.killed for one in crashes)
    return Scene(
        "Killed in the middle of a commit",
        f"A process adds {len(batches[0])} documents and is killed by SIGKILL while it commits them: {killed} times, "
        "at another kind of file operation each time, writes torn in half. Then the index is opened again, every "
        "document counted, every byte verified. A commit is there as a whole or not at all.",
        [Table(
            ("killed at", "file operation", "documents before", "after", "lost", "half there", "every byte verified"),
            [_row(one, len(operations)) for one in crashes],
            right=(2, 3, 4, 5),
        )],
        [Promise(
            "Killed in mid-commit, the index loses no document",
            killed == len(crashes) > 0 and not lost and not half and all(one.sound for one in crashes),
            f"{lost} documents lost in {killed} kills, {half} commits half there",
        )],
        {"kills": killed, "lost": lost, "half_there": half, "operations_of_a_commit": len(operations)},
    )  # fmt: skip


def _row(crash: _Crash, operations: int) -> tuple[str, ...]:
    return (
        f"{crash.at + 1} of {operations}", crash.operation, f"{crash.before:,}", f"{crash.after:,}",
        str(crash.lost), str(crash.half_there), "ok" if crash.sound else "DAMAGED",
    )  # fmt: skip


def _batches(documents: Sequence[Document], count: int) -> list[Sequence[Document]]:
    size = max(1, min(_BATCH, len(documents) // count))
    return [documents[at * size : (at + 1) * size] for at in range(count)]


def _moments(operations: Sequence[str], kills: int) -> list[int]:
    """At most ``kills`` numbers of operations, of different kinds where there are so many, from early to late."""
    places: dict[str, list[int]] = {}
    for at, operation in enumerate(operations):
        places.setdefault(operation, []).append(at)
    middles = sorted(one[len(one) // 2] for one in places.values())
    if kills >= len(middles):
        return middles
    return [middles[round(at * (len(middles) - 1) / max(kills - 1, 1))] for at in range(kills)]


def _run_victim(path: Path, batch: Sequence[Document], fatal: int | None = None) -> subprocess.CompletedProcess[str]:
    lines = "".join(json.dumps({"id": one.id, "title": one.title, "text": one.text}) + "\n" for one in batch)
    command = [sys.executable, "-m", "gossamer.app.demo.victim", str(path), *([] if fatal is None else [str(fatal)])]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8")
    if done.returncode not in (0, -signal.SIGKILL):
        raise GossamerError(f"the indexer failed by itself: {done.stderr.strip()}")
    return done


def _examine(
    path: Path, at: int, operation: str, returncode: int, acknowledged: set[str], batch: Sequence[Document]
) -> tuple[_Crash, set[str]]:
    """What a reader finds after a kill; and the ids that the next one has to find."""
    index = Index.open(path)
    there, new = {one.id for one in index.documents()}, {one.id for one in batch}
    crash = _Crash(
        at=at,
        operation=f"{operation}, half of it" if operation.startswith("write") else f"before: {operation}",
        killed=returncode == -signal.SIGKILL,
        before=len(acknowledged),
        after=len(there),
        lost=len(acknowledged - there),
        half_there=int(there - acknowledged not in (set(), new)),
        sound=index.verify().ok,
    )
    return crash, there
