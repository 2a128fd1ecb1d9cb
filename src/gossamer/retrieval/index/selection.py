"""From a query to what scores and which documents may be returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import BM25Encoder
from gossamer.retrieval.index import language
from gossamer.retrieval.index.columns import Mask, known_fields
from gossamer.retrieval.index.corrections import Correction, check_typos
from gossamer.retrieval.index.queries import Part, Query, split, terms_of
from gossamer.retrieval.index.schema import bind
from gossamer.retrieval.index.snapshot import naming_damage
from gossamer.retrieval.index.spaces import stored_factors
from gossamer.retrieval.index.widening import Widening
from gossamer.text.analysis import Analyzer

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.encoders import SparseEncoder
    from gossamer.retrieval.index.approximation import Approximation
    from gossamer.retrieval.index.language import Parsed, Part as Operator
    from gossamer.retrieval.index.snapshot import Accepted, Snapshot
    from gossamer.retrieval.index.spaces import Encoders
    from gossamer.retrieval.index.synonyms import Synonyms

MOST_EXPANSIONS = 1000  # terms that a prefix stands for, the most frequent ones
LONGEST_PHRASE = 500  # words
MOST_OPERATORS = 100  # different ones; each takes time that grows with the index


@dataclass(frozen=True, slots=True)
class Selection:
    """A query, understood.

    Args:
        terms: What scores in the first space; with ``beside`` empty where the query only restricts.
        text: The words that score, for neighbours in snippets.
        accepted: Which documents may be returned; None for all.
        parsed: The operators of a text; None where it has none.
        expansions: For each prefix the terms that it stands for.
        liked: The part of ``terms`` that comes from documents to find others like.
        beside: What scores in each of the other spaces.
        weights: Of the spaces.
        corrections: Of its typing errors, whose terms are among ``terms``.
        first: For each segment the documents that come before all others, by score among themselves; None for all.
        approximation: How it is searched; None for exactly.
    """

    terms: list[tuple[str, float]]
    text: str
    accepted: Accepted | None
    parsed: Parsed | None = None
    expansions: dict[str, list[str]] = field(default_factory=dict)
    liked: list[tuple[str, float]] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    first: list[Mask] | None = None
    approximation: Approximation | None = None
    beside: tuple[list[tuple[str, float]], ...] = ()
    weights: tuple[float, ...] = (1.0,)

    @property
    def scoring(self) -> list[tuple[str, float, int]]:
        """All terms that score: each with its weight, in which that of its space is, and the number of the space."""
        spaces = enumerate(zip((self.terms, *self.beside), self.weights, strict=True))
        return [(term, weight * own, s) for s, (terms, own) in spaces if own > 0 for term, weight in terms]

    @property
    def lists(self) -> bool:
        """Whether it only restricts, so that what passes is listed."""
        return not self.scoring and self.accepted is not None


def select(
    snapshot: Snapshot,
    queries: Sequence[Query],
    where: str | None,
    parser: _native.QueryParser | None,
    encoders: Encoders,
    operators: bool,
    typos: int | None = None,
    synonyms: Synonyms | None = None,
    weights: Mapping[str, float] | None = None,
) -> list[Selection]:
    """Understand queries; an encoder sees all of them at once.

    Args:
        snapshot: What is searched.
        queries: Texts, weighted terms or vectors.
        where: A filter.
        parser: Of the index's text; None where it has none.
        encoders: Of the index's spaces.
        operators: Whether a text is in the query language; False takes every word of it as it is.
        typos, synonyms, weights: As ``Index.search`` has them.

    Raises:
        UsageError: The filter is wrong, a phrase too long, or there are too many operators.
    """
    check_typos(typos)
    if not operators and (typos or synonyms is not None):
        raise UsageError("operators=False takes every word as it is; leave out typos and synonyms")
    factors, encoder = stored_factors(snapshot.manifest, weights), encoders[0]
    names = [space["name"] for space in snapshot.manifest.spaces]
    parts = [split(query, names) for query in queries]
    accepted, first = snapshot.accepted(where), [part[0] for part in parts]
    selections = [
        Selection(terms, query if isinstance(query, str) else "", accepted)
        for query, terms in zip(first, terms_of(first, parser, encoder), strict=True)
    ]
    if operators and parser is not None and isinstance(encoder, BM25Encoder):
        understand = understanding(snapshot, encoder)
        restricting = _Restricting(snapshot, parser, encoder)
        widening = Widening(snapshot, parser, understand, typos, synonyms)
        for i, query in enumerate(first):
            if isinstance(query, str):
                parsed = understand(query)
                selected = restricting.select(parsed, accepted) if parsed.operators else selections[i]
                selections[i] = widening.widen(selected, query, parsed)
    beside = [_beside(selections, parts, s, names[s], encoders[s], factors[s]) for s in range(1, len(names))]
    return [
        replace(selection, beside=tuple(terms[i] for terms in beside), weights=factors)
        for i, selection in enumerate(selections)
    ]


def _beside(
    selections: Sequence[Selection],
    parts: Sequence[Sequence[Part]],
    space: int,
    name: str,
    encoder: SparseEncoder | None,
    weight: float,
) -> list[list[tuple[str, float]]]:
    """What scores in a space beside the first; of a text that asks both, what the words that score there encode to."""
    if weight == 0:
        return [[] for _ in parts]
    if encoder is None and any(isinstance(part[space], str) for part in parts):
        raise UsageError(
            f"the vectors of the space {name!r} are made elsewhere: give the query as {{space: text or vector}}, "
            f"open the index with encoder=, or leave the space out by weights={{{name!r}: 0}}"
        )
    asked = [
        selection.text if isinstance(part[space], str) and part[space] == part[0] else part[space]
        for selection, part in zip(selections, parts, strict=True)
    ]
    return terms_of(asked, None, encoder)


def understanding(snapshot: Snapshot, encoder: BM25Encoder) -> Callable[[str], Parsed]:
    """What parses the queries of an index, whose fields it knows."""
    fields = known_fields(s.columns for s in snapshot.segments)
    texts = [name for name, _, _ in encoder.scoring.fields]
    return partial(language.parse, fields=fields, texts=texts)


def best(
    snapshot: Snapshot, selection: Selection, k: int, exhaustive: bool = False
) -> list[tuple[float, int, int, int]]:
    """Score, segment, row and document number of the k best; those of ``first`` before the others."""
    rows: list[tuple[float, int, int, int]] = []
    for accepted in tiers(snapshot, selection):
        if len(rows) < k:
            native = accepted.native if accepted else None
            how = approximate(selection)
            rows += [
                row[:4] for row in snapshot.native.top_k(selection.scoring, k - len(rows), exhaustive, native, how)[0]
            ]
    return rows


def approximate(selection: Selection) -> tuple[int, int] | None:
    """How it is searched, as the native search takes it; exactly where not all documents may be returned."""
    restricted = selection.accepted is not None or selection.first is not None
    return None if restricted or selection.approximation is None else selection.approximation.native


def tiers(snapshot: Snapshot, selection: Selection) -> list[Accepted | None]:
    """What is searched one after the other until there are enough documents; None for all."""
    if selection.first is None:
        return [selection.accepted]
    masks = selection.accepted.masks if selection.accepted else [s.live for s in snapshot.segments]
    both = list(zip(masks, selection.first, strict=True))
    return [snapshot.accept([mask & one for mask, one in both]), snapshot.accept([mask & ~one for mask, one in both])]


class _Restricting:
    """Evaluates the operators of a query on every segment."""

    def __init__(self, snapshot: Snapshot, parser: _native.QueryParser, encoder: BM25Encoder) -> None:
        self._snapshot, self._parser, self._encoder = snapshot, parser, encoder
        self._analyzer = encoder.analyzer
        self._expanded: dict[str, list[str]] = {}

    def select(self, parsed: language.Parsed, accepted: Accepted | None) -> Selection:
        if parsed.operators > MOST_OPERATORS:
            raise UsageError(f"the query has {parsed.operators:,} operators; the limit is {MOST_OPERATORS}")
        segments = self._snapshot.segments
        with naming_damage(segments):
            masks = accepted.masks if accepted else [np.ones(s.native.documents, np.bool_) for s in segments]
            restricted = accepted is not None or bool(parsed.filters)
            for node in (bind(one, self._snapshot.manifest.types) for one in parsed.filters):
                masks = [mask & s.columns.mask(node) for mask, s in zip(masks, segments, strict=True)]
            for part, wanted in [*((p, True) for p in parsed.must), *((p, False) for p in parsed.must_not)]:
                having = self._having(part)
                if having is not None:
                    restricted = True
                    masks = [m & (h if wanted else ~h) for m, h in zip(masks, having, strict=True)]
            terms = dict(self._parser.parse(parsed.words))
            for prefix in parsed.prefixes:
                terms |= {term: 1.0 for term in self._expansions(prefix) if term not in terms}
            prefixes = [p.text for p in (*parsed.must, *parsed.must_not) if p.kind == "prefix"] + parsed.prefixes
            return Selection(
                list(terms.items()),
                parsed.words,
                self._snapshot.accept(masks) if restricted else None,
                parsed,
                {prefix: self._expansions(prefix) for prefix in prefixes},
            )

    def _having(self, part: Operator) -> list[Mask] | None:
        """For each segment which documents have it; None for words that the analyser drops."""
        if part.field:
            analyzer = self._encoder.field_analyzers.get(part.field, self._analyzer)
            terms = [(term, 1.0) for term in dict.fromkeys(analyzer.terms(part.text))]
            return self._matching(terms, every=True, field=self._encoder.scoring.field(part.field)) if terms else None
        if part.kind == "prefix":
            return self._matching([(term, 1.0) for term in self._expansions(part.text)], every=False)
        if part.kind == "phrase":
            phrase = self._phrase(part.text)
            if len(phrase) > 1:
                return [_mask(s.native.with_phrase(phrase, part.slop)) for s in self._snapshot.segments]
        terms = self._parser.parse(part.text)
        return self._matching(terms, every=True) if terms else None

    def _matching(self, terms: list[tuple[str, float]], every: bool, field: int | None = None) -> list[Mask]:
        native = self._snapshot.native
        return [_mask(native.matching(terms, s, every, field)) for s in range(len(self._snapshot.segments))]

    def _phrase(self, text: str) -> list[tuple[str, int]]:
        """Terms with their distance from the first; of several at one place the first."""
        places: dict[int, str] = {}
        for token in self._analyzer(text):
            places.setdefault(token.position, token.term)
        if len(places) > LONGEST_PHRASE:
            raise UsageError(f"a phrase of {len(places):,} words; the limit is {LONGEST_PHRASE}")
        first = min(places, default=0)
        return [(term, position - first) for position, term in sorted(places.items())]

    def _expansions(self, prefix: str) -> list[str]:
        """Terms of the index that start so, and the term that the prefix is as a word."""
        if prefix in self._expanded:
            return self._expanded[prefix]
        folding: dict[str, Any] = {**self._analyzer.to_dict(), "stop_words": [], "stemmer": ""}
        [start] = Analyzer.from_dict(folding).terms(prefix)[:1] or [prefix]
        found: dict[str, int] = {term: 0 for term, _ in self._parser.parse(prefix)}
        for segment in self._snapshot.segments:
            for term, frequency in segment.native.starting_with(start, 100 * MOST_EXPANSIONS):
                found[term] = found.get(term, 0) + frequency
        self._expanded[prefix] = sorted(found, key=lambda term: (-found[term], term))[:MOST_EXPANSIONS]
        return self._expanded[prefix]


def _mask(found: bytes) -> Mask:
    return np.frombuffer(found, np.bool_)
