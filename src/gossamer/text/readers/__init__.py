"""Readers: one module a format; `registry` says what a reader is and chooses the one that reads a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.text.readers.registry import (
        Options as Options,
        Reader as Reader,
        choose as choose,
        readers as readers,
        register as register,
    )
    from gossamer.text.readers.sandbox import Sandbox as Sandbox

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "registry": ["Options", "Reader", "choose", "readers", "register"],
        "sandbox": ["Sandbox"],
    },
)
