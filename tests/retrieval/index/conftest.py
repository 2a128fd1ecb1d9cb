"""Where index tests put their files."""

import tempfile
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")


@pytest.fixture
def memory_path(tmp_path):
    """An empty directory in memory where there is one: thousands of small indexes are made there."""
    if not _MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="gossamer-") as path:
        yield Path(path)
