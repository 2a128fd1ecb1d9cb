"""The retrieval room in the catalogue: scoring functions, traversals, fusion, and the naive baselines."""

from __future__ import annotations

from collections.abc import Mapping

from gossamer.catalog import papers
from gossamer.catalog.records import Method, Paper

_SCORING_AXES: Mapping[str, tuple[str, ...]] = {
    "what": ("representations",),
    "criterion": ("tf-idf-like",),
    "needs": ("nothing",),
    "buys": ("inference time", "interpretability"),
    "runs_on": ("our kernel",),
}
_FUSION_AXES: Mapping[str, tuple[str, ...]] = {
    "what": ("passages/tokens",),
    "when": ("at inference per input",),
    "needs": ("nothing",),
    "buys": ("quality", "robustness"),
    "runs_on": ("dense hardware",),
}
_NAIVE_AXES: Mapping[str, tuple[str, ...]] = {
    "what": ("passages/tokens",),
    "when": ("at inference per input",),
    "needs": ("nothing",),
    "buys": ("none",),
    "runs_on": ("dense hardware",),
}
_SEISMIC_AXES: Mapping[str, tuple[str, ...]] = {
    "what": ("representations",),
    "when": ("at inference per input",),
    "traversal": ("approximate",),
    "quantisation": ("8-bit summaries",),
    "needs": ("nothing",),
    "runs_on": ("our kernel",),
}


def _scoring(variant: str, name: str, paper: Paper, summary: str) -> Method:
    return Method(
        id={"lucene": "bm25", "robertson": "bm25-robertson", "atire": "bm25-atire"}.get(
            variant, variant.replace("_", "-")
        ),
        name=name,
        paper=paper,
        axes=_SCORING_AXES,
        summary=summary,
        entry_point="gossamer.retrieval.encoders.bm25:BM25Encoder",
        arguments={"variant": variant},
        baselines=("random-ranking", "substring-count") + (() if variant == "robertson" else ("bm25-robertson",)),
        card="bm25",
        benchmark={"lucene": "benchmarks/bm25_quality.py", "bm25f": "benchmarks/fields.py"}.get(variant, ""),
        tests=(f"tests/retrieval/index/test_{'bm25f' if variant == 'bm25f' else 'ranking'}.py",),
    )


def _fusion(method: str, name: str, paper: Paper, summary: str) -> Method:
    return Method(
        id=method,
        name=name,
        paper=paper,
        axes=_FUSION_AXES,
        summary=summary,
        entry_point="gossamer.retrieval.fusion:fuse",
        arguments={"method": method},
        baselines=("random-ranking", "bm25"),
        card="fusion",
        tests=("tests/retrieval/test_fusion.py",),
    )


METHODS: tuple[Method, ...] = (
    _scoring(
        "robertson", "BM25 (Robertson)", papers.BM25_AND_BEYOND,
        "BM25 as first written; a word in more than half of the passages counts against them.",
    ),
    _scoring(
        "lucene", "BM25", papers.WHICH_BM25,
        "The default: BM25 with an idf that stays positive and without the constant factor, as in Lucene.",
    ),
    _scoring(
        "atire", "BM25 (ATIRE)", papers.BM25_EXAMINED,
        "BM25 with idf = ln(N/n), as in the ATIRE engine.",
    ),
    _scoring(
        "bm25l", "BM25L", papers.BM25_FAILS,
        "Shifts the length-normalised term frequency, so that very long passages are not punished too hard.",
    ),
    _scoring(
        "bm25plus", "BM25+", papers.LOWER_BOUNDING,
        "Adds a floor to every occurrence: a passage with the word beats one without it, however long.",
    ),
    _scoring(
        "tfidf", "TF-IDF (l∘δ∘p)", papers.TF_COMPOSITION,
        "Doubly logarithmic term frequency over pivoted length, times idf.",
    ),
    _scoring(
        "ql_dirichlet", "Query likelihood (Dirichlet)", papers.SMOOTHING,
        "The probability that a passage's smoothed language model gives the query.",
    ),
    _scoring(
        "bm25f", "BM25F", papers.WEIGHTED_FIELDS,
        "Title, headings, body and declared fields, each with its weight and length norm, before saturation.",
    ),
    Method(
        id="exact-traversal",
        name="Windowed term-at-a-time traversal with bounds",
        paper=papers.QUERY_EVALUATION,
        axes={
            "what": ("representations",),
            "when": ("at inference per input",),
            "traversal": ("exact",),
            "quantisation": ("8-bit bounds",),
            "summary": ("term maximum",),
            "needs": ("nothing",),
            "buys": ("inference time",),
            "runs_on": ("our kernel",),
        },
        summary="Adds 8-bit upper bounds in windows that fit the cache, then scores only rows whose bound reaches the "
        "k-th best; the ranking is that of brute force.",
        entry_point="gossamer.retrieval.index:Index.rank",
        arguments={"exhaustive": False},
        baselines=("exhaustive-traversal",),
        card="exact-search",
        benchmark="benchmarks/bm25_speed.py",
        tests=("tests/retrieval/index/test_ranking.py",),
    ),
    Method(
        id="exhaustive-traversal",
        name="Exhaustive term-at-a-time traversal",
        paper=papers.QUERY_EVALUATION,
        axes={
            "what": ("representations",),
            "when": ("at inference per input",),
            "traversal": ("exact",),
            "needs": ("nothing",),
            "buys": ("none",),
            "runs_on": ("our kernel",),
        },
        summary="Scores every posting of every query term: the oracle of the exact traversal, and the only one for "
        "scores that can fall.",
        entry_point="gossamer.retrieval.index:Index.rank",
        arguments={"exhaustive": True},
        naive=True,
        card="exact-search",
        benchmark="benchmarks/bm25_speed.py",
        tests=("tests/retrieval/index/test_ranking.py",),
    ),
    Method(
        id="seismic",
        name="Seismic",
        paper=papers.SEISMIC,
        axes={**_SEISMIC_AXES, "summary": ("block maximum",), "buys": ("inference time",)},
        summary="Reads the strongest lists only, and of these only blocks of close rows whose summary comes near the "
        "k-th best score.",
        entry_point="gossamer.retrieval.traversals:Seismic",
        baselines=("seismic-random-blocks", "exact-traversal"),
        card="seismic",
        benchmark="benchmarks/seismic_claims.py",
        tests=("tests/retrieval/traversals/test_seismic.py",),
    ),
    Method(
        id="seismic-random-blocks",
        name="Seismic over blocks filled at random",
        paper=None,
        axes={**_SEISMIC_AXES, "summary": ("random-block maximum",), "buys": ("none",)},
        summary="Blocks of the sizes that Seismic makes, with rows dealt out at random: what closeness has to beat.",
        entry_point="gossamer.retrieval.traversals:Seismic",
        arguments={"blocking": "random"},
        naive=True,
        card="seismic",
        benchmark="benchmarks/seismic_claims.py",
        tests=("tests/retrieval/traversals/test_seismic.py",),
    ),
    _fusion(
        "rrf", "Reciprocal rank fusion", papers.RECIPROCAL_RANK_FUSION,
        "Sums 1 / (60 + rank) over the lists: needs no scores, forgives a bad list less than a good one helps.",
    ),
    _fusion(
        "isr", "Inverse square rank", papers.RANK_FUSION_MEDICAL,
        "Sums 1 / rank² over the lists, times the number of lists that hold the document.",
    ),
    _fusion(
        "borda", "Borda count", papers.METASEARCH,
        "Each list votes: n points for its first of n documents, one for its last.",
    ),
    _fusion(
        "linear", "Weighted sum of normalised scores", papers.FUSION_FUNCTIONS,
        "Brings the scores of each list to one scale and adds them with weights.",
    ),
    _fusion(
        "combsum", "CombSUM", papers.MULTIPLE_SEARCHES,
        "The sum of a document's scores in all lists.",
    ),
    _fusion(
        "combmax", "CombMAX", papers.MULTIPLE_SEARCHES,
        "The highest of a document's scores.",
    ),
    _fusion(
        "combmnz", "CombMNZ", papers.MULTIPLE_SEARCHES,
        "The sum of a document's scores, times the number of lists that hold it.",
    ),
    Method(
        id="random-ranking",
        name="Random ranking",
        paper=None,
        axes={**_NAIVE_AXES, "criterion": ("random",)},
        summary="Documents in random order: the floor of every measure.",
        entry_point="gossamer.retrieval.naive:RandomRanking",
        naive=True,
        card="naive-baselines",
        tests=("tests/retrieval/test_naive.py",),
    ),
    Method(
        id="substring-count",
        name="Substring count",
        paper=None,
        axes=_NAIVE_AXES,
        summary="Counts how often the words of the query occur in the text, as grep would.",
        entry_point="gossamer.retrieval.naive:SubstringCount",
        naive=True,
        card="naive-baselines",
        tests=("tests/retrieval/test_naive.py",),
    ),
)  # fmt: skip
