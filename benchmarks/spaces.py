"""Time of one search over words and vectors beside a search of each alone, and beside scoring everything; one core.

Passages are those of bm25_speed, each with a synthetic learned vector. A query of vectors is about some passage, and
its words are five of the one that its vector finds first, so that the two agree as far as they do in practice.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

import gossamer
from benchmarks import measure, report
from benchmarks.corpora import recombined
from gossamer.retrieval.synthetic import learned_sparse
from gossamer.text.documents import Document

K = 10
_EXHAUSTIVE = 20  # queries of those that score everything: they take long


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    measure.pin()
    setting = measure.setting(["numpy"], seed=0, passes=arguments.passes, passages=arguments.passages)
    texts = list(recombined(arguments.passages))
    vectors, asked = learned_sparse(len(texts), arguments.queries)
    with tempfile.TemporaryDirectory() as work:
        names = [str(i) for i in range(len(texts))]
        spaces = {"bm25": "bm25", "learned": None}
        with gossamer.Index.create(Path(work) / "ix", spaces, passages=None, threads=1) as index:
            index.add_vectors(names, vectors, [Document(i, text) for i, text in zip(names, texts, strict=True)])
        queries = _with_words(index, [asked[i] for i in range(len(asked))], texts)
        even = _even_weight(index, queries)
        ways: dict[str, dict[str, float]] = {
            "words alone": {"learned": 0},
            "vectors alone": {"bm25": 0},
            **{f"both, weight {times:g} x even": {"learned": times * even} for times in (0.1, 1, 10)},
        }
        rows, found = [], {}
        for weights in ways.values():
            some = queries[:_EXHAUSTIVE]
            assert index.rank(some, K, weights=weights) == index.rank(some, K, weights=weights, exhaustive=True)
        times = measure.take_turns(
            {n: lambda i, w=w: index.rank([queries[i]], K, weights=w) for n, w in ways.items()},
            range(len(queries)), arguments.passes,
        )  # fmt: skip
        slow = measure.take_turns(
            {n: lambda i, w=w: index.rank([queries[i]], K, weights=w, exhaustive=True) for n, w in ways.items()},
            range(_EXHAUSTIVE), 1,
        )  # fmt: skip
        apart = times["words alone"].percentile(0.5) + times["vectors alone"].percentile(0.5)
        for name, weights in ways.items():
            plans = [index.plan(query, K, weights=weights) for query in queries]
            p50, all_p50 = times[name].percentile(0.5), slow[name].percentile(0.5)
            found[name] = times[name].to_dict() | {"scored": fmean(plan.scored for plan in plans)}
            rows.append([
                name, f"{p50:.0f}", f"{times[name].percentile(0.99):.0f}", f"{p50 / apart:.2f}",
                f"{all_p50:.0f}", f"{all_p50 / p50:.1f}", f"{fmean(plan.postings for plan in plans):.0f}",
                f"{found[name]['scored']:.0f}",
            ])  # fmt: skip
        sizes = {space["name"]: space["bytes"] for space in index.stats()["spaces"]}
    print(f"## One search over words and vectors, {len(texts):,} passages, k = {K}, one core\n")
    report.table(
        ["query", "p50 µs", "p99 µs", "times both alone, one after the other", "scoring all, p50 µs", "times pruned",
         "postings read", "rows scored"],
        rows,
    )  # fmt: skip
    print("\nBytes: " + ", ".join(f"{name} {size:,}" for name, size in sizes.items()))
    report.save("spaces", setting, found)


def _with_words(index: gossamer.Index, vectors: list[gossamer.SparseVectors], texts: list[str]) -> list[Any]:
    """Each query with five words of the passage that its vector finds first."""
    rng = random.Random(0)
    queries: list[Any] = []
    for vector in vectors:
        [[(first, _)]] = index.rank([{"learned": vector}], 1)
        words = sorted({word for word in texts[int(first)].split() if len(word) > 3})
        queries.append({"bm25": " ".join(rng.sample(words, min(5, len(words)))), "learned": vector})
    return queries


def _even_weight(index: gossamer.Index, queries: list[Any]) -> float:
    """The weight by which the best vectors score as much as the best words."""
    words, vectors = (
        fmean(ranked[0][1] for ranked in index.rank(queries, 1, weights=weights) if ranked)
        for weights in ({"learned": 0}, {"bm25": 0, "learned": 1})
    )
    return words / vectors


if __name__ == "__main__":
    main()
