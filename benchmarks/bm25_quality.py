"""Are our BM25 defaults as good as the peers' recommended settings for English, and at what time a query?

Nothing was tuned on these collections: every engine runs with its defaults. "No worse" is a one-sided test with a
margin stated beforehand; "MaxP" scores passages of 180 words and ranks documents by their best.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure, report
from benchmarks.anchors import ANCHORS, DEPTH, Words, reproduce, tolerance
from benchmarks.corpora import RETRIEVAL, Collection, collection
from benchmarks.peers import Bm25s, Gossamer, Ranking, Tantivy
from gossamer.frontier import Frontier
from gossamer.intervals import bootstrap_interval
from gossamer.retrieval import Evaluation, compare, equivalence, evaluate, holm

MEASURES = ("ndcg@10", "map", "recall@100")
MARGIN = 0.01
PASSES = 5
OURS = "gossamer"
MAXP = "gossamer, MaxP 180"


def main() -> None:
    measure.pin()
    setting = measure.setting(["bm25s", "tantivy", "PyStemmer", "numba"], margin=MARGIN, bootstrap_seed=0)
    rows, comparisons, frontiers = [], [], []
    pooled: dict[str, dict[str, float]] = {}  # engine -> query of any collection -> nDCG@10
    with tempfile.TemporaryDirectory() as work:
        for name in RETRIEVAL:
            data = collection(name)
            engines = _engines(data, Path(work) / name)
            found = {engine: evaluate(_run(rank, data), data.qrels, MEASURES) for engine, rank in engines.items()}
            times = measure.take_turns(engines, list(data.queries.values()), PASSES)
            frontiers.append(_frontier(name, found, times))
            rows += [
                {"collection": name, "engine": engine, **found[engine].mean, **times[engine].to_dict()}
                for engine in engines
            ]
            values = {engine: evaluation.values("ndcg@10") for engine, evaluation in found.items()}
            comparisons += _differences(name, values)
            for engine, per_query in values.items():
                pooled.setdefault(engine, {}).update({f"{name} {query}": v for query, v in per_query.items()})
        anchors = _anchors(Path(work) / "anchors")
    comparisons += _differences("all three", pooled)
    for row, p in zip(comparisons, holm([row["p"] for row in comparisons]), strict=True):
        row["p_holm"] = p
    _print(rows, comparisons, anchors)
    report.save("bm25_quality", setting, {"quality": rows, "differences": comparisons, "anchors": anchors}, frontiers)


def _engines(data: Collection, folder: Path) -> dict[str, Callable[..., Ranking]]:
    ours, maxp = (Gossamer(data.documents, folder / f"ours-{p}", passages=p) for p in (None, 180))
    theirs = Bm25s(data.documents)
    stemmed, stopped = (Tantivy(data.documents, folder / f"t-{s}", stop_words=s) for s in (False, True))
    return {
        OURS: ours.rank,
        MAXP: maxp.rank,
        "bm25s": theirs.rank,
        "tantivy en_stem": _cleaning(stemmed),
        "tantivy stop words + stem": _cleaning(stopped),
    }


def _cleaning(engine: Tantivy) -> Callable[..., Ranking]:
    """Its ``rank`` for any text; taking the query syntax away costs about 3 µs of the time shown."""

    def rank(query: str, k: int = 10) -> Ranking:
        return engine.rank(Tantivy.clean(query), k)

    return rank


def _run(rank: Callable[..., Ranking], data: Collection) -> dict[str, Ranking]:
    return {query: rank(text, DEPTH) for query, text in data.queries.items()}


def _frontier(name: str, found: dict[str, Evaluation], times: dict[str, measure.Timing]) -> Frontier:
    frontier = Frontier(quality="ndcg@10", cost="latency_us", title=name)
    for engine, evaluation in found.items():
        interval = bootstrap_interval(list(evaluation.values("ndcg@10").values()), seed=0)
        frontier.add(engine, evaluation.mean["ndcg@10"], times[engine].mean, interval=interval)
    return frontier


def _differences(name: str, values: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    rows = []
    for ours in (OURS, MAXP):
        for peer in (engine for engine in values if engine not in (OURS, MAXP)):
            delta = compare(values[ours], values[peer], "ndcg@10")
            bound = equivalence(values[ours], values[peer], "ndcg@10", MARGIN)
            rows.append({
                "collection": name, "ours": ours, "peer": peer, "delta": delta.delta, "interval": delta.interval,
                "p": delta.p, "wins": delta.wins, "losses": delta.losses, "p_worse": bound.p_worse,
                "no_worse": bound.no_worse, "equivalent": bound.equivalent,
            })  # fmt: skip
    return rows


def _anchors(folder: Path) -> list[dict[str, Any]]:
    rows = []
    for number, anchor in enumerate(ANCHORS):
        data = collection(anchor.collection, graded=anchor.graded)
        plain = reproduce(anchor, data, folder / f"{number}-plain")
        ours = reproduce(anchor, data, folder / f"{number}-ours", words="ours")
        rows += [
            {"setting": str(anchor), "measure": m, "anchor": value, "plain": plain[m], "ours": ours[m]}
            for m, value in anchor.figures.items()
        ]
    return rows


def _print(rows: list[dict[str, Any]], comparisons: list[dict[str, Any]], anchors: list[dict[str, Any]]) -> None:
    print("## BM25 quality, every engine with its defaults for English\n")
    report.table(
        ["collection", "engine", "nDCG@10", "MAP", "R@100", "mean µs/query", "CPU µs/query"],
        [(r["collection"], r["engine"], *(f"{r[m]:.4f}" for m in MEASURES), f"{r['mean_us']:.0f}",
          f"{median(r['cpu_us_passes']):.0f}") for r in rows],
    )  # fmt: skip
    print(f"Differences in nDCG@10; p by randomisation, Holm over the table; no worse by {MARGIN} at level 0.05:\n")
    report.table(
        ["collection", "ours", "peer", "Δ", "95 % interval", "p", "wins/losses", "p (worse by 0.01)", "no worse"],
        [(r["collection"], r["ours"], r["peer"], f"{r['delta']:+.4f}",
          "[{:+.4f}, {:+.4f}]".format(*r["interval"]), f"{r['p_holm']:.3f}", f"{r['wins']}/{r['losses']}",
          f"{r['p_worse']:.4f}", "yes" if r["no_worse"] else "not shown") for r in comparisons],
    )  # fmt: skip
    print("Anchors: figures measured elsewhere, then here on the same words, then by our own word rule:\n")
    report.table(
        ["setting", "measure", "anchor", "same words", "our words"],
        [(r["setting"], r["measure"], f"{r['anchor']:.4f}", f"{r['plain']:.4f}", f"{r['ours']:.4f}") for r in anchors],
    )
    each: tuple[Words, ...] = ("plain", "ours")
    for words in each:
        deviations = {(r["setting"], r["measure"]): abs(r[words] - r["anchor"]) for r in anchors}
        outside = [key for key, deviation in deviations.items() if deviation > tolerance(key[1], words)]
        print(f"Largest deviation, {words} words: {max(deviations.values()):.4f}; further away than allowed: {outside}")
    print()


if __name__ == "__main__":
    main()
