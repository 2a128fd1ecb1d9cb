"""The example in every docstring runs and gives what it says."""

from __future__ import annotations

import doctest
import gzip
import importlib
import pkgutil
from pathlib import Path

import pytest

import gossamer

MODULES = [
    module.name
    for module in pkgutil.walk_packages(gossamer.__path__, "gossamer.")
    if not module.name.endswith(("_native", "__main__"))
]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the files that the examples name."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/wings.md").write_text("# Wings\n\nLift grows with speed.\n")
    (tmp_path / "page.html").write_text("<title>Sails</title><p>A sail is a wing that stands upright.</p>")
    with gzip.open(tmp_path / "notes.txt.gz", "wb") as packed:
        packed.write(b"Lift grows with speed.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.usefixtures("folder")
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert results.failed == 0
