"""The text collections that benchmarks read, and how passages of them are recombined into a larger corpus.

The files are described in ../shared/data/INVENTORY.md (beside the checkout).
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gossamer.text import Document, read

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RETRIEVAL = ("cranfield", "vaswani", "scifact")
JUDGED = (*RETRIEVAL, "icecat")  # what the default model is judged on
FURTHER = ("multihop",)  # shown beside them
_SOURCES = {
    "cranfield": "retrieval/cranfield", "vaswani": "retrieval/vaswani", "scifact": "retrieval/scifact",
    "icecat": "products/icecat", "papers": "papers/arxiv-cs-papers.jsonl.gz",
}  # fmt: skip
_SENTENCE_BORDER = re.compile(r"(?<=[.!?])\s+")

Qrels = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Collection:
    """Documents with queries and judgements; a document's text holds its title once."""

    name: str
    documents: dict[str, str]  # id -> text
    queries: dict[str, str]
    qrels: Qrels


def collection(name: str, *, graded: bool = False) -> Collection:
    """One of ``JUDGED`` and ``FURTHER``; grades above 0 count as 1 unless ``graded``.

    SciFact's queries are its development part, which is BEIR's test part.
    """
    if name == "multihop":
        return _multihop()
    folder = _SOURCES[name]
    documents = {d["id"]: _text(d) for d in _rows(f"{folder}/docs.jsonl.gz")}
    rows = [q for q in _rows(f"{folder}/queries.jsonl.gz") if q.get("split", "dev") == "dev"]
    queries = {q["id"]: q["text"] for q in rows}
    return Collection(name, documents, queries, _judgements(folder, queries, graded=graded))


def _multihop() -> Collection:
    """HotpotQA's questions over the passages of all of them; those with supporting sentences are relevant."""
    documents: dict[str, str] = {}
    queries: dict[str, str] = {}
    qrels: Qrels = {}
    for row in _rows("documents/multihop-questions.jsonl.gz"):
        queries[row["id"]] = row["question"]
        for passage in row["passages"]:
            documents[passage["title"]] = f"{passage['title']}\n{' '.join(passage['sentences'])}"
            if passage["support"]:
                qrels.setdefault(row["id"], {})[passage["title"]] = 1
    return Collection("multihop", documents, queries, qrels)


def fielded(name: str) -> tuple[list[dict[str, str]], Collection]:
    """The documents of a collection with their titles apart from their texts, and the collection."""
    documents = []
    for row in _rows(f"{_SOURCES[name]}/docs.jsonl.gz"):
        title, text = (row.get("title") or "").strip(), row["text"].strip()
        documents.append({"id": row["id"], "title": title, "text": text.removeprefix(title).strip()})
    return documents, collection(name)


def titled(name: str) -> list[Document]:
    """The documents of one of ``RETRIEVAL`` that have a title."""
    rows = ((d, (d.get("title") or "").strip()) for d in _rows(f"{_SOURCES[name]}/docs.jsonl.gz"))
    return [Document(d["id"], _text(d), title) for d, title in rows if title]


def titles_and_abstracts() -> dict[str, tuple[str, str]]:
    """Id to title and abstract of the arXiv papers (metadata: CC0)."""
    return {d["id"]: (d["title"].strip(), d["text"].strip()) for d in _rows(_SOURCES["papers"])}


def claims() -> tuple[dict[str, str], dict[str, str], Qrels]:
    """SciFact's training claims, its documents, and which of them the claims cite; the development part is left out."""
    folder = _SOURCES["scifact"]
    documents = {d["id"]: _text(d) for d in _rows(f"{folder}/docs.jsonl.gz")}
    queries = {q["id"]: q["text"] for q in _rows(f"{folder}/queries.jsonl.gz") if q["split"] == "train"}
    return queries, documents, _judgements(folder, queries)


def library() -> list[Document]:
    """Python's standard library as ``python:stdlib`` describes it, titled by the first line of four words or more."""
    documents = []
    for one in read(["python:stdlib"]):
        lines = [line.strip() for line in one.text.splitlines() if line.strip()]
        if len(lines) > 1 and len(lines[1].split()) >= 4:
            documents.append(Document(one.id, one.text, lines[1]))
    return documents


def real_queries() -> list[str]:
    """Every query of every set (training claims of SciFact too), in an order that mixes the sets."""
    texts = [q["text"] for name in (*RETRIEVAL, "icecat") for q in _rows(f"{_SOURCES[name]}/queries.jsonl.gz")]
    random.Random(0).shuffle(texts)
    return texts


def passages() -> list[tuple[str, str]]:
    """Title (or "") and whole text of the 41,038 documents of all collections."""
    return [
        ((d.get("title") or "").strip(), text)
        for path in _SOURCES.values()
        for d in _rows(path if path.endswith(".gz") else f"{path}/docs.jsonl.gz")
        if (text := _text(d))
    ]


def recombined(n: int, seed: int = 0) -> list[str]:
    """``n`` passages with the word statistics of real text: 41,038 real ones, then crossings of two of one collection.

    A crossing is the first half of the sentences of one document and the second half of those of another; collections
    have the shares that they have among the real documents. Where n is smaller the real ones are a random sample.
    """
    rng = random.Random(seed)
    sets = [[text for d in _rows(path if path.endswith(".gz") else f"{path}/docs.jsonl.gz") if (text := _text(d))]
            for path in _SOURCES.values()]  # fmt: skip
    passages = [text for texts in sets for text in texts]
    rng.shuffle(passages)
    halves = [[_halves(text) for text in texts] for texts in sets]
    shares = [len(texts) for texts in sets]
    while len(passages) < n:
        parts = rng.choices(halves, shares)[0]
        passages.append(f"{rng.choice(parts)[0]} {rng.choice(parts)[1]}")
    return passages[:n]


def _halves(text: str) -> tuple[str, str]:
    parts = _SENTENCE_BORDER.split(text)
    if len(parts) < 2:
        parts = text.split()
    middle = (len(parts) + 1) // 2
    return " ".join(parts[:middle]), " ".join(parts[middle:])


def _text(document: dict[str, Any]) -> str:
    title, text = (document.get("title") or "").strip(), document["text"].strip()
    return text if text.startswith(title) else f"{title}\n{text}".strip()


def _judgements(folder: str, queries: dict[str, str], *, graded: bool = False) -> Qrels:
    qrels: Qrels = {}
    with gzip.open(DATA / folder / "qrels.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            query, document, grade = line.rstrip("\n").split("\t")
            if query in queries:
                qrels.setdefault(query, {})[document] = int(grade) if graded else min(int(grade), 1)
    return qrels


def _rows(path: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
