"""Named ways of searching a BlockIndex: one file for each method, its options a frozen dataclass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.retrieval.traversals.term_at_a_time import TermAtATime as TermAtATime
    from gossamer.retrieval.traversals.traversal import Traversal as Traversal

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "term_at_a_time": ["TermAtATime"],
        "traversal": ["Traversal"],
    },
)
