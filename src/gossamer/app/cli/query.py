"""The words of a query, from the command line or from standard input, whatever bytes they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from gossamer.errors import UsageError

MOST_BYTES = 2**20
"""Longest query: 1 MiB."""


def read_query(words: Sequence[str]) -> str:
    """Join ``words``; a single ``-`` stands for all of standard input.

    Bytes that are not UTF-8 become U+FFFD.

    Raises:
        UsageError: More than ``MOST_BYTES``.
    """
    from_stdin = list(words) == ["-"]
    raw = sys.stdin.buffer.read(MOST_BYTES + 1) if from_stdin else os.fsencode(" ".join(words))
    if len(raw) > MOST_BYTES:
        raise UsageError(f"the query is longer than {MOST_BYTES:,} bytes; search for a part of it")
    return raw.decode("utf-8", "replace").strip()
