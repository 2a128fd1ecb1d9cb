"""What the templates show: results and documents turned into titles, links and pieces of text.

Nothing here is HTML; the templates escape every piece on their own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gossamer.app.hits import marked, neighbours, pieces, whereabouts, windows
from gossamer.app.plans import planned
from gossamer.app.web.asked import Asked, link

if TYPE_CHECKING:
    from gossamer.app.answers import Answer
    from gossamer.app.hits import Piece
    from gossamer.retrieval.index import Contribution, Hit
    from gossamer.retrieval.index.fields import Scalar
    from gossamer.text.documents import Document

MOST_HITS = 100

_CONTEXT = 1  # sentences before and after a passage
_MOST_TEXT = 17_000  # bytes of snippets and contexts a page, about; other hits link to their place in the document
_MARK = 28  # bytes of markup around a highlight
_MOST_TERMS = 8  # of an explanation
_MOST_VALUES = 8  # of a facet


def results(answer: Answer, asked: Asked, orders: Sequence[str]) -> dict[str, Any]:
    """What the results template needs; ``orders`` are fields to order by."""
    shown, noun = len(answer.hits), "document" if answer.total == 1 else "documents"
    best = f", the {'first' if asked.sort else 'best'} {shown}" if shown < answer.total else ""
    more = (shown < answer.total or (answer.approximate and shown == asked.k)) and asked.k < MOST_HITS
    least = "at least " if answer.approximate else ""
    return {
        "heading": _heading(asked),
        "count": f"{least}{answer.total:,} {noun}{best}, in {answer.took_us / 1000:.1f} ms",
        "hits": [_hit(hit, asked) | context for hit, context in zip(answer.hits, _contexts(answer.hits), strict=True)],
        "chips": asked.chips(),
        "facets": [_facet(name, values, asked) for name, values in answer.facets.items() if values],
        "orders": _orders(orders, asked) if answer.hits else [],
        "plan": planned(answer.plan) if answer.plan is not None else [],
        "also": [(one.word, ", ".join(word for word, _ in one.replacements)) for one in answer.corrections],
        "as_typed": asked.link(typos="0"),
        "meant": (answer.did_you_mean, asked.link(q=answer.did_you_mean, typos="")) if answer.did_you_mean else None,
        "without": [(one.condition, asked.link(where=one.where), one.total) for one in answer.without],
        "more": asked.link(k=min(2 * asked.k, MOST_HITS)) if more else "",
        "twin": asked.link("/search.json", facet=tuple(answer.facets)),
    }


def document(
    found: Document, asked: Asked, passage: tuple[int, int] | None, marks: list[tuple[int, int]]
) -> dict[str, Any]:
    """What the document template needs: the whole text, cut around the passage.

    Args:
        found: The document.
        asked: The search that led here.
        passage: Code points of the passage to mark, None for none.
        marks: Code points of the words to highlight.
    """
    text, spans = found.text, found.spans
    start, end = passage or (len(text), len(text))
    return {
        "document": found,
        "fields": [
            (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for key, value in found.fields.items()
        ],
        "before": pieces(text, 0, start, marks, spans),
        "passage": pieces(text, start, end, marks, spans),
        "after": pieces(text, end, len(text), marks, spans),
        "back": (asked.link(), _heading(asked)) if asked.anything else None,
        "alike": link("/", like=found.id),
        "twin": link("/document.json", id=found.id),
    }


def sample(found: Document) -> dict[str, str]:
    """One line of the first page."""
    place = found.id if found.title and found.title != found.id else ""
    return {"title": found.title or found.id, "place": place, "link": link("/document", id=found.id)}


def _heading(asked: Asked) -> str:
    if asked.q.strip():
        return f"Results for {asked.q.strip()}"
    return f"Documents like {', '.join(asked.like)}" if asked.like else "Documents"


def _hit(hit: Hit, asked: Asked) -> dict[str, Any]:
    found = {"id": hit.id, "start": hit.passage.start, "end": hit.passage.end}
    return {
        "id": hit.id,
        "title": hit.title or hit.id,
        "link": asked.link("/document", "passage", more=found),
        "where": whereabouts(hit),
        "windows": windows(hit),
        "alike": asked.link(q="", sort="", like=(hit.id,)),
        "score": hit.score,
        **_sum(hit.explanation),
    }


def _contexts(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """For each hit its passage between its neighbours, and whether that is left out because a page bears no more."""
    left = _MOST_TEXT - sum(_size(window.pieces) for hit in hits for window in windows(hit))
    contexts: list[dict[str, Any]] = []
    for hit in hits:
        passage = marked(hit)
        fits = _size(passage) <= left
        before, after = neighbours(hit, _CONTEXT) if fits else ("", "")
        if fits and (before or after or hit.snippet.windows != ((hit.passage.start, hit.passage.end),)):
            context = {"before": before, "passage": passage, "after": after}
            left -= _size(passage) + len(before) + len(after)
        else:  # too much for the page, or nothing that the snippet does not show
            context = None
        contexts.append({"context": context, "cut": not fits})
    return contexts


def _size(shown: Sequence[Piece]) -> int:
    return sum(len(piece.text) + _MARK * piece.marked for piece in shown)


def _sum(explanation: Sequence[Contribution]) -> dict[str, Any]:
    """The terms that add most, and what all others add together."""
    ordered = sorted(explanation, key=lambda one: -one.contribution)
    several = len({one.space for one in explanation}) > 1
    most = max((abs(one.contribution) for one in ordered), default=1.0) or 1.0
    rest = ordered[_MOST_TERMS:]
    return {
        "terms": [
            {
                "term": one.term,
                "origin": one.origin,
                "space": one.space if several else "",
                "query_weight": one.query_weight,
                "document_weight": one.document_weight,
                "contribution": one.contribution,
                "percent": round(100 * abs(one.contribution) / most),
            }
            for one in ordered[:_MOST_TERMS]
        ],
        "rest": (len(rest), sum(one.contribution for one in rest)) if rest else None,
    }


def _facet(name: str, values: Sequence[tuple[Scalar, int]], asked: Asked) -> dict[str, Any]:
    shown = []
    for value, count in values[:_MOST_VALUES]:
        target, active = asked.toggled(name, value)
        shown.append({"label": label(value), "count": count, "link": target, "active": active})
    return {"name": name, "values": shown}


def label(value: Scalar) -> str:
    """A value for people: whole numbers without a point, an empty text by name.

    Example:
        >>> label(1999.0), label(True), label("")
        ('1999', 'true', '(empty)')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return value or "(empty)"


def _orders(fields: Sequence[str], asked: Asked) -> list[dict[str, Any]]:
    named = [field for field in dict.fromkeys([*fields, asked.sort.removeprefix("-")]) if field]
    choices = [
        ("best match", ""),
        *((f"{f} {arrow}", sign + f) for f in named for sign, arrow in (("-", "↓"), ("", "↑"))),
    ]
    return [{"label": text, "link": asked.link(sort=sort), "current": sort == asked.sort} for text, sort in choices]
