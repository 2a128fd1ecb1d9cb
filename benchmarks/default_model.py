"""The default model beside everything that it has to beat, on every judged collection; and the gate it must pass.

`python -m benchmarks.default_model [MODEL_DIR]`. Without a model its rows are left out. All sparse systems are searched
by one engine; the dense teacher by brute force. Vectors of the teachers are made once (see teachers.py).

Rows, after Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024):
BM25; the teachers; the sparse teacher's documents with its own and with IDF queries, whole and cut to the model's
non-zeros; with as many, an expansion by chance and one from a table of associations; the model alone and beside BM25
(score = BM25 + w x model); the zero-shot model beside BM25, its w found by the same rule; and the ceiling: both
teachers and BM25, each by min-max.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import measure, report, teachers
from benchmarks.corpora import JUDGED, claims, collection, library, titles_and_abstracts
from benchmarks.gate import AIM, Verdict, judge, mean_relative_gain, share_of_ceiling
from gossamer.frontier import Frontier
from gossamer.intervals import bootstrap_interval
from gossamer.retrieval import BlockIndex, Collection, Evaluation, SparseEncoder, SparseVectors, evaluate
from gossamer.retrieval.encoder_evaluation import MEASURES, flops, ranked
from gossamer.retrieval.encoders.static_expansion import StaticExpansion
from gossamer.retrieval.impacts import WordImpacts, beside
from gossamer.retrieval.mixing import MULTIPLES, Choice, common_weight, weight_for
from gossamer.retrieval.significance import compared
from gossamer.retrieval.training.static_expansion import idf, train_static_expansion
from gossamer.retrieval.vector_cache import joined

BM25, DENSE, SPLADE = "BM25", "MiniLM, exact", "SPLADE-tiny, both sides"
ENSEMBLE, CEILING = "both teachers, min-max", "ceiling: both teachers + BM25"
ZERO, ZERO_OWN, ZERO_MIXED = "SPLADE-tiny, IDF", "SPLADE-tiny, collection's IDF", "SPLADE-tiny, IDF + BM25"
CUT, RANDOM = "SPLADE-tiny cut to as many", "expansion by chance"
STATIC, STATIC_OWN = "static expansion", "static expansion of the collection"
OURS, MIXED = "gossamer-doc-tiny", "gossamer-doc-tiny + BM25"
WHAT = "ndcg@10"
IN_DOMAIN = "scifact"  # its corpus may have been trained on
_NON_ZEROS = 128  # where there is no model to count
_DEPTH = 1000

Vectors = tuple[SparseVectors, SparseVectors]  # of queries, of documents
Scores = NDArray[np.float32]


@dataclass
class Judged:
    """One collection with its vectors by BM25 and the teachers."""

    name: str
    data: Collection = field(init=False)

    def __post_init__(self) -> None:
        binary, judged_only = self.name == "cranfield", self.name == "icecat"
        found = collection(self.name, graded=not binary)
        self.data = Collection.of(found.documents, found.queries, found.qrels, name=self.name, judged_only=judged_only)
        asked = self.data.judged
        self.names, self.queries = list(asked), list(asked.values())
        self.documents = list(found.documents.values())
        self._kept = [list(found.queries).index(name) for name in self.names]
        self._asked = list(found.queries.values())

    @cached_property
    def words(self) -> Vectors:
        found = WordImpacts(self.documents)
        return found.queries(self.queries), found.documents

    @cached_property
    def splade(self) -> Vectors:
        asked, documents = (
            teachers.sparse_vectors(self.name, side, texts)
            for side, texts in (("queries", self._asked), ("documents", self.documents))
        )
        return rows_of(asked, self._kept), documents

    @cached_property
    def dense(self) -> Scores:
        asked, documents = (
            teachers.dense_vectors(self.name, side, texts)
            for side, texts in (("queries", self._asked), ("documents", self.documents))
        )
        return asked[self._kept] @ documents.T

    def by_vectors(self, vectors: Vectors) -> dict[str, list[tuple[str, float]]]:
        """The run of an exact search."""
        return ranked(BlockIndex.build(vectors[1]), vectors[0], self.data, self.names, _DEPTH, threads=2)

    def by_scores(self, scores: Scores) -> dict[str, list[tuple[str, float]]]:
        """The run of all scores, (queries, documents)."""
        run = {}
        for name, row in zip(self.names, scores, strict=True):
            order = np.argsort(-row, kind="stable")
            if self.data.judged_only:
                order = [at for at in order if self.data.ids[at] in self.data.qrels[name]]
            run[name] = [(self.data.ids[at], float(row[at])) for at in order[:_DEPTH]]
        return run


class Tables:
    """IDF of word pieces, by text that may be shipped, and by any collection."""

    def __init__(self) -> None:
        self._pieces = teachers.teacher("splade").pieces

    @cached_property
    def own(self) -> NDArray[np.float32]:
        return self.of([text for texts in self._texts.values() for text in texts])

    @cached_property
    def static(self) -> StaticExpansion:
        vectors = [teachers.sparse_vectors(name, "documents", texts) for name, texts in self._texts.items()]
        texts = [text for texts in self._texts.values() for text in texts]
        return train_static_expansion(texts, joined(vectors), self.tokenizer)

    @cached_property
    def tokenizer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((teachers.fetched("splade") / "tokenizer.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        """Text that may be shipped: abstracts of arXiv and Python's own documentation."""
        abstracts = [text for _, text in titles_and_abstracts().values()]
        return {"papers": abstracts, "library": [one.text for one in library()]}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        held = np.zeros(len(self._pieces.terms), np.int64)
        for ids in self._pieces.encode(texts, around=False):
            held[np.unique(ids)] += 1
        return idf(held, len(texts), self._pieces.special_ids)

    def queries(self, texts: Sequence[str], table: NDArray[np.float32]) -> SparseVectors:
        return self._pieces.weigh(texts, table)

    def literal(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """The pieces of each text, as far as the teacher reads it."""
        return [np.unique(ids) for ids in self._pieces.encode(texts, longest=teachers.LONGEST)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="the model's folder")
    parser.add_argument("--weight", type=float, help="of the model beside BM25, instead of its own setting")
    parser.add_argument("--sets", nargs="*", default=list(JUDGED), help="collections")
    parser.add_argument("--docs", type=Path, help="write the tables here as well, as Markdown")
    arguments = parser.parse_args()
    tables = Tables()
    model = SparseEncoder.from_pretrained(arguments.model) if arguments.model else None
    zero_weight = _zero_shot_weight(tables)
    print(f"zero-shot weight {zero_weight.weight:.3f} ({WHAT} {max(zero_weight.quality.values()):.4f})\n")
    weight = arguments.weight if arguments.weight is not None else fusion_weight(arguments.model)
    found: dict[str, dict[str, Evaluation]] = {}
    costs: dict[str, dict[str, dict[str, float]]] = {}
    for name in arguments.sets:
        judged = Judged(name)
        vectors = _systems(judged, tables, model, weight, zero_weight.weight)
        runs = {system: judged.by_vectors(one) for system, one in vectors.items()}
        runs |= {system: judged.by_scores(one) for system, one in _by_scores(judged).items()}
        found[name] = {system: evaluate(run, judged.data.qrels, MEASURES) for system, run in runs.items()}
        costs[name] = {system: _costs(one) for system, one in vectors.items()}
        print(f"{name}: {len(judged.documents)} documents, {len(judged.names)} queries", flush=True)
    _report(arguments, found, costs, weight, zero_weight)


def _systems(
    judged: Judged, tables: Tables, model: SparseEncoder | None, weight: float, zero_weight: float
) -> dict[str, Vectors]:
    asked, documents = judged.splade
    idf = tables.queries(judged.queries, tables.own)
    systems: dict[str, Vectors] = {
        BM25: judged.words,
        SPLADE: judged.splade,
        ZERO: (idf, documents),
        ZERO_OWN: (tables.queries(judged.queries, tables.of(judged.documents)), documents),
    }
    non_zeros: float = _NON_ZEROS
    if model is not None:
        ours = model.encode_queries(judged.queries), model.encode_documents(judged.documents)
        non_zeros = ours[1].nnz / len(ours[1])
    cut = largest(documents, _cap(documents, non_zeros))
    systems |= {
        CUT: (asked, cut),
        RANDOM: (idf, by_chance(cut, tables.literal(judged.documents))),
        **_static(judged, tables, round(non_zeros)),
        ZERO_MIXED: mixed(judged.words, (idf, documents), zero_weight),
    }
    if model is not None:
        systems |= {OURS: ours, MIXED: mixed(judged.words, ours, weight)}
    return systems


def _static(judged: Judged, tables: Tables, non_zeros: int) -> dict[str, Vectors]:
    """The control without a network: associations from text that may be shipped, and from the collection itself."""
    own = train_static_expansion(judged.documents, judged.splade[1], tables.tokenizer)
    encoders = {STATIC: tables.static, STATIC_OWN: own}
    vectors = {}
    for name, encoder in encoders.items():
        encoder.top_k = non_zeros
        vectors[name] = encoder.encode_queries(judged.queries), encoder.encode_documents(judged.documents)
    return vectors


def _by_scores(judged: Judged) -> dict[str, Scores]:
    """Systems whose scores are no inner product of sparse vectors: the dense teacher, and sums of normalised ones."""
    words, sparse = (_products(*one) for one in (judged.words, judged.splade))
    ensemble = min_max(judged.dense) + min_max(sparse)
    return {DENSE: judged.dense, ENSEMBLE: ensemble, CEILING: ensemble + min_max(words)}


def fusion_weight(folder: str | None) -> float:
    """What the model's settings say it counts beside BM25."""
    if folder is None:
        return 1.0
    settings = json.loads((Path(folder) / "gossamer.json").read_text(encoding="utf-8"))
    return float(settings.get("fusion_weight") or 1.0)


def _zero_shot_weight(tables: Tables) -> Choice:
    """By the rule for ours: the best on training pairs alone, titles of abstracts and claims of SciFact's training."""
    choices = []
    grid: Sequence[float] | None = None
    for name, (queries, documents, qrels) in (("papers", _titles()), ("scifact", claims())):
        asked, texts = list(queries.values()), list(documents.values())
        words = WordImpacts(texts)
        learned = tables.queries(asked, tables.own), teachers.sparse_vectors(name, "documents", texts)
        pair = words.queries(asked), words.documents
        if grid is None:
            even = weight_for(list(queries), list(documents), qrels, pair, learned, [1.0]).even
            grid = [even * multiple for multiple in MULTIPLES]
        choices.append(weight_for(list(queries), list(documents), qrels, pair, learned, grid, threads=2))
    return common_weight(choices)


def _titles() -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, int]]]:
    """Every twelfth title as a query for its abstract among all."""
    pairs = titles_and_abstracts()
    queries = {name: pairs[name][0] for name in list(pairs)[::12]}
    return queries, {name: text for name, (_, text) in pairs.items()}, {name: {name: 1} for name in queries}


def mixed(words: Vectors, learned: Vectors, weight: float) -> Vectors:
    """BM25 + weight x learned as vectors."""
    return beside(words[0], learned[0]), beside(words[1], learned[1], weight)


def min_max(scores: Scores) -> Scores:
    """Each row from 0 to 1."""
    low, high = scores.min(1, keepdims=True), scores.max(1, keepdims=True)
    return (scores - low) / np.maximum(high - low, 1e-6)


def _products(queries: SparseVectors, documents: SparseVectors) -> Scores:
    return np.asarray((queries.to_scipy() @ documents.to_scipy().T).toarray(), np.float32)


def rows_of(vectors: SparseVectors, rows: Sequence[int]) -> SparseVectors:
    """Some rows, in this order."""
    return SparseVectors.from_scipy(vectors.to_scipy()[list(rows)], vectors.vocabulary)


def largest(vectors: SparseVectors, count: int) -> SparseVectors:
    """The largest ``count`` entries of every row."""
    rows = np.repeat(np.arange(len(vectors)), np.diff(vectors.indptr))
    order = np.lexsort((-vectors.values, rows))
    kept = np.sort(order[np.arange(len(order)) - vectors.indptr[rows] < count])
    counts = np.bincount(rows[kept], minlength=len(vectors))
    return SparseVectors(
        np.concatenate([[0], np.cumsum(counts)]), vectors.indices[kept], vectors.values[kept], vectors.dim
    )


def _cap(vectors: SparseVectors, mean: float) -> int:
    """The fewest entries a row may keep for all rows to keep ``mean`` of them on average, or have all."""
    counts = np.diff(vectors.indptr)
    caps = range(1, int(counts.max(initial=1)) + 1)
    return next((cap for cap in caps if np.minimum(counts, cap).mean() >= mean), caps[-1])


def by_chance(vectors: SparseVectors, literal: Sequence[NDArray[np.uint32]], seed: int = 0) -> SparseVectors:
    """The same vectors, except that every term that is not in the text is another one, drawn from all."""
    rng = np.random.default_rng(seed)
    indices = vectors.indices.copy()
    for row, own in enumerate(literal):
        part = slice(vectors.indptr[row], vectors.indptr[row + 1])
        strange = ~np.isin(indices[part], own)
        free = np.setdiff1d(rng.choice(vectors.dim, strange.sum() + len(own) + 8, replace=False), own)
        indices[part][strange] = rng.permutation(free)[: strange.sum()]
    return SparseVectors(vectors.indptr, indices, vectors.values, vectors.dim)


def _costs(vectors: Vectors) -> dict[str, float]:
    queries, documents = vectors
    return {
        "flops": flops(queries, documents), "query_terms": queries.nnz / len(queries),
        "document_terms": documents.nnz / len(documents), "index_bytes": BlockIndex.build(documents).stats()["bytes"],
    }  # fmt: skip


def _report(
    arguments: argparse.Namespace, found: Mapping[str, Mapping[str, Evaluation]],
    costs: Mapping[str, Mapping[str, Mapping[str, float]]], weight: float, zero_weight: Choice,
) -> None:  # fmt: skip
    sets = list(found)
    order = [one for one in _ORDER if one in found[sets[0]]]
    values = {system: {name: found[name][system].values(WHAT) for name in sets} for system in order}
    differences = {name: compared({one: found[name][one] for one in order}) for name in sets}
    lines = _main_table(sets, order, values, differences)
    lines += _details(sets, order, found, costs)
    verdicts: dict[str, Verdict] = {}
    if MIXED in order:
        for title, some in (("all", sets), (f"without {IN_DOMAIN}", [name for name in sets if name != IN_DOMAIN])):
            of = ({name: values[system][name] for name in some} for system in (MIXED, BM25, ZERO_MIXED, CEILING))
            verdicts[title] = judge(*of)
            lines += _verdict(title, verdicts[title])
    text = "\n".join(lines)
    print(text)
    if arguments.docs:
        arguments.docs.write_text(text + "\n", encoding="utf-8")
    setting = measure.setting(["numpy"], weight=weight, zero_shot_weight=zero_weight.weight, longest=teachers.LONGEST)
    rows = {
        "quality": {name: {one: dict(found[name][one].mean) for one in order} for name in sets},
        "costs": costs,
        "comparisons": {
            name: [{"system": one, **c.to_dict(), "p_holm": p} for one, c, p in differences[name]] for name in sets
        },
        "gate": {title: verdict.to_dict() for title, verdict in verdicts.items()},
    }
    report.save("default_model", setting, rows, [_frontier(name, found[name], costs[name]) for name in sets])


_ORDER = (
    BM25, DENSE, SPLADE, ENSEMBLE, ZERO, ZERO_OWN, CUT, RANDOM, STATIC, STATIC_OWN, OURS, ZERO_MIXED, MIXED, CEILING,
)  # fmt: skip


def _main_table(
    sets: Sequence[str], order: Sequence[str], values: Mapping[str, Mapping[str, Mapping[str, float]]],
    differences: Mapping[str, Sequence[tuple[str, Any, float]]],
) -> list[str]:  # fmt: skip
    """nDCG@10 a set with the interval of the difference from BM25, the mean relative gain, the share of the ceiling."""
    lines = [f"| nDCG@10 | {' | '.join(sets)} | mean gain | of the ceiling |", "|" + " --- |" * (len(sets) + 3)]
    of_first = {name: {one: c for one, c, _ in differences[name] if c.measure == WHAT} for name in sets}
    for system in order:
        cells = []
        for name in sets:
            cell = f"{np.mean(list(values[system][name].values())):.4f}"
            if system in of_first[name]:
                low, high = of_first[name][system].interval
                cell += f" [{low:+.3f}, {high:+.3f}]"
            cells.append(cell)
        gain, share = "", ""
        if system != BM25:
            gain = f"{mean_relative_gain(values[system], values[BM25]):+.1%}"
            share = f"{share_of_ceiling(values[system], values[BM25], values[CEILING]):.0%}"
        lines.append(f"| {system} | {' | '.join(cells)} | {gain} | {share} |")
    return [*lines, "", "In brackets: 95 % interval of the difference from BM25, paired over queries.", ""]


def _details(
    sets: Sequence[str], order: Sequence[str], found: Mapping[str, Mapping[str, Evaluation]],
    costs: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> list[str]:  # fmt: skip
    heads = ["collection", "system", *MEASURES, "terms a query", "a document", "FLOPS", "MB"]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for name in sets:
        for system in order:
            cost = costs[name].get(system)
            tail = ["", "", "", ""]
            if cost:
                tail = [
                    f"{cost['query_terms']:.1f}", f"{cost['document_terms']:.1f}", f"{cost['flops']:.2f}",
                    f"{cost['index_bytes'] / 1e6:.1f}",
                ]  # fmt: skip
            means = [f"{found[name][system].mean[one]:.4f}" for one in MEASURES]
            lines.append("| " + " | ".join([name, system, *means, *tail]) + " |")
    return [*lines, ""]


def _verdict(title: str, verdict: Verdict) -> list[str]:
    low, high = verdict.interval
    over = "{:+.1%} [{:+.1%}, {:+.1%}]".format(verdict.over_zero_shot, *verdict.over_interval)
    return [
        f"Gate, {title}: **{'passed' if verdict.passed else 'failed'}**. Mean relative gain {verdict.gain:+.1%} "
        f"[{low:+.1%}, {high:+.1%}], aim {AIM:+.0%} {'reached' if verdict.gain >= AIM else 'not reached'}; worst set "
        f"{verdict.worst[0]} {verdict.worst[1]:+.4f}; over zero-shot + BM25 {over}; {verdict.ceiling:.0%} of the "
        "ceiling's gain.",
        *(f"- {'yes' if met else 'NO'}: {test}" for test, met in verdict.tests.items()),
        "",
    ]


def _frontier(name: str, found: Mapping[str, Evaluation], costs: Mapping[str, Mapping[str, float]]) -> Frontier:
    frontier = Frontier(quality=WHAT, cost="shared_terms_flops", title=name)
    for system, cost in costs.items():
        values = list(found[system].values(WHAT).values())
        frontier.add(
            system, found[system].mean[WHAT], cost["flops"], interval=bootstrap_interval(values, seed=0),
            naive=system == RANDOM,
        )  # fmt: skip
    return frontier


if __name__ == "__main__":
    main()
