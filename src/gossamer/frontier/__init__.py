"""Cost-quality frontiers: collect measured points, compare at equal cost, plot. The proof that a saving pays."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gossamer.frontier.costs import Cost
    from gossamer.frontier.drawing import plot_panels
    from gossamer.frontier.points import EqualCost, Frontier, Point

_MODULES = {"Cost": "costs", "EqualCost": "points", "Frontier": "points", "Point": "points", "plot_panels": "drawing"}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
