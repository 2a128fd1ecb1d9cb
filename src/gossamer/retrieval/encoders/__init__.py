"""Encoders: text to sparse vectors, with a query side and a document side."""

from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.bm25 import BM25, BM25Encoder, TextField

__all__ = ["BM25", "BM25Encoder", "SparseEncoder", "TextField"]
