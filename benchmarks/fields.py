"""What does BM25F's weight of the title bring over one field, and at what time a query?

Nothing is chosen on these queries: every weight is shown, and the one field that holds title and text beside them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import measure, report
from benchmarks.corpora import RETRIEVAL, fielded
from gossamer import Index
from gossamer.frontier import Frontier
from gossamer.intervals import bootstrap_interval
from gossamer.retrieval import compare, evaluate

WEIGHTS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)
PASSES = 3


def main() -> None:
    measure.pin()
    setting = measure.setting([], bootstrap_seed=0)
    rows, frontiers = [], []
    with tempfile.TemporaryDirectory() as work:
        for name in RETRIEVAL:
            documents, data = fielded(name)
            if not any(document["title"] for document in documents):
                continue  # Vaswani has no titles
            engines = {}
            for weight in (None, *WEIGHTS):
                label = "one field" if weight is None else f"title^{weight:g}"
                fields = None if weight is None else f"title^{weight:g}"
                with Index.create(Path(work) / f"{name} {label}", fields=fields, passages=None) as index:
                    index.add(documents)
                opened = Index.open(Path(work) / f"{name} {label}")
                engines[label] = lambda query, k=10, opened=opened: opened.rank([query], k)[0]
            found = {}
            for label, rank in engines.items():
                run = {query: rank(text, 100) for query, text in data.queries.items()}
                found[label] = evaluate(run, data.qrels, ["ndcg@10", "map"])
            times = measure.take_turns(engines, list(data.queries.values()), PASSES)
            frontier = Frontier(quality="ndcg@10", cost="latency_us", title=f"fields, {name}")
            plain = found["one field"].values("ndcg@10")
            for label, evaluation in found.items():
                values = evaluation.values("ndcg@10")
                difference = compare(values, plain, "ndcg@10") if label != "one field" else None
                interval = bootstrap_interval(list(values.values()), seed=0)
                frontier.add(label, evaluation.mean["ndcg@10"], times[label].mean, interval=interval)
                rows.append({
                    "collection": name, "setting": label, **evaluation.mean, **times[label].to_dict(),
                    "delta": difference.delta if difference else 0.0, "p": difference.p if difference else 1.0,
                })  # fmt: skip
            frontiers.append(frontier)
    report.table(
        ["collection", "setting", "nDCG@10", "MAP", "Δ nDCG@10", "p", "mean µs/query"],
        [(r["collection"], r["setting"], f"{r['ndcg@10']:.4f}", f"{r['map']:.4f}", f"{r['delta']:+.4f}",
          f"{r['p']:.3f}", f"{r['mean_us']:.0f}") for r in rows],
    )  # fmt: skip
    report.save("fields", setting, {"quality": rows}, frontiers)


if __name__ == "__main__":
    main()
