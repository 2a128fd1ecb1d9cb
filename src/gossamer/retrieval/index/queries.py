"""What a query may be, as weighted terms of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.encoders import SparseEncoder
    from gossamer.retrieval.index.snapshot import Accepted, Snapshot

Part = str | Mapping[str, float] | SparseVectors
Query = Part | Mapping[str, Part]
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


def split(query: Query, names: Sequence[str]) -> list[Part]:
    """What a query asks of each space: a text asks all of them, a mapping of their names those that it names.

    Raises:
        UsageError: It names no space, and there are several.
    """
    if len(names) == 1:
        return [cast("Part", query)]
    if isinstance(query, str):
        return [query] * len(names)
    if not isinstance(query, Mapping) or not (query.keys() <= set(names) and _is_by_space(query)):
        raise UsageError(
            f"this index has the spaces {', '.join(names)}: a query is text, or says of each space what is looked for "
            f"there, such as {{{names[-1]!r}: {{term: weight}}}}"
        )
    return [cast("Part", query.get(name, {})) for name in names]


def _is_by_space(query: Mapping[str, object]) -> bool:
    return all(isinstance(part, (str, Mapping, SparseVectors)) for part in query.values())


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
        vectors = iter(encoded(texts, encoder).to_dicts())
    return [
        _weights(query)
        if not isinstance(query, str)
        else parser.parse(query)
        if parser is not None
        else list(next(vectors).items())
        for query in queries
    ]


def rank_vectors(
    snapshot: Snapshot,
    encoder: SparseEncoder | None,
    queries: Sequence[Query] | SparseVectors,
    k: int,
    exhaustive: bool,
    accepted: Accepted | None,
    approximate: tuple[int, int] | None,
) -> list[list[tuple[str, float]]]:
    """The k best documents of an index of vectors for each query, as ids with scores.

    Args:
        snapshot, encoder, k: What is searched, and how many are wanted.
        queries: As ``Index.rank`` takes them.
        exhaustive: Score every posting.
        accepted: Which documents may be returned.
        approximate: As the native search takes it.
    """
    native = accepted.native if accepted else None
    matrix = queries if isinstance(queries, SparseVectors) else as_matrix(queries, encoder)
    names = snapshot.column_names(matrix) if matrix is not None else None
    if matrix is not None and names is not None:
        arrays = matrix.indptr, matrix.indices, matrix.values
        return snapshot.native.rank_vectors(names, *arrays, k, exhaustive, native, approximate)
    if matrix is not None:
        terms = [list(row.items()) for row in matrix.to_dicts()]
    else:
        terms = terms_of(cast("Sequence[Query]", queries), None, encoder)
    return snapshot.native.rank_terms(terms, k, exhaustive, native, approximate)


def as_matrix(queries: Sequence[Query], encoder: SparseEncoder | None) -> SparseVectors | None:
    """Queries of an index of vectors as the rows of one matrix, where they are such rows or all texts; None elsewhere.

    Raises:
        UsageError: A query has several rows, or texts are too long or have no encoder.
    """
    if queries and all(isinstance(query, str) for query in queries):
        return encoded(texts_of(queries), encoder)
    rows = [query for query in queries if isinstance(query, SparseVectors)]
    if not rows or len(rows) < len(queries) or any(row.vocabulary is not rows[0].vocabulary for row in rows):
        return None
    for row in rows:
        _check_row(row)
    if len(rows) == 1:
        return rows[0]
    return SparseVectors(
        np.cumsum([0, *(row.nnz for row in rows)]), np.concatenate([row.indices for row in rows]),
        np.concatenate([row.values for row in rows]), max(row.dim for row in rows), rows[0].vocabulary,
    )  # fmt: skip


def encoded(texts: Sequence[str], encoder: SparseEncoder | None) -> SparseVectors:
    """Texts as the encoder's query vectors.

    Raises:
        UsageError: There is no encoder.
    """
    if encoder is None:
        raise UsageError(
            "this index holds vectors made elsewhere: query it with {term: weight} or SparseVectors, "
            "or open it with encoder="
        )
    return encoder.encode_queries(texts)


def _check_row(query: SparseVectors) -> None:
    if len(query) != 1:
        raise UsageError(f"a query is one row of SparseVectors, not {len(query)}")


def _weights(query: Query) -> list[tuple[str, float]]:
    if isinstance(query, SparseVectors):
        _check_row(query)
        return list(query.to_dicts()[0].items())
    if not isinstance(query, Mapping):
        raise UsageError(f"a query is text, {{term: weight}} or one row of SparseVectors, not {type(query).__name__}")
    if query and _is_by_space(query):
        raise UsageError("a query is text, {term: weight} or one row of SparseVectors: this index has one space")
    return list(SparseVectors.from_dicts([cast("Mapping[str, float]", query)]).to_dicts()[0].items())
