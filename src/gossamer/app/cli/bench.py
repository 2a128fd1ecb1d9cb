"""``gossamer bench``: how fast and how well your own index answers, beside what a naive scan and chance do.

Systems take turns on the same queries; figures are medians. The comparison with other engines stands in benchmarks/.
"""

from __future__ import annotations

import json as json_format
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gossamer.app.cli.frame import EncoderPlace, IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, table
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer.app.demo.measuring import Timed, Trial
    from gossamer.frontier.points import Frontier
    from gossamer.retrieval.index import Index
    from gossamer.text.documents import Document

_QUERY_WORDS = 6
_NAIVE = ("random", "substring scan")
_MOST_SCANNED = 1 << 26  # characters that the naive scan may read for a query
_SCANNED_QUERIES = 20


def bench(
    index: IndexPath,
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="Q", help="Your queries, with --qrels; else made from documents.")
    ] = None,
    qrels: Annotated[str | None, typer.Option("--qrels", metavar="R", help="Judgements for --queries.")] = None,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, help="How many queries are made.")] = 200,
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, help="How often each is asked.")] = 5,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Save the frontier as .svg or .png too.")
    ] = None,
    encoder: EncoderPlace = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Measure the speed and quality of an index on this machine.

    Without --queries each query is six words in a row from the middle of a document, which is then to be
    found again: easy, so it tells more of the cost than of the quality.

    Examples:
        gossamer bench notes.gossamer
        gossamer bench notes.gossamer --queries q.tsv --qrels qrels.txt --plot frontier.svg

    See also: gossamer bench index, gossamer evaluate
    """
    from gossamer.app.demo.measuring import take_turns
    from gossamer.retrieval.index import Index
    from gossamer.retrieval.runs import read_qrels, read_queries

    out = Output(json, quiet, no_color)
    if (queries is None) != (qrels is None):
        raise UsageError("--queries and --qrels go together")
    with Index.open(index, encoder=encoder) as opened:
        corpus = _read(opened, count)
        if not corpus.ids:
            raise UsageError(f"{index} holds no documents to search")
        if queries is not None and qrels is not None:
            asked, judged = read_queries(queries), read_qrels(qrels)
        else:
            asked, judged = _known_items(corpus.sample)
        asked = {
            name: text for name, text in asked.items() if any(grade > 0 for grade in judged.get(name, {}).values())
        }
        if not asked:
            raise UsageError(
                "no query has a relevant document to be found" if queries else "the documents are too short"
            )
        timed = take_turns(_trials(opened, corpus, list(asked.values())), rounds)
        figures = opened.stats()
    frontier = _frontier(timed, list(asked), judged, figures)
    if plot is not None:
        frontier.plot(plot)
    same = timed["pruned"].answers == timed["exhaustive"].answers
    if out.is_json:
        out.document({"exact": same, "queries": len(asked), **json_format.loads(frontier.to_json())})
        return
    _show(out, frontier, len(asked), same, figures["bytes"] / figures["documents"])


@dataclass(frozen=True)
class _Corpus:
    """What the naive systems need: every id, the documents if they are few enough, and a fair sample of them."""

    ids: list[str]
    documents: list[Document] | None
    sample: list[Document]


def _read(index: Index, count: int, seed: int = 0) -> _Corpus:
    """One pass over the documents; the sample is drawn as Vitter's algorithm R does (1985)."""
    from random import Random

    random, ids, sample = Random(seed), [], []
    kept: list[Document] | None = []
    characters = 0
    for number, document in enumerate(index.documents()):
        ids.append(document.id)
        characters += len(document.text)
        if kept is not None:
            kept.append(document)
            kept = kept if characters <= _MOST_SCANNED else None
        if number < count:
            sample.append(document)
        elif (place := random.randrange(number + 1)) < count:
            sample[place] = document
    return _Corpus(ids, kept, sample)


def _known_items(sample: Sequence[Document]) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """Queries of words in a row from the middle of documents, and which document each has to find."""
    asked, judged = {}, {}
    for number, document in enumerate(sample):
        words = document.text.split()
        middle = max(0, (len(words) - _QUERY_WORDS) // 2)
        if words:
            asked[str(number)] = " ".join(words[middle : middle + _QUERY_WORDS])
            judged[str(number)] = {document.id: 1}
    return asked, judged


def _trials(index: Index, corpus: _Corpus, asked: list[str]) -> dict[str, Trial[list[tuple[str, float]]]]:
    from gossamer.app.demo.measuring import Trial
    from gossamer.retrieval.naive import RandomRanking, SubstringCount

    by_chance = RandomRanking(corpus.ids)
    trials = {
        "random": Trial(lambda query: by_chance.rank([query])[0], asked),
        "pruned": Trial(lambda query: index.rank([query])[0], asked),
        "exhaustive": Trial(lambda query: index.rank([query], exhaustive=True)[0], asked),
        "search": Trial(lambda query: [(hit.id, hit.score) for hit in index.search(query)], asked),
    }
    if corpus.documents is not None:
        scan = SubstringCount(corpus.documents)
        trials["substring scan"] = Trial(lambda query: scan.rank([query])[0], asked[:_SCANNED_QUERIES])
    return trials


def _frontier(
    timed: Mapping[str, Timed[list[tuple[str, float]]]],
    names: list[str],
    judged: dict[str, dict[str, int]],
    figures: Mapping[str, Any],
) -> Frontier:
    from gossamer.app.demo.measuring import mean
    from gossamer.frontier.points import Frontier
    from gossamer.retrieval.evaluation import evaluate

    title = f"{figures['documents']:,} documents, {figures['passages']:,} passages"
    frontier = Frontier(quality="rr@10", cost="latency_us", title=title)
    for system, one in timed.items():
        run = {name: list(answer) for name, answer in zip(names, one.answers, strict=False)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a query without results counts as 0, which is what is wanted here
            found = evaluate(run, {name: judged[name] for name in run}, ["rr@10"])
        quality = mean(list(found.values("rr@10").values()))
        middle, high = _p50_p95(one.microseconds)
        frontier.add(
            system,
            quality.value,
            middle,
            interval=(quality.low, quality.high),
            naive=system in _NAIVE,
            p95_us=high,
            queries=len(run),
        )
    return frontier


def _p50_p95(values: Sequence[float]) -> tuple[float, float]:
    from statistics import quantiles

    cuts = quantiles(values, n=20, method="inclusive") if len(values) > 1 else [values[0]] * 19
    return cuts[9], cuts[18]


def _show(out: Output, frontier: Frontier, queries: int, same: bool, bytes_each: float) -> None:
    rows = [
        (
            one.name, f"{one.quality:.3f}", "{:.3f}-{:.3f}".format(*(one.interval or (one.quality, one.quality))),
            f"{one.cost:,.0f}", f"{one.facts['p95_us']:,.0f}", f"{1e6 / max(one.cost, 1e-3):,.0f}",
        )
        for one in frontier
    ]  # fmt: skip
    out.line(f"{frontier.title}; {bytes_each:,.0f} bytes a document; {queries:,} queries, top 10, one thread")
    out.line()
    out.show(table("system", "rr@10", "95 %", "p50 µs", "p95 µs", "queries/s", rows=rows, right=range(1, 6)))
    out.line()
    out.line(f"pruned and exhaustive traversal {'agree on every result' if same else 'DISAGREE: please report this'}")
    out.line()
    out.line(frontier.text())
