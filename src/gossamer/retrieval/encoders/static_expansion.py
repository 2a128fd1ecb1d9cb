"""Documents expanded by a table of associations, without a network: the control that a document encoder must beat.

A document's vector is the logarithm of 1 + the sum, over its word pieces t, of a saturated count of t times the row of
t: the terms that texts with t are about, as a teacher sees it. Queries are word pieces with their idf, as in Geng et
al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import CONFIG, FORMAT, SparseEncoder
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece
from gossamer.retrieval.vectors import SparseVectors

TYPE = "static-expansion"
_ARRAYS, _TOKENIZER = "static.safetensors", "tokenizer.json"
_TOGETHER = 16  # documents whose sums are made at a time, as dense rows: they fit into the cache


class StaticExpansion(SparseEncoder):
    """A table of associations, and one of query weights.

    Args:
        tokenizer: What is in a ``tokenizer.json`` of WordPiece, as JSON values.
        rows: Shape (V, V), non-negative: row t says what t adds to a document.
        table: Shape (V,): what a query's word piece weighs; 0 for those that never count.
        top_k: The largest weights that are kept of a document; None = all.

    Raises:
        UsageError: The sizes do not fit together, or a weight is negative or not finite.

    Example:
        >>> encoder = SparseEncoder.from_pretrained("static/")  # doctest: +SKIP
        >>> encoder.encode_documents(["swept wings"]).to_dicts()  # doctest: +SKIP
        [{'wing': 1.9, 'aircraft': 0.8, 'swept': 2.1, ...}]
    """

    def __init__(
        self,
        tokenizer: Mapping[str, Any],
        rows: SparseVectors,
        table: NDArray[np.float32],
        *,
        top_k: int | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self.pieces = WordPiece.from_json(tokenizer)
        self._terms = self.pieces.terms
        size = len(self._terms)
        if rows.shape != (size, size) or table.shape != (size,):
            raise UsageError(
                f"rows of shape {rows.shape} and a table of {table.shape} do not fit a vocabulary of {size} word pieces"
            )
        if not np.isfinite(table).all() or bool((table < 0).any()):
            raise UsageError("the table holds a weight that is negative or not finite")
        if top_k is not None and top_k < 1:
            raise UsageError(f"top_k={top_k} must be at least 1, or None")
        rows.refuse_negative()
        self.rows, self.table, self.top_k = rows, np.ascontiguousarray(table, np.float32), top_k

    @property
    def terms(self) -> list[str]:
        """Column to word piece."""
        return self._terms

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """Each different word piece with its weight in the table, shape ``(len(texts), len(self.terms))``."""
        found = self.pieces.weigh(texts, self.table)
        found.vocabulary = self._terms
        return found

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """``log(1 + sum over t of log(1 + tf(t)) row(t))``, shape ``(len(texts), len(self.terms))``."""
        counts: list[int] = []
        columns: list[NDArray[np.uint32]] = []
        values: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), _TOGETHER):
            for row in self._sums(self.pieces.encode(texts[start : start + _TOGETHER], around=False)):
                kept = np.flatnonzero(row)
                if self.top_k is not None and len(kept) > self.top_k:
                    kept = np.sort(kept[np.argpartition(-row[kept], self.top_k)[: self.top_k]])
                counts.append(len(kept))
                columns.append(kept.astype(np.uint32))
                values.append(np.log1p(row[kept]).astype(np.float32))
        return SparseVectors(
            np.cumsum([0, *counts]), np.concatenate([np.empty(0, np.uint32), *columns]),
            np.concatenate([np.empty(0, np.float32), *values]), len(self._terms), self._terms,
        )  # fmt: skip

    def _sums(self, ids: Sequence[NDArray[np.uint32]]) -> NDArray[np.float64]:
        """Dense rows, one a text."""
        size = len(self._terms)
        texts = np.repeat(np.arange(len(ids)), [len(one) for one in ids])  # of every id
        keys, counts = np.unique(texts * size + np.concatenate(ids).astype(np.int64), return_counts=True)
        of_text, terms = np.divmod(keys, size)
        starts, lengths = self.rows.indptr[terms], np.diff(self.rows.indptr)[terms]
        before = np.cumsum(lengths) - lengths
        entries = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
        places = np.repeat(of_text * size, lengths) + self.rows.indices[entries]
        weights = np.repeat(np.log1p(counts), lengths) * self.rows.values[entries]
        sums: NDArray[Any] = np.bincount(places, weights, minlength=len(ids) * size)
        return sums.reshape(len(ids), size)

    def save_pretrained(self, directory: str | PathLike[str]) -> None:
        """Write the encoder to a directory (made if missing): weights as float16."""
        from safetensors.numpy import save_file

        path = Path(directory)
        path.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[Any]] = {
            "indptr": self.rows.indptr.astype(np.int64), "indices": self.rows.indices,
            "values": self.rows.values.astype(np.float16), "table": self.table,
        }  # fmt: skip
        save_file(arrays, path / _ARRAYS)
        (path / _TOKENIZER).write_text(json.dumps(self._tokenizer, ensure_ascii=False), encoding="utf-8")
        settings = {"format": FORMAT, "encoder": {"type": TYPE, "top_k": self.top_k}}
        (path / CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: str | PathLike[str], settings: Mapping[str, Any]) -> StaticExpansion:
        """What :meth:`save_pretrained` wrote.

        Raises:
            UsageError: A file is missing or does not fit.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = Path(directory)
        try:
            arrays = load_file(path / _ARRAYS)
            tokenizer = json.loads((path / _TOKENIZER).read_text(encoding="utf-8"))
            size = len(arrays["indptr"]) - 1
            rows = SparseVectors(arrays["indptr"], arrays["indices"], arrays["values"].astype(np.float32), size)
            return cls(tokenizer, rows, arrays["table"], top_k=settings.get("top_k"))
        except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
            raise UsageError(f"{path}: the encoder's files do not fit together: {error}") from error
