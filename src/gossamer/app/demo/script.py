"""The order of the acts, what each took, and the scoreboard that they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gossamer.app.demo.acts import crashing, examining, indexing, searching, serving, trading
from gossamer.app.demo.machine import machine
from gossamer.app.demo.measuring import Spent, spending
from gossamer.app.demo.scene import Promise, Scene
from gossamer.app.demo.stage import Stage

Act = Callable[[Stage], Scene]

ACTS: tuple[Act, ...] = (indexing.act, searching.act, examining.act, trading.act, crashing.act, serving.act)

_REFERENCE_SECONDS = 6.0  # the first act on the machine that the sizes were chosen for


@dataclass(frozen=True, slots=True)
class Played:
    """An act that is over."""

    number: int
    scene: Scene
    spent: Spent


@dataclass(frozen=True, slots=True)
class Performance:
    """A whole run.

    Args:
        machine: Processor, cores and versions.
        played: The acts.
        spent: Seconds and the highest peak of them all.
        rounds: How often every timing was repeated.
        reduced: Whether the machine was so slow that the acts did less.
    """

    machine: dict[str, str]
    played: Sequence[Played]
    spent: Spent
    rounds: int
    reduced: bool

    @property
    def promises(self) -> list[Promise]:
        """The scoreboard, in the order of the acts."""
        return [promise for one in self.played for promise in one.scene.promises]

    @property
    def broken(self) -> list[Promise]:
        """What this machine did not bear out."""
        return [promise for promise in self.promises if not promise.kept]

    def to_dict(self) -> dict[str, Any]:
        """The scoreboard and all numbers as JSON values."""
        return {
            "ok": not self.broken,
            "kept": len(self.promises) - len(self.broken),
            "promises": [asdict(promise) for promise in self.promises],
            "seconds": round(self.spent.seconds, 2),
            "peak_bytes": self.spent.peak_bytes,
            "rounds": self.rounds,
            "reduced": self.reduced,
            "machine": self.machine,
            "acts": [
                {
                    "title": one.scene.title,
                    "seconds": round(one.spent.seconds, 2),
                    "peak_bytes": one.spent.peak_bytes,
                    "facts": one.scene.facts,
                }
                for one in self.played
            ],
        }


def perform(stage: Stage, show: Callable[[Played], None], acts: Sequence[Act] = ACTS) -> Performance:
    """Play the acts in order.

    Args:
        stage: Its folder must exist.
        show: Told of every act as soon as it is over.
        acts: The first has to make the index that the others use.
    """
    played: list[Played] = []
    reduced = False
    for number, act in enumerate(acts, start=1):
        with spending() as spent:
            scene = act(stage)
        played.append(Played(number, scene, spent))
        show(played[-1])
        if number == 1 and spent.seconds > 2 * _REFERENCE_SECONDS:
            stage.do_less()
            reduced = True
    total = Spent(sum(one.spent.seconds for one in played), max(one.spent.peak_bytes for one in played))
    return Performance(machine(), played, total, stage.rounds, reduced)
