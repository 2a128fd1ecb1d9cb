"""From a ranking to answers: the best passage of each document, what to highlight in it, and why it scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gossamer.retrieval.index.snapshot import make_document, naming_damage
from gossamer.text import passages
from gossamer.text.analysis import Analyzer, analyzer
from gossamer.text.documents import Document, Passage
from gossamer.text.snippets import Snippet, excerpts

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.index.snapshot import OpenSegment, Snapshot


@dataclass(frozen=True, slots=True)
class Contribution:
    """One term's part of a score: ``contribution = query_weight * document_weight``.

    The empty term stands for what a score owes to the passage's length alone (query likelihood).
    """

    term: str
    query_weight: float
    document_weight: float
    contribution: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "term": self.term, "query_weight": self.query_weight,
            "document_weight": self.document_weight, "contribution": self.contribution,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found.

    Args:
        id: The document's id.
        score: Of its best passage; equals the sum of all contributions (rounded to float32).
        title: The document's title, or "".
        passage: The best passage.
        highlights: (start, end) code points of ``document.text``, inside the passage, ascending, apart.
        snippet: One or two windows of the passage to show.
        explanation: What each term contributed, ascending by term; empty unless asked for.
    """

    id: str
    score: float
    title: str
    passage: Passage
    highlights: list[tuple[int, int]]
    snippet: Snippet
    explanation: list[Contribution]
    _load: Callable[[], Document] = field(repr=False, compare=False)

    @property
    def document(self) -> Document:
        """The whole document, read when asked for."""
        return self._load()

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: everything but the rest of the document's text."""
        passage = self.passage
        return {
            "id": self.id,
            "score": self.score,
            "title": self.title,
            "passage": {
                "start": passage.start, "end": passage.end, "text": passage.text,
                "headings": list(passage.headings), "page": passage.page, "time": passage.time,
            },
            "highlights": [list(h) for h in self.highlights],
            "snippet": [list(w) for w in self.snippet.windows],
            "explanation": [c.to_dict() for c in self.explanation],
        }  # fmt: skip


def build_hits(
    snapshot: Snapshot,
    terms_of: Analyzer | None,
    query: list[tuple[str, float]],
    text: str,
    k: int,
    accepted: _native.Filter | None,
    explain: bool,
    order: Sequence[tuple[int, int]] | None = None,
) -> list[Hit]:
    """The k best documents of a snapshot.

    Args:
        snapshot: What to search.
        terms_of: The index's analyser, to find the words to highlight; None looks for the terms as words.
        query: Weighted terms.
        text: The query as text, or "": neighbours in it are looked for as neighbours.
        k: How many.
        accepted: The documents that may be found; None for all.
        explain: Fill ``Hit.explanation``.
        order: The documents to return as (segment, document number), in this order instead of the score's.
    """
    if order is not None:
        accepted = snapshot.only(order)
    with naming_damage(snapshot.segments):
        rows, _, _ = snapshot.native.top_k(query, k, False, accepted)
        if order is not None:
            place = {document: i for i, document in enumerate(order)}
            rows.sort(key=lambda row: place[row[1], row[3]])
        parts = [snapshot.native.explain(query, s, row) for _, s, row, _, _ in rows]
        found = [_read(snapshot.segments[s], row, number) for _, s, row, number, _ in rows]
    weights: dict[str, float] = {}
    for contributions in parts:
        for term, _, _, contribution in contributions:
            weights[term] = max(weights.get(term, 0.0), contribution)
    weights.pop("", None)
    shown = excerpts(terms_of or analyzer("standard"), [passage for _, _, passage, _ in found], weights, text)
    return [
        Hit(
            identifier,
            score,
            title,
            passage,
            excerpt.highlights,
            excerpt.snippet,
            [Contribution(*c) for c in why] if explain else [],
            load,
        )
        for (score, *_), (identifier, title, passage, load), excerpt, why in zip(rows, found, shown, parts, strict=True)
    ]


def _read(segment: OpenSegment, row: int, number: int) -> tuple[str, str, Passage, Callable[[], Document]]:
    native = segment.native
    start, end = native.range(row)
    identifier, body, metadata = native.id(number), native.passage(row), native.metadata(number)

    def load() -> Document:
        return segment.document(number)

    if not metadata:
        return identifier, "", Passage(start, end, body), load
    document = make_document(identifier, "", metadata)
    return identifier, document.title, passages.locate(document.spans, start, end, body), load
