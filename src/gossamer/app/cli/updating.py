"""One bringing up to date of an index, and how the command line tells of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gossamer.app.cli.frame import fail
from gossamer.app.cli.output import Output, size
from gossamer.app.cli.target import create, open_as_made

if TYPE_CHECKING:
    from gossamer.app.config import Value
    from gossamer.text.sources import Skipped


class Update:
    """What changed and what was skipped.

    Args:
        out: Told of each file that is skipped.
        told: What it has been told before.
    """

    def __init__(self, out: Output, told: set[Skipped] | None = None) -> None:
        self._out, self._told = out, set() if told is None else told
        self._started = time.monotonic()
        self._skipped: list[Skipped] = []
        self._passages = self._bytes = 0

    def skip(self, problem: Skipped) -> None:
        """Take note of a file that no reader can read."""
        self._skipped.append(problem)
        if problem not in self._told:
            self._told.add(problem)
            self._out.note(f"skipped {problem.path}: {problem.reason}".replace("\n", " "))

    def carry_out(self, path: str, said: Mapping[str, Value], paths: Sequence[str], **options: Any) -> Update:
        """Bring the index at ``path`` up to date; makes it once there is something to add."""
        from gossamer.app.keeping_up import keep_up

        opened = open_as_made(path, said)
        before = opened.stats()["passages"] if opened is not None else 0
        index, self._changes = keep_up(opened, lambda: create(path, said), paths, on_skip=self.skip, **options)
        self._seconds, self._path = time.monotonic() - self._started, path
        if index is not None:
            after = index.stats()
            self._passages, self._bytes = max(0, after["passages"] - before), after["bytes"]
        return self

    @property
    def wrote(self) -> bool:
        """Whether a document was added, replaced or removed."""
        return bool(self._changes.written or self._changes.removed)

    def report(self, last: bool = True) -> None:
        """Say what was done.

        Args:
            last: Nothing more will be said: nothing done and nothing found unchanged is then a failure.
        """
        failed = not self.wrote and not self._changes.unchanged
        if self._out.is_json:
            self._out.document(self.to_dict(), indent=2 if last else None)
        elif not failed:
            self._out.line(self._summary())
        if self._skipped:
            self._out.note(f"{len(self._skipped):,} skipped")
        if failed and last:
            fail("nothing was indexed: " + ("no file could be read" if self._skipped else "no files were found"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "documents": self._changes.written,
            "passages": self._passages,
            **asdict(self._changes),
            "skipped": [{"path": one.path, "reason": one.reason} for one in self._skipped],
            "seconds": round(self._seconds, 3),
            "bytes": self._bytes,
        }

    def brief(self) -> str:
        """One line: how many documents were added, updated and removed."""
        counts = [(name, count) for name, count in asdict(self._changes).items() if count]
        done = ", ".join(f"{count:,} {name}" for name, count in counts if name != "unchanged")
        return f"{self._path}: {done}; {1000 * self._seconds:.0f} ms"

    def _summary(self) -> str:
        changes = self._changes
        if not self.wrote:
            return f"{self._path}: nothing new; all {changes.unchanged:,} documents are unchanged"
        parts = [f"{changes.written:,} documents in {self._passages:,} passages"] if changes.written else []
        parts += [f"{changes.removed:,} removed"] if changes.removed else []
        parts += [f"{changes.unchanged:,} unchanged"] if changes.unchanged else []
        rate = f", {changes.written / max(self._seconds, 1e-3):,.0f} documents/s" if changes.written else ""
        return f"{self._path}: {', '.join(parts)}; {size(self._bytes)}, {self._seconds:.1f} s{rate}"
