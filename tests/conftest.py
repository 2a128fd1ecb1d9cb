"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("gossamer", deadline=None)  # a busy machine is no failure
settings.load_profile("gossamer")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of collections and documents beside the checkout, which a bare clone lacks."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared")
    return folder
