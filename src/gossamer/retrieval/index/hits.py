"""From a ranking to answers: the best passage of each document, what to highlight in it, and why it scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gossamer.retrieval.index.incoming import scored_text
from gossamer.retrieval.index.selection import best
from gossamer.retrieval.index.snapshot import make_document, naming_damage
from gossamer.retrieval.index.tracing import Contribution, shares_of_words, traced
from gossamer.text import passages
from gossamer.text.analysis import Analyzer, analyzer
from gossamer.text.documents import Document, Passage
from gossamer.text.snippets import Snippet, excerpts

if TYPE_CHECKING:
    from gossamer.retrieval.index.selection import Selection
    from gossamer.retrieval.index.snapshot import OpenSegment, Snapshot
    from gossamer.retrieval.index.spaces import Encoders


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found.

    Args:
        id: The document's id.
        score: Of its best passage; equals the sum of all contributions (rounded to float32).
        title: The document's title, or "".
        passage: The best passage.
        highlights: (start, end) code points of ``document.text``, inside the passage, ascending, apart.
        intensities: For each highlight how much its term counted here, in steps from 1 to 4: up to a quarter of what
            the strongest term contributed, up to a half, up to three quarters, more.
        snippet: One or two windows of the passage to show.
        explanation: What each term contributed, space by space, ascending by term; empty unless asked for.
        also: Paths of other files with the same bytes.
    """

    id: str
    score: float
    title: str
    passage: Passage
    highlights: list[tuple[int, int]]
    intensities: list[int]
    snippet: Snippet
    explanation: list[Contribution]
    also: list[str]
    _load: Callable[[], Document] = field(repr=False, compare=False)

    @property
    def document(self) -> Document:
        """The whole document, read when asked for."""
        return self._load()

    def context(self, before: int = 1, after: int = 1) -> Passage:
        """The passage with its neighbours: up to so many sentences of the document before it and after it.

        Reads the stored document.

        Example:
            >>> hit = index.search("wings")[0]  # doctest: +SKIP
            >>> around = hit.context(before=2)  # doctest: +SKIP
            >>> around.text[: hit.passage.start - around.start]  # doctest: +SKIP
            'Air bends downwards. '
        """
        return passages.widened(self.passage, self.document.text, before, after)

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
            "intensities": self.intensities,
            "snippet": [list(w) for w in self.snippet.windows],
            "explanation": [c.to_dict() for c in self.explanation],
            "also": self.also,
        }  # fmt: skip


def build_hits(
    snapshot: Snapshot,
    terms_of: Analyzer | None,
    encoders: Encoders,
    selection: Selection,
    k: int,
    explain: bool,
    order: Sequence[tuple[int, int]] | None = None,
) -> list[Hit]:
    """The k best documents of a snapshot.

    Args:
        snapshot: What to search.
        terms_of: The index's analyser, to find the words to highlight; None looks for the terms as words.
        encoders: Of the index's spaces.
        selection: The query.
        k: How many.
        explain: Fill ``Hit.explanation``, and highlight the words through which expansions came.
        order: The documents to return as (segment, document number), in this order instead of the score's.
    """
    with naming_damage(snapshot.segments):
        rows = _rows(snapshot, selection, k, order)
        parts = snapshot.native.explain(selection.scoring, [(s, row) for _, s, row, _ in rows])
        found = [_read(snapshot.segments[s], row, number) for _, s, row, number in rows]
    spaces = snapshot.manifest.spaces
    why = [[Contribution(t, q, d, share, spaces[s]["name"]) for t, s, q, d, share in one] for one in parts]
    if explain:
        why = traced(why, lambda: [scored_text(stub, passage) for stub, passage, *_ in found], spaces, encoders)
    shares = shares_of_words(why, terms_of, spaces)
    weights: dict[str, float] = {}
    for one in shares:
        for word, share in one.items():
            weights[word] = max(weights.get(word, 0.0), share)
    shown = excerpts(
        terms_of or analyzer("standard"), [passage for _, passage, *_ in found], weights, selection.text,
        [list(one.items()) for one in shares],
    )  # fmt: skip
    return [
        Hit(
            stub.id,
            score,
            stub.title,
            passage,
            excerpt.highlights,
            excerpt.intensities,
            excerpt.snippet,
            contributions if explain else [],
            also,
            load,
        )
        for (score, *_), (stub, passage, also, load), excerpt, contributions in zip(
            rows, found, shown, why, strict=True
        )
    ]


def _rows(
    snapshot: Snapshot, selection: Selection, k: int, order: Sequence[tuple[int, int]] | None
) -> list[tuple[float, int, int, int]]:
    """Score, segment, row and document number of what is returned; a query that scores nothing gives first passages."""
    if order is not None and not selection.scoring:
        return [(0.0, segment, snapshot.segments[segment].first_row(number), number) for segment, number in order]
    if order is None:
        return best(snapshot, selection, k)
    place = {document: i for i, document in enumerate(order)}
    rows = best(snapshot, replace(selection, accepted=snapshot.only(order), first=None), k)
    return sorted(rows, key=lambda row: place[row[1], row[3]])


def _read(segment: OpenSegment, row: int, number: int) -> tuple[Document, Passage, list[str], Callable[[], Document]]:
    """The document without its text, the passage, other paths, and what reads the rest."""
    native = segment.native
    start, end = native.range(row)
    stub, body = make_document(native.id(number), "", native.metadata(number)), native.passage(row)

    def load() -> Document:
        return segment.document(number)

    place = passages.locate(stub.spans, start, end, body) if stub.spans else Passage(start, end, body)
    path, paths = stub.fields.get("path"), stub.fields.get("paths")
    also = [one for one in paths if one != path] if isinstance(paths, list) and path in paths else []
    return stub, place, also, load
