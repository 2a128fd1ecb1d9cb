"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import gossamer


def machine() -> dict[str, str]:
    """Processor, cores, system and versions, for people.

    Example:
        >>> machine()["python"].count(".")
        2
    """
    from gossamer import _native

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": str(cores),
        "kernels": _native.cpu_level(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "gossamer": gossamer.__version__,
        "numpy": metadata.version("numpy"),
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
