"""Calibrating an index of vectors: which approximate search over all of its segments reaches which recall.

Without queries it asks its own documents: titles or sentences of some of them, through the encoder's query side. A
document is then left out of the answers to its own query, which would be too easy to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.calibration import FEWEST_QUERIES, Made, Original, calibrate, rows_of
from gossamer.retrieval.index.approximation import Tuning
from gossamer.retrieval.index.queries import Query, as_matrix, encoded, terms_of
from gossamer.retrieval.traversals.two_phase import series
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gossamer.retrieval.calibration import Watched
    from gossamer.retrieval.encoders import SparseEncoder
    from gossamer.retrieval.index.snapshot import Snapshot
    from gossamer.retrieval.traversals.traversal import Traversal

MOST_QUERIES = 2000
"""That are made of documents."""
_FEWEST_OTHERS = 100  # of another kind: fewer would say nothing
_FEWEST_WORDS = 4  # of a sentence

Queries = Sequence[Query] | SparseVectors


def tune(
    snapshot: Snapshot,
    encoder: SparseEncoder | None,
    queries: Queries | None,
    targets: Sequence[float],
    depths: Sequence[int],
    sources: Sequence[str | None] | None,
    others: Mapping[str, Queries],
    vectors: tuple[Sequence[str], SparseVectors] | None,
    seed: int,
    watched: Watched,
) -> Tuning:
    """Measure a snapshot; arguments as :meth:`gossamer.Index.tune` has them.

    Raises:
        UsageError: It holds no vectors, there are too few queries, or an argument is wrong.
    """
    if len(snapshot.manifest.spaces) > 1:
        raise UsageError("several spaces are always searched exactly, so there is nothing to tune")
    if snapshot.text:
        raise UsageError("BM25 is always searched exactly, so there is nothing to tune; an index of vectors can be")
    if queries is None:
        if encoder is None:
            raise UsageError("this index has no encoder to make queries with: give queries, or open it with encoder=")
        if sources is not None:
            raise UsageError("sources go with queries")
        kind, made, apart = _own_queries(snapshot, encoder, seed)
    else:
        kind, made, apart = "given", Made(_matrix(queries, encoder), _places(snapshot, sources, len(queries))), {}
    apart |= {name: Made(_matrix(some, encoder), np.full(len(some), -1)) for name, some in others.items()}
    live = _live(snapshot)
    kept = None
    if vectors is not None and snapshot.manifest.spaces[0]["values"] != "f32":
        kept = _in_order_of(live, snapshot, *vectors)
    # One vocabulary for all, looked up in the segments once.
    matrices = [made.queries, *(one.queries for one in apart.values()), *([kept] if kept is not None else [])]
    names, (first, *rest) = _named(matrices)
    lookup = _native.ColumnNames(snapshot.native, names)

    def search(how: Traversal | None, some: SparseVectors, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        settings: Any = how
        approximate = None if how is None else (settings.postings, settings.candidates)
        found, scores, _ = snapshot.native.search_vectors(
            lookup, some.indptr, some.indices, some.values, k, approximate
        )
        return np.where(found >= 0, np.searchsorted(live, found), -1), scores

    def sources_of(some: Made) -> NDArray[np.int64]:
        return np.where(np.asarray(some.sources) >= 0, np.searchsorted(live, some.sources), -1)

    read = snapshot.native.search_vectors(lookup, first.indptr, first.indices, first.values, 10, None)[2]
    calibration = calibrate(
        search,
        lambda k: series(k, int(read / max(len(first), 1))),
        first,
        rows=len(live),
        targets=targets,
        depths=depths,
        sources=sources_of(made),
        original=_original(rest.pop()) if kept is not None else None,
        others={name: Made(one, sources_of(apart[name])) for name, one in zip(apart, rest, strict=True)},
        watched=watched,
    )
    return Tuning(calibration, kind, None)


def _live(snapshot: Snapshot) -> NDArray[np.int64]:
    """The live documents, ascending: segment times 2**32 plus number, as the native search has them."""
    live = [np.flatnonzero(segment.live) | number << 32 for number, segment in enumerate(snapshot.segments)]
    return np.concatenate([np.zeros(0, np.int64), *live])


def _in_order_of(
    live: NDArray[np.int64], snapshot: Snapshot, ids: Sequence[str], vectors: SparseVectors
) -> SparseVectors:
    """The vectors of live documents, in this order.

    Raises:
        UsageError: A document has none, or several passages.
    """
    if len(ids) != len(vectors):
        raise UsageError(f"{len(ids)} ids for {len(vectors)} vectors")
    if any(segment.native.rows != segment.native.documents for segment in snapshot.segments):
        raise UsageError("vectors go with documents of one passage each; create the index with passages=None")
    row_of = {name: row for row, name in enumerate(ids)}
    rows = []
    for place in live.tolist():
        name = snapshot.segments[place >> 32].native.id(place & 0xFFFFFFFF)
        if name not in row_of:
            raise UsageError(f"the document {name!r} is not among the {len(ids):,} whose vectors are given")
        rows.append(row_of[name])
    return rows_of(vectors, np.array(rows, np.int64))


def _original(vectors: SparseVectors) -> Original:
    from gossamer.retrieval.block_index import BlockIndex

    exact = BlockIndex.build(vectors)
    return Original(vectors, lambda _, queries, k: exact.search(queries, k))


def _matrix(queries: Queries, encoder: SparseEncoder | None) -> SparseVectors:
    """Queries as the rows of a matrix."""
    vectors = queries if isinstance(queries, SparseVectors) else as_matrix(queries, encoder)
    if vectors is None:
        rows = terms_of(cast("Sequence[Query]", queries), None, encoder)
        vectors = SparseVectors.from_dicts(dict(terms) for terms in rows)
    vectors.refuse_negative()
    return vectors


def _named(queries: Sequence[SparseVectors]) -> tuple[list[str], list[SparseVectors]]:
    """The terms of several matrices, and the matrices over these."""
    places: dict[str, int] = {}
    renamed = []
    for one in queries:
        used, column = np.unique(one.indices, return_inverse=True)
        place = np.array([places.setdefault(one.term(int(c)), len(places)) for c in used], np.uint32)
        renamed.append((one, place[column] if len(used) else column))
    names = list(places)
    return names, [SparseVectors(one.indptr, columns, one.values, len(names), names) for one, columns in renamed]


def _places(snapshot: Snapshot, sources: Sequence[str | None] | None, count: int) -> NDArray[np.int64]:
    """The documents with these ids as the native search numbers them, -1 for None."""
    if sources is None:
        return np.full(count, -1)
    if len(sources) != count:
        raise UsageError(f"{len(sources)} sources for {count} queries; None stands for none")
    numbers = {id(segment): number for number, segment in enumerate(snapshot.segments)}
    places = np.full(count, -1, np.int64)
    for i, source in enumerate(sources):
        if source is None:
            continue
        found = snapshot.find(source)
        if found is None:
            raise UsageError(f"no document {source!r} in this index that a query was made from")
        places[i] = numbers[id(found[0])] << 32 | found[1]
    return places


def _own_queries(snapshot: Snapshot, encoder: SparseEncoder, seed: int) -> tuple[str, Made, dict[str, Made]]:
    """Titles where enough documents have one, else sentences; and those of the other kind."""
    rng = np.random.default_rng(seed)
    titles: list[tuple[str, int]] = []
    sentences: list[tuple[str, int]] = []
    drawn = np.sort(rng.permutation(_live(snapshot))[:MOST_QUERIES])
    each = -(-MOST_QUERIES // max(len(drawn), 1))
    for place in drawn.tolist():
        document = snapshot.segments[place >> 32].document(place & 0xFFFFFFFF)
        if document.title.strip():
            titles.append((document.title, place))
        there = [document.text[piece[0] : piece[1]] for piece in _native.split_sentences(document.text)]
        long = list(dict.fromkeys(one.strip() for one in there if len(one.split()) >= _FEWEST_WORDS))
        sentences += [(long[i], place) for i in sorted(rng.permutation(len(long))[:each])]
    kinds = {"titles": titles, "sentences": sentences[:MOST_QUERIES]}
    best = "titles" if len(titles) >= FEWEST_QUERIES else "sentences"
    if len(kinds[best]) < FEWEST_QUERIES:
        raise UsageError(
            f"the documents give {len(titles):,} titles and {len(sentences):,} sentences to ask; it takes "
            f"{FEWEST_QUERIES:,} queries to prove a recall. Give queries= of your own, or search exactly"
        )
    made = {
        kind: Made(encoded([text for text, _ in some], encoder), np.array([place for _, place in some], np.int64))
        for kind, some in kinds.items()
        if kind == best or len(some) >= _FEWEST_OTHERS
    }
    return best, made.pop(best), made
