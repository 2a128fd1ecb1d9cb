"""Cost-quality frontiers: collect measured points, compare at equal cost, plot. The proof that a saving pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.frontier.costs import Cost as Cost
    from gossamer.frontier.drawing import plot_panels as plot_panels
    from gossamer.frontier.points import EqualCost as EqualCost, Frontier as Frontier, Point as Point

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "costs": ["Cost"],
        "drawing": ["plot_panels"],
        "points": ["EqualCost", "Frontier", "Point"],
    },
)
