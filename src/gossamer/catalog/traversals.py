"""Ways of searching sparse vectors in the catalogue: what a BlockIndex can be built for by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gossamer.catalog import papers
from gossamer.catalog.records import Method, Paper

_TESTS = ("tests/retrieval/traversals/test_traversals.py", "tests/retrieval/traversals/test_pruning.py")


def _traversal(
    name: str,
    title: str,
    paper: Paper,
    summary: str,
    entry: str,
    axes: Mapping[str, tuple[str, ...]],
    arguments: Mapping[str, Any] | None = None,
    card: str = "pruned-traversals",
    tests: tuple[str, ...] = _TESTS,
) -> Method:
    return Method(
        id=name,
        name=title,
        paper=paper,
        axes={
            "what": ("representations",),
            "when": ("at inference per input",),
            "traversal": ("exact",),
            "needs": ("nothing",),
            "buys": ("inference time",),
            "runs_on": ("our kernel",),
            **axes,
        },
        summary=summary,
        entry_point=f"gossamer.retrieval.traversals:{entry}",
        arguments=arguments or {},
        baselines=() if name == "term-at-a-time" else ("term-at-a-time",),
        naive=name == "term-at-a-time",
        card=card,
        tests=tests,
    )


METHODS: tuple[Method, ...] = (
    _traversal(
        "two-phase", "Two phases over impact-ordered lists", papers.PRUNED_IMPACTS,
        "Reads the pieces of lists that may add most for the postings they cost, then scores the best rows it met.",
        "TwoPhase",
        {"traversal": ("approximate",), "summary": ("term maximum",), "needs": ("calibration data",)},
        card="recall", tests=("tests/retrieval/test_calibration.py",),
    ),
    _traversal(
        "term-at-a-time", "Term at a time", papers.QUERY_EVALUATION,
        "Adds every posting of every query term to an accumulator for each row, then scans the accumulators.",
        "TermAtATime", {"buys": ("none",)},
    ),
    _traversal(
        "maxscore", "MaxScore", papers.QUERY_EVALUATION,
        "Lists whose bounds together stay below the k-th score are looked into only for rows that others bring up.",
        "MaxScore", {"summary": ("term maximum",)},
    ),
    _traversal(
        "wand", "WAND", papers.WAND,
        "Moves through the lists in order of documents, to the first where bounds can reach the k-th score.",
        "Wand", {"summary": ("term maximum",)},
    ),
    _traversal(
        "bmw", "Block-Max WAND", papers.BLOCK_MAX_INDEXES,
        "WAND that looks at the maxima of short blocks of postings and passes over those that cannot matter.",
        "BlockMaxWand", {"summary": ("term maximum", "block maximum")},
    ),
    _traversal(
        "bmp", "Block-max pruning", papers.BLOCK_MAX_PRUNING,
        "Bounds every block of neighbouring documents by 8-bit maxima, then scores blocks, best bound first.",
        "BlockMaxPruning",
        {"traversal": ("exact", "approximate"), "quantisation": ("8-bit bounds",), "summary": ("block maximum",)},
    ),
    _traversal(
        "bmp-saturating", "Block-max pruning in 16 bits", papers.BLOCK_MAX_PRUNING,
        "The same in the arithmetic of the authors' code: 8-bit values, weights of 0 to 32, sums that stop at 65,535.",
        "BlockMaxPruning",
        {
            "traversal": ("approximate",),
            "quantisation": ("8-bit bounds", "8-bit values"),
            "summary": ("block maximum",),
        },
        {"saturating": True},
    ),
    _traversal(
        "superblock", "Superblock pruning", papers.SUPERBLOCK_PRUNING,
        "Passes over whole runs of blocks by the largest and the mean of their maxima before any block is bounded.",
        "SuperblockPruning",
        {
            "traversal": ("exact", "approximate"),
            "quantisation": ("8-bit bounds",),
            "summary": ("block maximum", "superblock maximum"),
        },
    ),
)  # fmt: skip
