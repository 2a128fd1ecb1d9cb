"""Same tokens, same k1 and b: scores equal bm25s (its Lucene variant), and so do the 100 best documents up to ties.

Lù, "BM25S: Orders of magnitude faster lexical search via eager sparse scoring" (2024).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure, report
from benchmarks.corpora import RETRIEVAL, Collection, collection
from benchmarks.peers import Gossamer

DEPTH = 100
TOLERANCE = 1e-4
PARAMETERS = ((0.9, 0.4), (1.2, 0.75), (1.5, 0.75))


@dataclass(frozen=True)
class Agreement:
    """Of two engines over all queries: the largest score difference, and queries whose best documents differ."""

    queries: int
    compared: int
    worst: float
    different: int


def agreement(data: Collection, folder: Path, k1: float, b: float) -> Agreement:
    """Compare every score of our ``DEPTH`` best with bm25s's score of the same document, and the two sets."""
    import bm25s  # type: ignore[import-untyped]

    from gossamer.retrieval.encoders import BM25Encoder

    encoder = BM25Encoder(k1, b)
    terms = encoder.analyzer.terms
    ours = Gossamer(data.documents, folder, encoder=encoder).index.rank(list(data.queries.values()), DEPTH)
    theirs = bm25s.BM25(k1=k1, b=b, method="lucene")
    theirs.index([terms(text) for text in data.documents.values()], show_progress=False)
    names = list(data.documents)
    number = {name: i for i, name in enumerate(names)}
    worst, different, compared = 0.0, 0, 0
    for query, ranked in zip(data.queries.values(), ours, strict=True):
        scores = theirs.get_scores([term for term in terms(query) if term in theirs.vocab_dict]).tolist()
        worst = max([worst, *(abs(scores[number[name]] - score) for name, score in ranked)])
        compared += len(ranked)
        last = ranked[-1][1] if len(ranked) == DEPTH else 0.0
        clearly_above = {name for name, score in zip(names, scores, strict=True) if score > last + TOLERANCE}
        different += len(clearly_above - dict(ranked).keys()) > 0
    return Agreement(len(data.queries), compared, worst, different)


def main() -> None:
    measure.pin()
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in RETRIEVAL:
            data = collection(name)
            for k1, b in PARAMETERS:
                found = agreement(data, Path(work) / f"{name}-{k1}", k1, b)
                rows.append({"collection": name, "k1": k1, "b": b, **vars(found)})
    print("## BM25 equals bm25s\n")
    report.table(
        ["collection", "k1", "b", "queries", "scores compared", "largest difference", "queries whose top 100 differ"],
        [(r["collection"], r["k1"], r["b"], r["queries"], r["compared"], f"{r['worst']:.1e}", r["different"])
         for r in rows],
    )  # fmt: skip
    report.save("bm25_equivalence", measure.setting(["bm25s", "numpy"], tolerance=TOLERANCE), rows)
    assert all(r["worst"] <= TOLERANCE and r["different"] == 0 for r in rows)


if __name__ == "__main__":
    main()
