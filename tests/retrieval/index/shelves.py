"""Small indexes that between them hold every kind of section, for tests that damage them."""

from pathlib import Path
from random import Random

import numpy as np
from workload import WORDS, document

from gossamer.retrieval.encoders import BM25Encoder
from gossamer.retrieval.index import Index
from gossamer.retrieval.vectors import SparseVectors
from gossamer.text.documents import Document

WINDOW = 65536  # rows whose number fits two bytes
QUERIES = {"text": ["wing", "lift drag stall"], "whole": ["wing lift", "keel"], "windows": ["wing", "bird sail"],
           "vectors": [{"wing": 1.0}, {"lift": 2.0, "keel": 0.5}]}  # fmt: skip


def make_text(path: Path) -> None:
    """Passages, headings, titles, fields, tombstones, a text of several blocks, three segments."""
    index = Index.create(path, passages=20, threads=1)
    index.add([document(str(i), 0) for i in range(12)])
    rng = Random(5)
    index.add([Document("long", ". ".join(" ".join(rng.choices(WORDS, k=9)) for _ in range(900)))])
    index.commit()
    index.add([document(str(i), 1) for i in range(4, 20)])
    index.commit()
    index.add([document("20", 2), Document("é", "größe 日本 wing")])
    index.delete(["1", "10"])
    index.commit()


def make_whole(path: Path) -> None:
    """Whole documents, scores that can only be found exhaustively, counts that need more than a byte."""
    index = Index.create(path, BM25Encoder(variant="robertson"), passages=None, threads=1)
    index.add([Document("many", "wing " * 300), *(document(str(i), 0) for i in range(30))])
    index.commit()
    index.add([document(str(i), 1) for i in range(5)])
    index.commit()


def make_windows(path: Path) -> None:
    """More rows than two bytes can number."""
    index = Index.create(path, passages=None, threads=1)
    rng = Random(7)
    index.add(" ".join(rng.choices(WORDS, k=2)) for _ in range(WINDOW + 500))
    index.commit()
    index.add(["wing bird"])
    index.delete(["0", "70"])
    index.commit()


def make_vectors(path: Path) -> None:
    """Weights instead of counts."""
    index = Index.create(path, encoder=None)
    rng = np.random.default_rng(3)
    for start in (0, 20):
        names = [str(i) for i in range(start, start + 30)]
        rows = [dict(zip(WORDS, rng.choice([0.0, 0.25, 1.5], len(WORDS)).tolist(), strict=True)) for _ in names]
        index.add_vectors(names, SparseVectors.from_dicts(rows), [Document(n, f"wing {n}") for n in names])
        index.commit()


MAKE = {"text": make_text, "whole": make_whole, "windows": make_windows, "vectors": make_vectors}
