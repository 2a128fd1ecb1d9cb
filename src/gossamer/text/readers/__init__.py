"""Readers: one module a format; `registry` says what a reader is and chooses the one that reads a file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.text.readers.registry import Options, Reader, choose, readers, register
    from gossamer.text.readers.sandbox import Sandbox

_MODULES = {
    "Options": "registry",
    "Reader": "registry",
    "Sandbox": "sandbox",
    "choose": "registry",
    "readers": "registry",
    "register": "registry",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
