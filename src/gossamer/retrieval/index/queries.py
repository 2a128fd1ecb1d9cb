"""What a query may be, as weighted terms of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gossamer.errors import UsageError
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.encoders import SparseEncoder

Query = str | Mapping[str, float] | SparseVectors
MAX_QUERY_CHARACTERS = 1 << 20


def texts_of(queries: Sequence[Query]) -> list[str]:
    """Those queries that are texts.

    Raises:
        UsageError: One is too long.
    """
    texts = [query for query in queries if isinstance(query, str)]
    for text in texts:
        if len(text) > MAX_QUERY_CHARACTERS:
            raise UsageError(f"the query has {len(text):,} characters; the limit is {MAX_QUERY_CHARACTERS:,}")
    return texts


def terms_of(
    queries: Sequence[Query], parser: _native.QueryParser | None, encoder: SparseEncoder | None
) -> list[list[tuple[str, float]]]:
    """Weighted terms of each query.

    Args:
        queries: Texts, ``{term: weight}`` or single rows of SparseVectors.
        parser: Of a text space; None where ``encoder`` makes vectors of texts.
        encoder: The index's; None for vectors made elsewhere.

    Raises:
        UsageError: A query is none of these, or a text without an encoder.
    """
    texts = texts_of(queries)
    if texts and parser is None:
        if encoder is None:
            raise UsageError(
                "this index holds vectors made elsewhere: query it with {term: weight} or SparseVectors, "
                "or open it with encoder="
            )
        encoded = iter(encoder.encode_queries(texts).to_dicts())
    return [
        _weights(query)
        if not isinstance(query, str)
        else parser.parse(query)
        if parser is not None
        else list(next(encoded).items())
        for query in queries
    ]


def _weights(query: Mapping[str, float] | SparseVectors) -> list[tuple[str, float]]:
    if isinstance(query, SparseVectors):
        if len(query) != 1:
            raise UsageError(f"a query is one row of SparseVectors, not {len(query)}")
        return list(query.to_dicts()[0].items())
    if not isinstance(query, Mapping):
        raise UsageError(f"a query is text, {{term: weight}} or one row of SparseVectors, not {type(query).__name__}")
    return list(SparseVectors.from_dicts([query]).to_dicts()[0].items())
