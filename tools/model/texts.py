"""The texts that the model is trained on, and those that it must never see.

Only text whose licence lets weights rest on it and be passed on: arXiv abstracts (CC0), SciFact's abstracts and
training claims (ODC-BY and CC BY 4.0: named in the model card), WordNet (its own permissive licence) and docstrings of
packages under BSD, MIT, Apache and the like.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.model import docstrings, packages, wordnet

from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.pairs import make_pairs
from gossamer.text import Document

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
_MOST = {"wordnet": 25_000, "sympy": 1_500, "transformers": 1_200, "jax": 1_000, "sqlalchemy": 900, "plotly": 500}
_MOST_OF_A_PACKAGE = 1_500
_SHORTEST = 12  # words of a passage
HELD_OUT_TITLES, HELD_OUT_CLAIMS = 300, 100


@dataclass(frozen=True)
class Passage:
    """A piece of text with what it is called."""

    source: str
    title: str
    text: str


@dataclass(frozen=True)
class Texts:
    """Everything that training reads.

    Args:
        passages: What pairs are made of; idf is counted on all of them.
        groups: The pairs.
        held_out: Abstracts that nothing was trained on, by number, with a question for each: its last sentence.
        claims: Training claims of SciFact that were held out, with what they cite.
        abstracts: SciFact's abstracts by id.
        removed: Pairs that were dropped because evaluation text holds eight of their words in a row, by source.
    """

    passages: list[Passage]
    groups: list[Group]
    held_out: list[Passage]
    claims: dict[str, tuple[str, dict[str, int]]]
    abstracts: dict[str, str]
    removed: Mapping[str, int]

    def of_idf(self) -> list[str]:
        """What idf is counted on: abstracts, which are most like what is searched; glosses and docstrings are not."""
        return [f"{one.title} {one.text}" for one in self.passages if one.source in ("arxiv", "scifact")]


def gather(folder: Path, *, seed: int = 0, each: int = 2) -> Texts:
    """Fetch, make and filter everything; the same for the same seed and the same Python.

    Args:
        folder: Where fetched files are kept.
        seed: Of what is drawn by chance.
        each: Queries made for a passage.
    """
    packages.fetch(folder / "packages")
    rng = random.Random(seed)
    by_source: dict[str, list[Passage]] = {}
    seen = set()
    for passage in _all(folder):
        key = passage.text[:120].casefold()
        if len(passage.text.split()) >= _SHORTEST and key not in seen:
            seen.add(key)
            by_source.setdefault(passage.source, []).append(passage)
    kept = []
    for source, some in sorted(by_source.items()):
        rng.shuffle(some)
        whole = source in ("arxiv", "scifact")
        kept += some if whole else some[: _MOST.get(source, _MOST_OF_A_PACKAGE)]
    held_out = [passage for passage in kept if passage.source == "arxiv"][:HELD_OUT_TITLES]
    apart = set(map(id, held_out))
    train = [
        Document(str(at), one.text, one.title, {"source": _kind(one.source)})
        for at, one in enumerate(kept)
        if id(one) not in apart
    ]
    made = make_pairs(train, each=each, seed=seed)
    groups = make_pairs(train, each=each, seed=seed, exclude=evaluation_texts())
    removed = Counter(group.source for group in made)
    removed.subtract(Counter(group.source for group in groups))
    claims, abstracts = _claims()
    order = sorted(claims)
    rng.shuffle(order)
    apart_claims = {name: claims[name] for name in order[:HELD_OUT_CLAIMS]}
    pairs = [
        Group(claims[name][0], (abstracts[cited],), source="claims")
        for name in order[HELD_OUT_CLAIMS:]
        for cited in sorted(claims[name][1])
    ]
    return Texts(kept, groups + 2 * pairs, held_out, apart_claims, abstracts, dict(removed))


def evaluation_texts() -> Iterator[str]:
    """What the model is measured on: all text of three collections, and SciFact's development claims."""
    for place in ("retrieval/cranfield", "retrieval/vaswani", "products/icecat"):
        for row in _rows(f"{place}/docs.jsonl.gz"):
            yield f"{row.get('title') or ''} {row['text']}"
        for row in _rows(f"{place}/queries.jsonl.gz"):
            yield row["text"]
    for row in _rows("retrieval/scifact/queries.jsonl.gz"):
        if row.get("split", "dev") == "dev":
            yield row["text"]


def questions(held_out: Iterable[Passage]) -> tuple[dict[str, str], dict[str, str]]:
    """Last sentences as queries, and what stands between the first and the last as documents; by one id."""
    queries, documents = {}, {}
    for at, passage in enumerate(held_out):
        sentences = re.split(r"(?<=[.!?])\s+", passage.text)
        if len(sentences) >= 3:
            queries[str(at)], documents[str(at)] = sentences[-1], " ".join(sentences[1:-1])
    return queries, documents


def _all(folder: Path) -> Iterator[Passage]:
    for row in _rows("papers/arxiv-cs-papers.jsonl.gz"):
        yield _passage("arxiv", row["title"], row["text"])
    for row in _rows("retrieval/scifact/docs.jsonl.gz"):
        title = row.get("title") or ""
        yield _passage("scifact", title, row["text"].removeprefix(title))
    for title, text in wordnet.passages(wordnet.fetch(folder / "wordnet")):
        yield _passage("wordnet", title, text)
    for title, text in docstrings.standard_library():
        yield _passage("python", title, text)
    for one in packages.sources(folder / "packages"):
        for title, text in docstrings.passages(one.path, one.code):
            yield _passage(one.package, title, text)


def _claims() -> tuple[dict[str, tuple[str, dict[str, int]]], dict[str, str]]:
    """Training claims with what they cite, and the abstracts."""
    cited: dict[str, dict[str, int]] = {}
    with gzip.open(DATA / "retrieval/scifact/qrels.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            query, document, grade = line.rstrip("\n").split("\t")
            cited.setdefault(query, {})[document] = int(grade)
    claims = {
        row["id"]: (row["text"], cited[row["id"]])
        for row in _rows("retrieval/scifact/queries.jsonl.gz")
        if row.get("split") == "train" and row["id"] in cited
    }
    return claims, {row["id"]: row["text"] for row in _rows("retrieval/scifact/docs.jsonl.gz")}


def _rows(path: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _passage(source: str, title: str, text: str) -> Passage:
    return Passage(source, " ".join(title.split()), " ".join(text.split()))


def _kind(source: str) -> str:
    return source if source in ("arxiv", "scifact", "wordnet") else "docstrings"
