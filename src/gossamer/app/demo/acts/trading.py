"""Act 4: the frontier. What each system costs and what it is worth, on the exam and on 2,000 generated queries.

Beside ours: the naive choices, the classical variants, and shortened queries: the rarest words against words at random.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from gossamer.app.demo.exam import QUESTIONS, names
from gossamer.app.demo.known_items import KnownItem, cut
from gossamer.app.demo.measuring import Ranking, Timed, Trial, mean, take_turns
from gossamer.app.demo.scene import Picture, Promise, Scene
from gossamer.app.demo.stage import Stage
from gossamer.frontier.points import Frontier, Point
from gossamer.retrieval.encoders import BM25Encoder
from gossamer.retrieval.index import Index
from gossamer.retrieval.naive import RandomRanking, SubstringCount
from gossamer.text.analysis import Analyzer, analyzer
from gossamer.text.documents import Document

OURS, EXHAUSTIVE = "gossamer, all words", "scoring every posting"
RAREST, CHANCE_WORDS = "rarest words", "words at random"
RANDOM, SUBSTRING = "random ranking", "substring count"
VARIANTS: dict[str, Callable[[], tuple[BM25Encoder, int | None]]] = {
    "whole documents": lambda: (BM25Encoder(), None),
    "k1 0.9, b 0.4": lambda: (BM25Encoder(k1=0.9, b=0.4), 180),
    "BM25+": lambda: (BM25Encoder(variant="bm25plus"), 180),
    "query likelihood": lambda: (BM25Encoder(variant="ql_dirichlet"), 180),
    "no stemming": lambda: (BM25Encoder(analyzer="standard"), 180),
}
"""Other encoders and passage lengths than our defaults."""

_KEPT = (1, 2, 3, 5, 8)
_K = 5
_COMPARED = 10


@dataclass(frozen=True, slots=True)
class _Task:
    """Queries over a corpus, and what counts as finding.

    Args:
        title: Of its picture.
        folder: Of its indexes.
        documents: The corpus.
        queries: What is asked.
        few: How many of them, the first, slow systems are asked.
        is_right: Whether the query of this number is answered by a document.
    """

    title: str
    folder: str
    documents: Sequence[Document]
    queries: Sequence[str]
    few: int
    is_right: Callable[[int, str], bool]


def act(stage: Stage) -> Scene:
    """Measure every system on both query sets; draw the frontiers."""
    frontiers, equal, asked = [], 0, 0
    for task in (_known_items(stage), _exam(stage)):
        index = _index(stage, task, "ours", BM25Encoder(), 180)
        timed = take_turns(_trials(stage, task, index), stage.rounds)
        frontiers.append(_frontier(task, timed))
        asked += len(task.queries)
        equal += sum(
            index.rank([query], _COMPARED) == index.rank([query], _COMPARED, exhaustive=True) for query in task.queries
        )
    shutil.rmtree(stage.scratch(""), ignore_errors=True)
    _draw(frontiers, stage)
    items = frontiers[0]
    ours, every = (next(point for point in items if point.name == name) for name in (OURS, EXHAUSTIVE))
    return Scene(
        "The frontier: what quality costs",
        f"{asked - len(QUESTIONS):,} generated queries beside the {len(QUESTIONS)} of the exam: each is the first "
        "sentence of a docstring, cut out of the document that has to be found again. Up is better, left is cheaper, "
        "hollow marks are naive. A query cut down to its rarest words keeps most of the quality; cut to random words "
        "it does not.",
        [Picture(one, OURS) for one in frontiers],
        [
            Promise(
                "Skipping postings that cannot matter changes no result",
                equal == asked,
                f"{equal:,} of {asked:,} top-{_COMPARED} rankings equal those of scoring everything, ids and scores",
            ),
            Promise(
                "Skipping them costs less than scoring every posting",
                ours.cost < every.cost,
                f"{ours.cost:,.0f} µs a query against {every.cost:,.0f} µs",
            ),
            _rarest_words_win(items),
        ],
        {frontier.title: [_fact(point) for point in frontier] for frontier in frontiers},
    )


def _fact(point: Point) -> dict[str, Any]:
    return {
        "system": f"{point.name} {point.label}".strip(),
        "success@5": round(point.quality, 4),
        "microseconds": round(point.cost, 1),
    }


def _known_items(stage: Stage) -> _Task:
    items, left = cut(stage.documents, stage.known_items, stage.seed)
    return _Task(
        title=f"{len(items):,} known items",
        folder="known-items",
        documents=left,
        queries=[item.query for item in items],
        few=stage.naive_items,
        is_right=_finds(items),
    )


def _finds(items: Sequence[KnownItem]) -> Callable[[int, str], bool]:
    return lambda number, identifier: items[number].id == identifier


def _exam(stage: Stage) -> _Task:
    known = {one.id: names(one) for one in stage.documents}
    return _Task(
        title=f"{len(QUESTIONS)} questions of the exam",
        folder="exam",
        documents=stage.documents,
        queries=[question.text for question in QUESTIONS],
        few=len(QUESTIONS),
        is_right=lambda number, identifier: QUESTIONS[number].answered_by(known[identifier]),
    )


def _index(stage: Stage, task: _Task, name: str, encoder: BM25Encoder, passages: int | None) -> Index:
    path = stage.scratch(f"{task.folder}/{name}")
    shutil.rmtree(path, ignore_errors=True)
    with Index.create(path, encoder, passages=passages) as index:
        index.add(task.documents)
    return index


def _trials(stage: Stage, task: _Task, index: Index) -> dict[str, Trial[Ranking]]:
    """Every system with the queries it is asked; the name before a tab is the curve, what follows the point on it."""
    chance, naive = RandomRanking(task.documents, stage.seed), SubstringCount(task.documents)
    trials: dict[str, Trial[Ranking]] = {
        RANDOM: Trial(lambda query: chance.rank([query], _K)[0], task.queries),
        SUBSTRING: Trial(lambda query: naive.rank([query], _K)[0], task.queries[: task.few]),
        OURS: _rank(index, task.queries),
        EXHAUSTIVE: Trial(lambda query: index.rank([query], _K, exhaustive=True)[0], task.queries),
    }
    shorten = _Shortening(analyzer("english"), task.documents, stage.seed)
    for kept in _KEPT:
        label = _label(kept)
        trials[f"{RAREST}\t{label}"] = _rank(index, [shorten.to_rarest(query, kept) for query in task.queries])
        trials[f"{CHANCE_WORDS}\t{label}"] = _rank(index, [shorten.by_chance(query, kept) for query in task.queries])
    for name, variant in VARIANTS.items():
        trials[name] = _rank(_index(stage, task, name, *variant()), task.queries)
    return trials


def _rank(index: Index, queries: Sequence[str]) -> Trial[Ranking]:
    return Trial(lambda query: index.rank([query], _K)[0], queries)


class _Shortening:
    """Keeps some words of a query; choosing them is not counted as cost, for either way of choosing."""

    def __init__(self, analysis: Analyzer, documents: Iterable[Document], seed: int) -> None:
        self._analysis, self._seed = analysis, seed
        self._frequency: Counter[str] = Counter()
        for document in documents:
            self._frequency.update(set(analysis.terms(f"{document.title}\n{document.text}")))

    def to_rarest(self, query: str, kept: int) -> str:
        """The words found in the fewest documents; of equally rare ones the earlier."""
        words = self._words(query)
        return " ".join(words[term] for term in sorted(words, key=lambda term: self._frequency[term])[:kept])

    def by_chance(self, query: str, kept: int) -> str:
        """As many, drawn at random."""
        words = list(self._words(query).values())
        return " ".join(Random(f"{self._seed}:{kept}:{query}").sample(words, min(kept, len(words))))

    def _words(self, query: str) -> dict[str, str]:
        words: dict[str, str] = {}
        for token in self._analysis(query):
            words.setdefault(token.term, query[token.start : token.end])
        return words


def _label(kept: int) -> str:
    return "1 word" if kept == 1 else f"{kept}"


def _frontier(task: _Task, timed: dict[str, Timed[Ranking]]) -> Frontier:
    frontier = Frontier(quality=f"success@{_K}", cost="query_us", title=task.title)
    for key, one in timed.items():
        name, _, label = key.partition("\t")
        found = [float(any(task.is_right(n, doc) for doc, _ in ranking)) for n, ranking in enumerate(one.answers)]
        quality, cost = mean(found), mean(one.microseconds)
        frontier.add(
            name, quality.value, cost.value, interval=(quality.low, quality.high), label=label,
            naive=name in (RANDOM, SUBSTRING, CHANCE_WORDS), queries=len(found), cost_interval_us=[cost.low, cost.high],
        )  # fmt: skip
    return frontier


def _draw(frontiers: Sequence[Frontier], stage: Stage) -> None:
    from gossamer.frontier.drawing import plot_panels

    plot_panels(frontiers, stage.folder / "frontier.svg")
    numbers = ",\n".join(one.to_json() for one in frontiers)
    (stage.folder / "frontier.json").write_text(f"[{numbers}]\n", encoding="utf-8")


def _rarest_words_win(frontier: Frontier) -> Promise:
    """At as many words, which does not depend on what else the machine does; rare words have the shorter lists.

    The longest are left out: most queries have no more words, and are the same either way.
    """
    quality = {(point.name, point.label): point.quality for point in frontier}
    gains = [quality[RAREST, _label(kept)] - quality[CHANCE_WORDS, _label(kept)] for kept in _KEPT[:-1]]
    return Promise(
        "A query's rarest words find more than as many random words",
        min(gains) > 0,
        f"success@{_K} higher by {min(gains):.3f} to {max(gains):.3f} with {_KEPT[0]} to {_KEPT[-2]} words",
    )
