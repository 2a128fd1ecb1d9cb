"""Gossamer and the engines it is compared with, behind one face: text in, ids and scores out.

Each peer gets its authors' recommended settings for English and its fastest way to take a query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gossamer
from gossamer.retrieval.encoders import BM25Encoder

Ranking = list[tuple[str, float]]
MEMORY = 512 << 20  # bytes that a writer may hold, ours and tantivy's


class Gossamer:
    """Our index with its defaults; ``passages`` as in ``Index.create``."""

    def __init__(
        self, documents: Mapping[str, str], folder: Path, *, passages: int | None = None,
        encoder: BM25Encoder | None = None, threads: int = 1,
    ) -> None:  # fmt: skip
        with gossamer.Index.create(
            folder, encoder or "bm25", passages=passages, memory=MEMORY, threads=threads
        ) as self.index:
            self.index.add({"id": name, "text": text} for name, text in documents.items())

    def rank(self, query: str, k: int = 10) -> Ranking:
        return self.index.rank([query], k)[0]


class Bm25s:
    """bm25s (Lù 2024) with its English stop words and PyStemmer, as its README advises.

    Its ``Tokenizer`` takes a query in two thirds of the time that ``bm25s.tokenize`` needs.
    """

    def __init__(self, documents: Mapping[str, str], backend: str = "numba", **parameters: Any) -> None:
        import bm25s  # type: ignore[import-untyped]
        import Stemmer
        from bm25s.tokenization import Tokenizer  # type: ignore[import-untyped]

        self._names = list(documents)
        self._tokenizer = Tokenizer(stemmer=Stemmer.Stemmer("english"), stopwords="en")
        tokens = self._tokenizer.tokenize(list(documents.values()), return_as="tuple", show_progress=False)
        self._engine = bm25s.BM25(backend=backend, **parameters)
        self._engine.index(tokens, show_progress=False)

    def rank(self, query: str, k: int = 10) -> Ranking:
        return self.rank_all([query], k)[0]

    def rank_all(self, queries: list[str], k: int = 10) -> list[Ranking]:
        tokens = self._tokenizer.tokenize(queries, update_vocab=False, show_progress=False)
        found, scores = self._engine.retrieve(tokens, k=min(k, len(self._names)), show_progress=False)
        names = self._names
        return [
            [(names[i], s) for i, s in zip(row, of_row, strict=True) if s > 0]
            for row, of_row in zip(found.tolist(), scores.tolist(), strict=True)
        ]


class Tantivy:
    """tantivy (the Rust engine, by tantivy-py); the English stemming tokenizer, k1 1.2 and b 0.75 are fixed in it.

    Args:
        stop_words: Also drop its English stop words, which its own ``en_stem`` keeps.
        stored: Keep the text in the index too, as ours does (the ids are always kept).
        threads: Writer threads.
    """

    def __init__(
        self, documents: Mapping[str, str], folder: Path, *, stop_words: bool = False, stored: bool = False,
        threads: int = 1,
    ) -> None:  # fmt: skip
        import tantivy

        folder.mkdir(parents=True, exist_ok=True)
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", stored=stored, tokenizer_name="english" if stop_words else "en_stem")
        schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        self._index = tantivy.Index(schema.build(), path=str(folder))
        if stop_words:
            words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(40))
            kept = words.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.stopword("english"))
            self._index.register_tokenizer("english", kept.filter(tantivy.Filter.stemmer("english")).build())
        writer = self._index.writer(MEMORY, threads)
        for name, text in documents.items():
            writer.add_document(tantivy.Document(id=name, text=text))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    @staticmethod
    def clean(query: str) -> str:
        """Without the operators of its query language, which are punctuation and upper-case words."""
        return " ".join(re.findall(r"\w+", query.lower()))

    def addresses(self, query: str, k: int = 10) -> list[tuple[float, Any]]:
        """Scores and internal addresses for a cleaned query; not counting all matches lets it skip."""
        found: list[tuple[float, Any]] = self._searcher.search(
            self._index.parse_query(query, ["text"]), k, count=False
        ).hits
        return found

    def rank(self, query: str, k: int = 10) -> Ranking:
        read: Callable[[Any], Any] = self._searcher.doc
        return [(read(address)["id"][0], score) for score, address in self.addresses(query, k)]
