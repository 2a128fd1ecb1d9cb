"""The errors a user can cause or meet; each message says what was wrong, where, and what to do.

The command line prints them without a traceback and exits with ``exit_code``.
"""

from __future__ import annotations

from os import PathLike, fspath


class GossamerError(Exception):
    """Base of every error that is not a bug of ours."""

    exit_code = 1


class UsageError(GossamerError, ValueError):
    """The request itself cannot be met: a wrong option, value or combination."""

    exit_code = 2


class Unreadable(GossamerError):
    """One input file that no reader can turn into documents.

    Args:
        path: The file, as the user named it.
        reason: One clause without a full stop: ``"encrypted PDF, and no password was given"``.
    """

    def __init__(self, path: str | PathLike[str], reason: str) -> None:
        self.path, self.reason = fspath(path), reason
        super().__init__(f"{self.path}: {reason}")


class IndexDamaged(GossamerError):
    """A file of an index fails its checks.

    Args:
        file: The damaged file.
        offset: First bad byte in it (bytes from the start).
        reason: What failed.
        recoverable: What can still be had, and by which command.
    """

    def __init__(self, file: str | PathLike[str], offset: int, reason: str, recoverable: str = "") -> None:
        self.file, self.offset, self.reason, self.recoverable = fspath(file), offset, reason, recoverable
        super().__init__(
            f"{self.file}: damaged at byte {offset}: {reason}" + (f". {recoverable}" if recoverable else "")
        )


class IndexLocked(GossamerError):
    """Another process is writing to the index."""


class IndexTooNew(GossamerError):
    """The index was written by a newer version of gossamer."""


class NoSuchIndex(GossamerError):
    """There is no index at the path."""
