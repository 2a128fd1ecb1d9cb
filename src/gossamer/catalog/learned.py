"""Learned sparse retrievers in the catalogue: head of queries x head of documents x regulariser x supervision."""

from __future__ import annotations

from gossamer.catalog import papers
from gossamer.catalog.records import Method, Paper


def _learned(
    name: str, title: str, paper: Paper, places: tuple[str, str, str, str], summary: str, pattern: str = "unstructured"
) -> Method:
    query, document, regulariser, supervision = places
    return Method(
        id=name,
        name=title,
        paper=paper,
        axes={
            "what": ("representations",),
            "when": ("during training",),
            "pattern": (pattern,),
            "criterion": ("learned score",),
            "query head": (query,),
            "document head": (document,),
            "regulariser": (regulariser,),
            "supervision": (supervision,),
            "needs": ("teacher" if supervision in ("margin mse", "kl", "ensemble") else "full training",),
            "buys": ("quality", "interpretability"),
            "runs_on": ("our kernel",),
        },
        summary=summary,
        entry_point="gossamer.retrieval.encoders.learned:preset",
        arguments={"name": name},
        baselines=("bm25", "random-ranking"),
        card="learned-sparse",
        tests=("tests/retrieval/training/test_trainer.py", "tests/retrieval/encoders/test_heads.py"),
    )


METHODS: tuple[Method, ...] = (
    _learned(
        "deepct", "DeepCT", papers.DEEPCT, ("mlp", "mlp", "none", "term recall"),
        "Weighs a text's own words by how likely queries for it hold them.",
    ),
    _learned(
        "unicoil", "uniCOIL", papers.UNICOIL, ("mlp", "mlp", "none", "contrastive"),
        "One learned weight for each word that stands in the text, on both sides.",
    ),
    _learned(
        "unicoil-dt5q", "uniCOIL with docT5query", papers.UNICOIL, ("mlp", "expanded mlp", "none", "contrastive"),
        "uniCOIL over documents lengthened by the queries that a generator expects for them.",
    ),
    _learned(
        "unicoil-tilde", "uniCOIL with TILDE", papers.UNICOIL, ("mlp", "expanded mlp", "none", "contrastive"),
        "uniCOIL over documents lengthened by the words that TILDE finds likely.",
    ),
    _learned(
        "deepimpact", "DeepImpact", papers.DEEPIMPACT, ("binary", "expanded mlp", "none", "cross-entropy"),
        "Learned impacts of the words of an expanded document; a query is the set of its words.",
    ),
    _learned(
        "tilde-v2", "TILDEv2", papers.TILDE_V2, ("binary", "expanded mlp", "none", "contrastive"),
        "Contextual weights of exact matches over documents expanded by TILDE; queries need no network.",
    ),
    _learned(
        "tilde", "TILDE", papers.TILDE, ("binary", "cls-mlm", "none", "contrastive"),
        "A document's first position tells the likelihood of every word; a query is the set of its words.",
    ),
    _learned(
        "sparta", "SPARTA", papers.SPARTA, ("binary", "mlm", "top-k", "cross-entropy"),
        "Every word's best match over a document's positions, the largest kept; queries need no network.", "row top-k",
    ),
    _learned(
        "epic", "EPIC", papers.EPIC, ("mlp", "mlm with importance", "top-k", "negative likelihood"),
        "Vocabulary logits times the importance of their position and the quality of the passage.", "row top-k",
    ),
    _learned(
        "splade", "SPLADE", papers.SPLADE, ("mlm", "mlm", "flops", "contrastive"),
        "Vocabulary logits on both sides, summed over positions, kept sparse by the FLOPS penalty.",
    ),
    _learned(
        "splade-max", "SPLADE-max", papers.SPLADE_V2, ("mlm", "mlm", "flops", "contrastive"),
        "SPLADE with the largest and not the summed weight of each word.",
    ),
    _learned(
        "splade-doc", "SPLADE-doc", papers.SPLADE_V2, ("binary", "mlm", "flops", "contrastive"),
        "SPLADE's documents under queries that are sets of words.",
    ),
    _learned(
        "distilsplade-max", "DistilSPLADE-max", papers.SPLADE_V2, ("mlm", "mlm", "flops", "margin mse"),
        "SPLADE-max that learns a cross-encoder's margins between passages.",
    ),
    _learned(
        "distilsplade-sep", "DistilSPLADE-sep", papers.UNIFIED_FRAMEWORK, ("mlm", "mlm", "flops", "margin mse"),
        "DistilSPLADE with a network for queries and another for documents.",
    ),
    _learned(
        "distilsplade-qmlp", "DistilSPLADE-qMLP", papers.UNIFIED_FRAMEWORK, ("mlp", "mlm", "flops", "margin mse"),
        "Queries weighed but not expanded: as good as SPLADE on both sides, at a fraction of the query's work.",
    ),
    _learned(
        "efficient-splade", "Efficient SPLADE", papers.EFFICIENT_SPLADE, ("mlm", "mlm", "l1", "margin mse"),
        "Separate encoders, and queries held short by an L1 penalty while FLOPS thins documents.",
    ),
    _learned(
        "splade-v3", "SPLADE-v3", papers.SPLADE_V3, ("mlm", "mlm", "flops", "kl"),
        "Distils scores of many hard negatives by KL and a little margin MSE.",
    ),
    _learned(
        "splade-v3-doc", "SPLADE-v3-Doc", papers.SPLADE_V3, ("binary", "mlm", "flops", "kl"),
        "SPLADE-v3 whose queries are sets of words.",
    ),
    _learned(
        "inference-free", "Inference-free with idf-aware penalty", papers.INFERENCE_FREE,
        ("static", "mlm", "idf-aware flops", "ensemble"),
        "idf takes part in matching, so FLOPS thins common words first; learns from dense and sparse teachers.",
    ),
    _learned(
        "inference-free-l0", "Inference-free with l0 sparsification", papers.L0_INFERENCE_FREE,
        ("static", "mlm", "l0-masked flops", "ensemble"),
        "A flatter activation and a penalty that leaves short documents alone; small weights pruned at the end.",
    ),
    _learned(
        "inference-free-df", "Inference-free with DF-FLOPS", papers.DF_FLOPS,
        ("static", "mlm", "df-flops", "ensemble"),
        "The penalty of a word grows with its document frequency in the model's own vectors: no long lists.",
    ),
    Method(
        id="static-expansion",
        name="Static expansion",
        paper=papers.CONCEPT_BASED_EXPANSION,
        axes={
            "what": ("representations",),
            "when": ("after training (with data)",),
            "pattern": ("row top-k",),
            "criterion": ("similarity",),
            "query head": ("static",),
            "document head": ("static",),
            "regulariser": ("top-k",),
            "supervision": ("none",),
            "needs": ("teacher",),
            "buys": ("quality", "interpretability"),
            "runs_on": ("our kernel",),
        },
        summary="Each word adds the terms that texts with it are about, from a table; no network.",
        entry_point="gossamer.retrieval.training.static_expansion:train_static_expansion",
        baselines=("bm25", "random-ranking"),
        card="learned-sparse",
        benchmark="benchmarks/default_model.py",
        tests=("tests/retrieval/encoders/test_static_expansion.py",),
    ),
)  # fmt: skip
