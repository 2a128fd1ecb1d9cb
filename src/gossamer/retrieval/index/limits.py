"""What an index may take: memory and threads."""

from __future__ import annotations

import os
import re

from gossamer.errors import UsageError

_SIZE = re.compile(r"\s*([0-9.]+)\s*([kmgt]?i?b?)\s*", re.IGNORECASE)


def parse_size(size: int | str) -> int:
    """Bytes of ``536870912`` or ``"512MiB"`` (k, M, G, T; with or without i and B, all powers of 1024).

    Raises:
        UsageError: Not a size.
    """
    if isinstance(size, int):
        if size <= 0:
            raise UsageError(f"memory={size} must be > 0 bytes")
        return size
    match = _SIZE.fullmatch(size)
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if match is None or number <= 0:
        raise UsageError(f"{size!r} is not a size; write such as '512MiB' or '2GiB'")
    return int(number * 1024 ** ("bkmgt".index(match[2][0].lower()) if match[2] else 0))


def threads_of(threads: int | None) -> int:
    """The threads to use; None means every processor.

    Raises:
        UsageError: Fewer than 1.
    """
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if threads < 1:
        raise UsageError(f"threads={threads} must be >= 1")
    return threads
