"""What the templates show: results and documents turned into titles, links and pieces of text.

Nothing here is HTML; the templates escape every piece on their own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gossamer.app.answers import MOST_COUNTED
from gossamer.app.hits import location, pieces, windows

if TYPE_CHECKING:
    from gossamer.app.answers import Answer
    from gossamer.retrieval.index import Hit
    from gossamer.text.documents import Document

MOST_HITS = 100


def results(answer: Answer, k: int, where: str = "", sort: str = "") -> dict[str, Any]:
    """What the results template needs; ``where`` and ``sort`` as the answer was asked for."""
    restricted = {key: value for key, value in (("where", where), ("sort", sort)) if value}
    shown, more_k = len(answer.hits), min(2 * k, MOST_HITS)
    noun = "document" if answer.total == 1 else "documents"
    more = "at least " if answer.total >= MOST_COUNTED else ""
    best = f", the best {shown}" if shown < answer.total else ""
    return {
        "query": answer.query,
        "count": f"{more}{answer.total:,} {noun}{best}, in {answer.took_us / 1000:.1f} ms",
        "hits": [_hit(hit, answer.query, k) for hit in answer.hits],
        "filter": where,
        "sort": sort,
        "unrestricted": link("/", q=answer.query, k=k),
        "more": link("/", q=answer.query, k=more_k, **restricted) if shown < answer.total and k < MOST_HITS else "",
        "twin": link("/search.json", q=answer.query, k=k, **restricted),
    }


def document(found: Document, passage: tuple[int, int] | None, marks: list[tuple[int, int]]) -> dict[str, Any]:
    """What the document template needs: the whole text, cut around the passage.

    Args:
        found: The document.
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
        "twin": link("/document.json", id=found.id),
    }


def sample(found: Document) -> dict[str, str]:
    """One line of the first page."""
    place = found.id if found.title and found.title != found.id else ""
    return {"title": found.title or found.id, "place": place, "link": link("/document", id=found.id)}


def link(path: str, fragment: str = "", **query: object) -> str:
    """An address on this server."""
    return path + "?" + urlencode(query) + (f"#{fragment}" if fragment else "")


def _hit(hit: Hit, query: str, k: int) -> dict[str, Any]:
    title = hit.title or hit.id
    most = max((abs(one.contribution) for one in hit.explanation), default=1.0) or 1.0
    return {
        "id": hit.id,
        "title": title,
        "link": link("/document", "passage", id=hit.id, start=hit.passage.start, end=hit.passage.end, q=query, k=k),
        "where": ([hit.id] if title != hit.id else []) + location(hit.passage),
        "windows": windows(hit),
        "score": hit.score,
        "terms": [
            {
                "term": one.term,
                "query_weight": one.query_weight,
                "document_weight": one.document_weight,
                "contribution": one.contribution,
                "percent": f"{100 * abs(one.contribution) / most:.1f}",
            }
            for one in sorted(hit.explanation, key=lambda one: -one.contribution)
        ],
    }
