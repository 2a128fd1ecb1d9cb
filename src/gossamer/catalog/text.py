"""The text room in the catalogue: what is done to words before they are counted."""

from __future__ import annotations

from collections.abc import Mapping

from gossamer.catalog import papers
from gossamer.catalog.records import Method

_WORD_AXES: Mapping[str, tuple[str, ...]] = {
    "what": ("representations",),
    "needs": ("nothing",),
    "runs_on": ("our kernel",),
}

METHODS: tuple[Method, ...] = (
    Method(
        id="compound-splitting",
        name="Compound splitting by frequencies",
        paper=papers.COMPOUND_SPLITTING,
        axes={**_WORD_AXES, "buys": ("quality",)},
        summary="Splits a word where the geometric mean of its parts' frequencies beats its own, and indexes the parts "
        "beside it.",
        entry_point="gossamer.text.compounds:learn",
        baselines=("whole-words",),
        card="compound-splitting",
        benchmark="benchmarks/languages.py",
        tests=("tests/text/test_analysis_pieces.py",),
    ),
    Method(
        id="whole-words",
        name="Whole words",
        paper=None,
        axes={**_WORD_AXES, "buys": ("none",)},
        summary="Leaves compounds as they are written.",
        entry_point="gossamer.text.analysis:analyzer",
        arguments={"spec": "german"},
        naive=True,
        card="compound-splitting",
        benchmark="benchmarks/languages.py",
        tests=("tests/text/test_analysis_languages.py",),
    ),
)
