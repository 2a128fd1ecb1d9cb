"""Documents a second and queries' microseconds of the native encoder, beside torch and BM25's own analysis.

The model is SPLADE-tiny (see splade_tiny.py): two layers of 128, 30,522 words. Torch takes the maximum over positions
in slices of the vocabulary, at the batch size that is fastest for it. Documents are SciFact's, cut to 128 ids; queries
are the real ones of ten words. Vectors of all three are compared on Cranfield, with what they find there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import collection, real_queries

LENGTH, DOCUMENTS = 128, 64
TORCH, FLOATS = "torch, max in slices", "gossamer, float32"
WORDS, CODES = "gossamer, words int8", "gossamer, all int8"
CONFIG = {
    "num_hidden_layers": 2, "hidden_size": 128, "num_attention_heads": 2, "intermediate_size": 512, "vocab_size": 30522,
    "max_position_embeddings": 512, "hidden_act": "gelu",
}  # fmt: skip
# Multiplications for a document: the vocabulary; six maps and the products of attention a layer, and the transform.
_HEAD = LENGTH * 128 * 30522
_LAYERS = 2 * (LENGTH * (4 * 128 * 128 + 2 * 128 * 512) + 2 * LENGTH * LENGTH * 128) + LENGTH * 128 * 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=7)
    arguments = parser.parse_args()
    measure.pin(2)
    setting = measure.setting(["torch", "tokenizers", "numpy"], passes=arguments.passes, tokens=LENGTH)
    models = _Models()
    rows = {
        "documents": _documents(models, arguments.passes),
        "queries": _queries(models, arguments.passes),
        "vectors": _vectors(models),
    }
    report.save("encoding", setting, rows)


class _Models:
    """SPLADE-tiny three times, and its two tokenisers."""

    def __init__(self) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        from benchmarks.splade_tiny import _downloaded, _Model
        from gossamer.retrieval.encoders.transformer import Checkpoint, Network, WordPiece

        weights, words = _downloaded()
        checkpoint = Checkpoint.from_arrays(load_file(weights), CONFIG)
        self.torch = _Model(weights)
        self.ours = {
            FLOATS: Network(checkpoint), WORDS: Network(checkpoint.quantise(layers=False)),
            CODES: Network(checkpoint.quantise()),
        }  # fmt: skip
        self.pieces, self.tokenizer = WordPiece.from_file(words), Tokenizer.from_file(str(words))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def by_torch(self, ids: Sequence[Any], batch: int, threads: int) -> list[Any]:
        """Rows of weights of texts of one length."""
        import numpy as np
        import torch

        torch.set_num_threads(threads)
        with torch.inference_mode():
            groups = (ids[start : start + batch] for start in range(0, len(ids), batch))
            parts = (torch.tensor(np.stack(group).astype(np.int64)) for group in groups)
            return [torch.log1p(self.torch.largest_logits(part).relu_()).numpy() for part in parts]


def _documents(models: _Models, passes: int) -> dict[str, Any]:
    texts = list(collection("scifact").documents.values())
    ids = [one for one in models.pieces.encode(texts, longest=LENGTH) if len(one) == LENGTH][:DOCUMENTS]
    batch = _fastest_batch(models, ids)
    systems: dict[str, Callable[[Any], Any]] = {}
    for threads in (1, 2):
        systems[f"{TORCH}, {threads}"] = lambda _, t=threads: models.by_torch(ids, batch, t)
        for name, network in models.ours.items():
            systems[f"{name}, {threads}"] = lambda _, n=network, t=threads: n.encode(ids, threads=t)
    times = measure.take_turns(systems, [None], passes)
    print(f"## Encoding documents of {LENGTH} tokens, SPLADE-tiny\n\nTorch runs {batch} at a time, its fastest.\n")
    rows, record = [], {}
    for name, timing in times.items():
        threads = name[-1]
        base = times[f"{TORCH}, {threads}"]
        of_document, cpu = median(timing.wall) / len(ids), median(timing.cpu) / len(ids)
        middle, least, most = measure.ratio(base.wall, timing.wall)
        rate = 2 * (_HEAD + _LAYERS) / cpu / 1e3
        rows.append([
            name[:-3], threads, f"{1e6 / of_document:.0f}", f"{cpu / 1e3:.2f}", f"{rate:.0f}",
            f"{middle:.1f} ({least:.1f}-{most:.1f})",
        ])  # fmt: skip
        record[name] = {**timing.to_dict(), "documents_per_second": 1e6 / of_document, "gflops": rate}
    report.table(
        ["encoder", "threads", "documents/s", "CPU ms a document", "GFLOP/s a core", "times torch (least-most pass)"],
        rows,
    )
    record["blas_gflops"] = _blas()
    print(f"numpy's own float32 product on one core: {record['blas_gflops']:.0f} GFLOP/s.\n")
    return record


def _fastest_batch(models: _Models, ids: Sequence[Any]) -> int:
    sizes = (1, 4, 16, 32, 64)
    times = measure.take_turns({str(n): lambda _, n=n: models.by_torch(ids, n, 1) for n in sizes}, [None], 2)
    return int(min(times, key=lambda name: min(times[name].cpu)))


def _blas() -> float:
    import numpy as np

    a = np.ones((1024, 1024), np.float32)
    with measure.on_cores(1):
        timing = measure.take_turns({"product": lambda _: a @ a}, [None] * 5, 3)["product"]
    return 2 * 1024**3 / min(timing.cpu) / 1e3


def _queries(models: _Models, passes: int) -> dict[str, Any]:
    import numpy as np

    from gossamer.retrieval import BM25Encoder
    from gossamer.text import analyzer

    queries = [query for query in real_queries() if len(query.split()) == 10]
    english, bm25 = analyzer("english"), BM25Encoder()
    weights = np.random.default_rng(0).random(len(models.pieces.terms)).astype(np.float32)
    analysis, vectors = "BM25's analysis: text to terms", "BM25: text to vector"
    systems: dict[str, Callable[[Any], Any]] = {
        analysis: english.terms,
        "ids and weights, the native call": lambda query: models.pieces._native.weigh([query], weights, False, 1),
        vectors: lambda query: bm25.encode_queries([query]),
        "ids and weights: text to vector": lambda query: models.pieces.weigh([query], weights),
        "text to ids": lambda query: models.pieces.encode([query]),
        "text to ids, tokenizers": lambda query: models.tokenizer.encode(query).ids,
    }
    # Apart from the others: they read all weights, so that nothing else would be left in the cache.
    encoders: dict[str, Callable[[Any], Any]] = {
        f"{name}: ids to vector": lambda query, n=n: n.encode(ids[query]) for name, n in models.ours.items()
    }
    ids = {query: models.pieces.encode([query]) for query in queries}
    times = measure.take_turns(systems, queries, passes, of_passes=min)
    times |= measure.take_turns(encoders, queries, passes, of_passes=min)
    print(f"## Queries of ten words ({len(queries)}), one a call\n")
    rows = []
    for name, timing in times.items():
        shares = (timing.percentile(0.5) / times[base].percentile(0.5) for base in (analysis, vectors))
        rows.append(
            [name, f"{timing.percentile(0.5):.1f}", f"{timing.percentile(0.95):.1f}", *(f"{s:.2f}" for s in shares)]
        )
    report.table(["step", "p50 µs", "p95 µs", "times BM25's analysis", "times BM25's vector"], rows)
    cold = _cold({name: system for name, system in systems.items() if "tokenizers" not in name}, queries, passes)
    print("The same when another 8 MB were read in between:\n")
    middles = {name: median(found) for name, found in cold.items()}
    report.table(
        ["step", "p50 µs", "times BM25's analysis"],
        [[name, f"{middle:.1f}", f"{middle / middles[analysis]:.2f}"] for name, middle in middles.items()],
    )
    return {**{name: timing.to_dict() for name, timing in times.items()}, "cold_us": middles}


def _cold(systems: dict[str, Callable[[Any], Any]], queries: Sequence[str], passes: int) -> dict[str, list[float]]:
    """Microseconds of each query when nothing of it is left in the second-level cache: the fastest of some passes."""
    import time

    import numpy as np

    other = np.zeros(1 << 20)  # 8 MB, read between two calls
    best = {name: [float("inf")] * len(queries) for name in systems}
    for _ in range(passes):
        for name, system in systems.items():
            for at, query in enumerate(queries):
                other.sum()
                started = time.perf_counter_ns()
                system(query)
                best[name][at] = min(best[name][at], (time.perf_counter_ns() - started) / 1e3)
    return best


def _vectors(models: _Models) -> dict[str, Any]:
    import numpy as np
    from scipy.stats import spearmanr

    from benchmarks import splade_tiny

    cranfield = collection("cranfield", graded=True)
    made = {TORCH: [splade_tiny.encode(list(texts.values())) for texts in (cranfield.documents, cranfield.queries)]}
    for name, network in models.ours.items():
        sides = (list(texts.values()) for texts in (cranfield.documents, cranfield.queries))
        made[name] = [network.encode(models.pieces.encode(texts, longest=64), threads=2) for texts in sides]
    print("## Vectors of Cranfield, 64 tokens, the model's own queries\n")
    rows, record = [], {}
    exact = made[TORCH][0].to_scipy().toarray()
    for name, (documents, queries) in made.items():
        dense = documents.to_scipy().toarray()
        ndcg = _ndcg(cranfield, documents, queries)
        kept = [(a > 0) | (b > 0) for a, b in zip(exact, dense, strict=True)]
        ranks = [spearmanr(a[k], b[k]).statistic for a, b, k in zip(exact, dense, kept, strict=True) if k.sum() > 2]
        record[name] = {
            "ndcg": ndcg, "non_zeros": documents.nnz / len(documents),
            "largest_difference": float(np.abs(exact - dense).max()),
            "mean_rank_correlation": float(np.mean(ranks)), "least_rank_correlation": float(np.min(ranks)),
        }  # fmt: skip
        facts = record[name]
        rows.append([
            name, f"{ndcg:.4f}", f"{facts['non_zeros']:.1f}", f"{facts['largest_difference']:.2g}",
            f"{facts['mean_rank_correlation']:.4f} ({facts['least_rank_correlation']:.3f})",
        ])  # fmt: skip
    report.table(
        ["encoder", "nDCG@10", "non-zeros", "largest difference of a weight", "rank correlation, mean (least)"], rows
    )
    return record


def _ndcg(cranfield: Any, documents: Any, queries: Any) -> float:
    from gossamer.retrieval import evaluate

    scores = (queries.to_scipy() @ documents.to_scipy().T).toarray()
    names = list(cranfield.documents)
    run = {
        query: {names[i]: float(row[i]) for i in (-row).argsort(kind="stable")[:100]}
        for query, row in zip(cranfield.queries, scores, strict=True)
    }
    return float(evaluate(run, cranfield.qrels, ["ndcg@10"]).mean["ndcg@10"])


if __name__ == "__main__":
    main()
