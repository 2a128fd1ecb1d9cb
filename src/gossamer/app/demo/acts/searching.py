"""Act 2: five searches, live. Each score is taken apart into its terms; beside it, what counting substrings finds."""

from __future__ import annotations

from math import fsum
from statistics import median
from typing import Any

from gossamer.app.demo.exam import QUESTIONS, Question, names
from gossamer.app.demo.measuring import Trial, take_turns
from gossamer.app.demo.scene import Command, Found, Promise, Scene, Search
from gossamer.app.demo.stage import Stage
from gossamer.app.hits import windows
from gossamer.retrieval.index import Hit
from gossamer.retrieval.naive import SubstringCount

QUERIES = (
    "cache results of a function",
    "merge already sorted inputs",
    "temporary directory removed automatically",
    "wrap long lines of text",
    "context manager that ignores exceptions",
)
"""Of the exam; the last one is one that we do not answer."""

_SHOWN = 3
_TOLERANCE = 1e-5


def act(stage: Stage) -> Scene:
    """Search, explain, and set the naive method beside it."""
    index, naive = stage.index(), SubstringCount(stage.documents)
    known = {one.id: names(one) for one in stage.documents}
    trials: dict[str, Trial[Any]] = {
        "ours": Trial(lambda query: index.search(query, _SHOWN, explain=True), QUERIES),
        "naive": Trial(lambda query: naive.rank([query], _SHOWN)[0], QUERIES),
    }
    timed = take_turns(trials, stage.rounds)
    asked = {one.text: one for one in QUESTIONS}
    searches = [
        Search(
            query,
            [_found(hit, asked[query], known) for hit in hits],
            [Found(name, asked[query].answered_by(known[name])) for name, _ in ranking],
            ours_us,
            naive_us,
        )
        for query, hits, ranking, ours_us, naive_us in zip(
            QUERIES, timed["ours"].answers, timed["naive"].answers,
            timed["ours"].microseconds, timed["naive"].microseconds, strict=True,
        )
    ]  # fmt: skip
    hits = [hit for answer in timed["ours"].answers for hit in answer]
    worst = max((abs(fsum(one.contribution for one in hit.explanation) - hit.score) for hit in hits), default=0.0)
    ours, theirs = (median(timed[name].microseconds) / 1000 for name in ("ours", "naive"))
    answered = [sum(any(one.right for one in getattr(s, side)) for s in searches) for side in ("found", "naive")]
    return Scene(
        "Five searches, every score taken apart",
        f"Each bar is a score, its pieces are words of the query and add up to it. Among our first {_SHOWN} stands a "
        f"right answer for {answered[0]} of {len(QUERIES)} questions, among those of substring counting for "
        f"{answered[1]}. "
        f"A search took {ours:.2f} ms, passages, highlights and explanations included; counting took {theirs:.1f} ms.",
        [*searches, Command(f'gossamer search {stage.index_path} "{QUERIES[0]}" --explain')],
        [Promise(
            "The terms of an explanation add up to its score",
            bool(hits) and worst <= _TOLERANCE,
            f"largest difference in {len(hits)} hits: {worst:.0e}",
        )],
        {"search_ms": ours, "substring_ms": theirs, "answered": answered[0], "answered_by_substring": answered[1]},
    )  # fmt: skip


def _found(hit: Hit, question: Question, known: dict[str, list[str]]) -> Found:
    terms = sorted(((one.term, one.contribution) for one in hit.explanation), key=lambda term: -term[1])
    return Found(hit.id, question.answered_by(known[hit.id]), hit.score, terms, windows(hit))
