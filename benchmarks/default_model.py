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
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure, report, teachers
from benchmarks.corpora import FURTHER, JUDGED, claims, titles_and_abstracts
from benchmarks.gate import AIM, Verdict, judge, mean_relative_gain, share_of_ceiling
from benchmarks.judged import Judged, Scores, Tables, Vectors, by_chance, cap_for, largest, min_max, mixed, products
from gossamer.frontier import Frontier
from gossamer.intervals import bootstrap_interval
from gossamer.retrieval import BlockIndex, BM25Encoder, Evaluation, SparseEncoder, evaluate
from gossamer.retrieval.encoder_evaluation import MEASURES, System, evaluate_encoders, flops
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.mixing import MULTIPLES, Choice, common_weight, weight_for
from gossamer.retrieval.significance import compared
from gossamer.retrieval.training.static_expansion import train_static_expansion

BM25, DENSE, SPLADE = "BM25", "MiniLM, exact", "SPLADE-tiny, both sides"
ENSEMBLE, CEILING = "both teachers, min-max", "ceiling: both teachers + BM25"
ZERO, ZERO_OWN, ZERO_MIXED = "SPLADE-tiny, IDF", "SPLADE-tiny, collection's IDF", "SPLADE-tiny, IDF + BM25"
CUT, RANDOM = "SPLADE-tiny cut to as many", "expansion by chance"
STATIC, STATIC_OWN = "static expansion", "static expansion of the collection"
OURS, MIXED = "gossamer-doc-tiny", "gossamer-doc-tiny + BM25"
WHAT = "ndcg@10"
IN_DOMAIN = "scifact"  # its corpus may have been trained on
_NON_ZEROS = 128  # where there is no model to count
_TIMED = "cranfield"  # where speeds are measured
_FROM, _TO = "<!-- benchmarks/default_model.py writes what follows -->", "<!-- end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="the model's folder")
    parser.add_argument("--weight", type=float, help="of the model beside BM25, instead of its own setting")
    parser.add_argument("--sets", nargs="*", default=[*JUDGED, *FURTHER], help="collections")
    parser.add_argument(
        "--docs", type=Path, help="a page to write the tables into, as docs/methods/encoders-measured.md"
    )
    arguments = parser.parse_args()
    tables = Tables()
    model = SparseEncoder.from_pretrained(arguments.model) if arguments.model else None
    zero_weight = _zero_shot_weight(tables)
    print(f"zero-shot weight {zero_weight.weight:.3f} ({WHAT} {max(zero_weight.quality.values()):.4f})\n")
    weight = _weight(model) if arguments.weight is None else arguments.weight
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
    speeds = _speeds(arguments.model, weight, tables)
    _report(arguments, found, costs, speeds, weight, zero_weight)


def _weight(model: SparseEncoder | None) -> float:
    """What the model's settings say it counts beside BM25."""
    found = model.origin.fusion_weight if model is not None and model.origin is not None else None
    if model is not None and found is None:
        sys.exit("the model's gossamer.json has no fusion_weight: say it, --weight W")
    return found or 0.0


def _speeds(folder: str | None, weight: float, tables: Tables) -> dict[str, dict[str, Any]]:
    """What encoding and searching take, as ``gossamer evaluate`` measures it."""
    judged = Judged(_TIMED)
    systems = {BM25: System.named("bm25"), SPLADE: System.named(str(teachers.fetched("splade")))}
    systems[STATIC] = System(tables.static)
    if folder is not None:
        encoder = SparseEncoder.from_pretrained(folder)
        systems |= {OURS: System(encoder), MIXED: System(encoder, BM25Encoder(), weight)}
    found = evaluate_encoders(judged.data, systems, [WHAT])
    return {name: one.costs.to_dict() for name, one in found.systems.items()}


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
    cut = largest(documents, cap_for(documents, non_zeros))
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
    words, sparse = (products(*one) for one in (judged.words, judged.splade))
    ensemble = min_max(judged.dense) + min_max(sparse)
    return {DENSE: judged.dense, ENSEMBLE: ensemble, CEILING: ensemble + min_max(words)}


def _zero_shot_weight(tables: Tables) -> Choice:
    """By the rule for ours: the best on training pairs alone, titles of abstracts and claims of SciFact's training."""
    choices = []
    grid: Sequence[float] | None = None
    for name, (queries, documents, qrels) in (("papers", _titles()), ("scifact", claims())):
        asked, texts = list(queries.values()), list(documents.values())
        words = Impacts(texts)
        learned = tables.queries(asked, tables.own), teachers.sparse_vectors(name, "documents", texts)
        pair = words.encode_queries(asked), words.documents
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


def _costs(vectors: Vectors) -> dict[str, float]:
    queries, documents = vectors
    return {
        "flops": flops(queries, documents), "query_terms": queries.nnz / len(queries),
        "document_terms": documents.nnz / len(documents), "index_bytes": BlockIndex.build(documents).stats()["bytes"],
    }  # fmt: skip


def _report(
    arguments: argparse.Namespace, found: Mapping[str, Mapping[str, Evaluation]],
    costs: Mapping[str, Mapping[str, Mapping[str, float]]], speeds: Mapping[str, Mapping[str, Any]], weight: float,
    zero_weight: Choice,
) -> None:  # fmt: skip
    sets = list(found)
    order = [one for one in _ORDER if one in found[sets[0]]]
    values = {system: {name: found[name][system].values(WHAT) for name in sets} for system in order}
    differences = {name: compared({one: found[name][one] for one in order}) for name in sets}
    lines = _main_table(sets, order, values, differences)
    lines += _details(sets, order, found, costs)
    lines += _speed_table(speeds)
    verdicts: dict[str, Verdict] = {}
    if MIXED in order:
        gated = [name for name in sets if name in JUDGED]
        for title, some in ((" + ".join(gated), gated), (f"without {IN_DOMAIN}", [n for n in gated if n != IN_DOMAIN])):
            of = ({name: values[system][name] for name in some} for system in (MIXED, BM25, ZERO_MIXED, CEILING))
            verdicts[title] = judge(*of)
            lines += _verdict(title, verdicts[title])
    text = "\n".join(lines)
    print(text)
    if arguments.docs:
        _write_between_marks(arguments.docs, text)
    setting = measure.setting(["numpy"], weight=weight, zero_shot_weight=zero_weight.weight, longest=teachers.LONGEST)
    rows = {
        "quality": {name: {one: dict(found[name][one].mean) for one in order} for name in sets},
        "costs": costs,
        "speeds": speeds,
        "comparisons": {
            name: [{"system": one, **c.to_dict(), "p_holm": p} for one, c, p in differences[name]] for name in sets
        },
        "gate": {title: verdict.to_dict() for title, verdict in verdicts.items()},
    }
    report.save("default_model", setting, rows, [_frontier(name, found[name], costs[name]) for name in sets])


_ORDER = (
    BM25, DENSE, SPLADE, ENSEMBLE, ZERO, ZERO_OWN, CUT, RANDOM, STATIC, STATIC_OWN, OURS, ZERO_MIXED, MIXED, CEILING,
)  # fmt: skip


def _write_between_marks(path: Path, text: str) -> None:
    """Into a page of the documentation that marks its place, or a file of its own."""
    page = path.read_text(encoding="utf-8") if path.exists() else f"{_FROM}\n{_TO}\n"
    before, _, rest = page.partition(_FROM)
    path.write_text(f"{before}{_FROM}\n\n{text.strip()}\n\n{_TO}{rest.partition(_TO)[2]}", encoding="utf-8")


def _main_table(
    sets: Sequence[str], order: Sequence[str], values: Mapping[str, Mapping[str, Mapping[str, float]]],
    differences: Mapping[str, Sequence[tuple[str, Any, float]]],
) -> list[str]:  # fmt: skip
    """nDCG@10 a set with the interval of the difference from BM25, the mean relative gain, the share of the ceiling."""
    lines = [f"| nDCG@10 | {' | '.join(sets)} | mean gain | of the ceiling |", "|" + " --- |" * (len(sets) + 3)]
    gated = [name for name in sets if name in JUDGED]
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
            mine = {name: values[system][name] for name in gated}
            gain = f"{mean_relative_gain(mine, values[BM25]):+.1%}"
            share = f"{share_of_ceiling(mine, values[BM25], values[CEILING]):.0%}"
        lines.append(f"| {system} | {' | '.join(cells)} | {gain} | {share} |")
    said = "In brackets: 95 % interval of the difference from BM25, paired over queries. The last two are means over "
    return [*lines, "", f"{said}{', '.join(gated)}.", ""]


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


def _speed_table(speeds: Mapping[str, Mapping[str, Any]]) -> list[str]:
    heads = ["documents/s", "query to vector, µs p50 (p99)", "vector to top 10", "both", "times BM25"]
    lines = [f"| {_TIMED} | {' | '.join(heads)} |", "|" + " --- |" * (len(heads) + 1)]
    base = speeds[BM25]["latency_us"][0]
    for name, cost in speeds.items():
        pairs = ["{:.0f} ({:.0f})".format(*cost[key]) for key in ("encode_us", "search_us", "latency_us")]
        cells = [f"{cost['documents_per_second']:,.0f}", *pairs, f"{cost['latency_us'][0] / base:.1f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    facts = measure.setting([])
    said = (
        f"{facts['cpu']}, one thread, load {facts['load_average']} on {facts['processors']} cores; medians of 3 passes."
    )
    return [*lines, "", said, ""]


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
