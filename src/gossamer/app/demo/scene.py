"""What an act of the demo shows, as data: the terminal, the report and JSON each render the same scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gossamer.app.hits import Window
from gossamer.frontier.points import Frontier


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text.

    Args:
        columns: Headings.
        rows: Each as long as ``columns``.
        right: Numbers of the columns that hold numbers.
        ours: Numbers of the rows that stand out.
        caption: What the table shows; empty for none.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    ours: Sequence[int] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A document as it is shown.

    Args:
        id: Its id.
        right: Whether it answers the question.
        score: Of its best passage.
        terms: (term, contribution), greatest first; they add up to the score.
        windows: The snippet, cut at its highlights.
    """

    id: str
    right: bool
    score: float = 0.0
    terms: Sequence[tuple[str, float]] = ()
    windows: Sequence[Window] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """A query, what we find, and beside it what the naive method finds; best first, with the time that each took."""

    query: str
    found: Sequence[Found]
    naive: Sequence[Found]
    microseconds: float
    naive_microseconds: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A frontier to be drawn, and the system in it that is our default."""

    frontier: Frontier
    chosen: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to type."""

    line: str


Block: TypeAlias = Table | Search | Picture | Command


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the scoreboard: what is promised, whether this machine bears it out, and the numbers."""

    text: str
    kept: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What one act has to show.

    Args:
        title: Its name.
        summary: What happened, in a sentence or two.
        blocks: In the order they are shown.
        promises: Lines for the scoreboard.
        facts: The numbers, as JSON values.
    """

    title: str
    summary: str
    blocks: Sequence[Block] = ()
    promises: Sequence[Promise] = ()
    facts: dict[str, Any] = field(default_factory=dict)
