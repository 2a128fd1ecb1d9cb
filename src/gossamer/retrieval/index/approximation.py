"""How a recall below 1 is served: by the calibration that is kept with a commit, where that holds, else exactly.

A calibration is a file of the commit, a container without sections. It names the segments and tombstones that it was
measured over, and holds for these alone: whatever changes them may change what an approximate search finds.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from gossamer.errors import IndexDamaged, IndexTooNew, UsageError
from gossamer.retrieval.index import manifest as manifests
from gossamer.retrieval.index.container import Container, ContainerWriter, FileEntry

if TYPE_CHECKING:
    from gossamer.retrieval.calibration import Calibration
    from gossamer.retrieval.index.manifest import Manifest
    from gossamer.retrieval.index.storage import Storage
    from gossamer.retrieval.traversals import TwoPhase

VERSION = 1
"""Of the facts in the file; a calibration of another version counts as none."""


class Uncalibrated(UserWarning):
    """A recall was asked for that only exact search is known to reach; exact search was run."""


@dataclass(frozen=True, slots=True)
class Approximation:
    """How a recall that was asked for is served.

    Args:
        asked: The recall, above 0 and at most 1.
        at_least: One-sided lower 95 % bound of the mean recall of what is run; 1 for exact search.
        traversal: The approximate search; None for exact.
        why_exact: Why exact search is run although less was asked for.
    """

    asked: float
    at_least: float = 1.0
    traversal: TwoPhase | None = None
    why_exact: str | None = None

    @property
    def native(self) -> tuple[int, int] | None:
        """Postings read and rows scored, as the native search takes them."""
        how = self.traversal
        return None if how is None else (how.postings, how.candidates)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        how = self.traversal.facts() if self.traversal else None
        return asdict(self) | {"traversal": how}

    def warn(self, stacklevel: int) -> None:
        """Say it where exact search is run for want of a proof; ``stacklevel`` as in :func:`warnings.warn`."""
        if self.why_exact is not None:
            warnings.warn(
                f"no approximate search is proven {self.why_exact}: this one is exact", Uncalibrated, stacklevel + 1
            )


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is known of approximate search over a commit.

    Args:
        calibration: None where there is none to read.
        queries: What it was measured on: "titles", "sentences" or "given".
        why_not: Why it does not hold; None where it does.
    """

    calibration: Calibration | None = None
    queries: str = ""
    why_not: str | None = "before tune()"

    def approximation(self, recall: float, k: int) -> Approximation:
        """How a recall is served at k results.

        Raises:
            UsageError: The recall is not above 0 and at most 1.
        """
        check_recall(recall)
        if recall == 1:
            return Approximation(recall)
        if self.calibration is None or self.why_not is not None:
            return Approximation(recall, why_exact=self.why_not)
        setting = self.calibration.setting(k, recall)
        if setting is None:
            return Approximation(recall, why_exact=f"at k={k} and recall={recall}")
        how: Any = setting.search()
        return Approximation(recall, setting.at_least, how)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, for ``stats()``."""
        figures = self.calibration.to_dict() if self.calibration is not None else {}
        return {"holds": self.why_not is None, "why_not": self.why_not, "of": self.queries} | figures

    # --- its file --------------------------------------------------------------------------------------------------

    def write(self, storage: Storage, name: str, manifest: Manifest) -> FileEntry:
        """Write it as a file of an index.

        Args:
            storage, name: Where.
            manifest: The commit it was measured over.
        """
        assert self.calibration is not None
        container = ContainerWriter(storage, name)
        try:
            facts = {"calibration": VERSION, "over": _files(manifest), "of": self.queries}
            return container.finish(facts | self.calibration.to_dict())
        except BaseException:
            container.abandon()
            raise

    @classmethod
    def of(cls, storage: Storage, manifest: Manifest) -> Tuning:
        """That of a commit. Damage costs the calibration alone: search is exact then.

        Raises:
            FileNotFoundError: A newer commit has replaced the file.
        """
        entry = manifest.calibration
        if entry is None:
            return cls()
        try:
            return cls._read(storage, entry, manifest)
        except FileNotFoundError:
            if manifests.read(storage).generation != manifest.generation:
                raise
            return cls(why_not=f"without {entry.file}, which is missing; tune() again")
        except (IndexDamaged, IndexTooNew, KeyError, TypeError, ValueError, AttributeError) as error:
            reason = error.reason if isinstance(error, IndexDamaged) else str(error)
            return cls(why_not=f"with {entry.file} damaged ({reason}); tune() again")

    @classmethod
    def _read(cls, storage: Storage, entry: FileEntry, manifest: Manifest) -> Tuning:
        from gossamer.retrieval.calibration import Calibration

        container = Container(storage, entry)
        problem = next(container.problems(), None)
        if problem is not None:
            raise IndexDamaged(storage.root / entry.file, problem.offset, problem.reason)
        facts = container.facts
        if facts.get("calibration") != VERSION:
            return cls(why_not="by this version of gossamer; tune() again")
        tuning = cls(Calibration.from_dict(facts), facts["of"], None)
        if facts["over"] != _files(manifest):
            return replace(tuning, why_not="since documents have changed; tune() again")
        return tuning


def check_recall(recall: float) -> None:
    """Nothing, unless a recall is not above 0 and at most 1: then UsageError."""
    if not 0 < recall <= 1:
        raise UsageError(f"recall={recall} must be above 0 and at most 1")


def _files(manifest: Manifest) -> list[list[str | None]]:
    """Names of segments and tombstones; those of committed files are never used again."""
    return [[s.segment.file, s.tombstones.file if s.tombstones else None] for s in manifest.segments]
