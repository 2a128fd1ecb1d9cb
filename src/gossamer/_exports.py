"""Public names that load their module on first use, so that ``import gossamer`` imports nothing heavy (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def on_first_use(
    package: str, exports: Mapping[str, Sequence[str]]
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """What a package needs to export names lazily: its ``__all__``, ``__getattr__`` and ``__dir__``.

    Args:
        package: The package's ``__name__``.
        exports: Each submodule with the public names it defines.

    Example:
        >>> names, load, _ = on_first_use("gossamer", {"text": ["Document"]})
        >>> names, load("Document").__name__
        (['Document'], 'Document')
    """
    modules = {name: module for module, names in exports.items() for name in names}
    names = sorted(modules)

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return names, load, lambda: names
