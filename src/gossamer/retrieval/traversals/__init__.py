"""Named ways of searching a BlockIndex: one file for each method, its options a frozen dataclass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.retrieval.traversals.block_max_wand import BlockMaxWand as BlockMaxWand
    from gossamer.retrieval.traversals.bmp import BlockMaxPruning as BlockMaxPruning
    from gossamer.retrieval.traversals.maxscore import MaxScore as MaxScore
    from gossamer.retrieval.traversals.seismic import Seismic as Seismic
    from gossamer.retrieval.traversals.superblock import SuperblockPruning as SuperblockPruning
    from gossamer.retrieval.traversals.term_at_a_time import TermAtATime as TermAtATime
    from gossamer.retrieval.traversals.traversal import Traversal as Traversal
    from gossamer.retrieval.traversals.two_phase import TwoPhase as TwoPhase
    from gossamer.retrieval.traversals.wand import Wand as Wand

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "block_max_wand": ["BlockMaxWand"],
        "bmp": ["BlockMaxPruning"],
        "maxscore": ["MaxScore"],
        "superblock": ["SuperblockPruning"],
        "seismic": ["Seismic"],
        "term_at_a_time": ["TermAtATime"],
        "traversal": ["Traversal"],
        "two_phase": ["TwoPhase"],
        "wand": ["Wand"],
    },
)
