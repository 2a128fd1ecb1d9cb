"""The routes: search and document, each as HTML and, with ``.json``, as JSON with the same ids and order."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException as AnyHTTPException

from gossamer.app.answers import answer
from gossamer.app.web import page
from gossamer.app.web.asked import Asked
from gossamer.app.web.choices import facet_fields, order_fields
from gossamer.app.web.guard import Guard, security_headers
from gossamer.errors import GossamerError, UsageError
from gossamer.text.analysis import analyzer
from gossamer.text.snippets import highlights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gossamer.app.answers import Answer
    from gossamer.retrieval.index import Index, Synonyms
    from gossamer.text.documents import Document

MOST_QUERY = 4096
"""Longest query in characters."""

_SAMPLES = 6

_MOST_NAMED = 10  # documents or fields in one request

Words = Annotated[str, Query(max_length=MOST_QUERY)]
Names = Annotated[list[Annotated[str, Query(max_length=MOST_QUERY)]], Query(max_length=_MOST_NAMED)]
Count = Annotated[int | None, Query(ge=1, le=page.MOST_HITS)]
Recall = Annotated[float | None, Query(gt=0, le=1)]
Sentences = Annotated[int, Query(ge=0, le=100)]
Identifier = Annotated[str, Query(alias="id", min_length=1, max_length=MOST_QUERY)]
Offset = Annotated[int | None, Query(ge=0)]


def asked(
    request: Request,
    q: Words = "",
    k: Count = None,
    where: Words = "",
    sort: Words = "",
    like: Names = [],  # noqa: B006 - FastAPI reads the default and changes nothing in it
    facet: Names = [],  # noqa: B006
    typos: Literal["", "auto", "0", "1", "2"] = "",
    recall: Recall = None,
) -> Asked:
    """The search of a request."""
    return Asked(q, k or request.app.state.k, where, sort, tuple(like), tuple(facet), typos, recall)


Search = Annotated[Asked, Depends(asked)]


def create_app(
    index: Index,
    name: str,
    *,
    k: int = 10,
    refresh: float = 1.0,
    facets: Sequence[str] | None = None,
    typos: int | None = None,
    synonyms: Synonyms | None = None,
) -> FastAPI:
    """The search page over an open index.

    Args:
        index: Stays the caller's to close.
        name: What the page calls the index.
        k: How many results a page shows first.
        refresh: Seconds between looks for a new commit.
        facets: Fields that the page counts; None picks those with few values that many documents share.
        typos, synonyms: As ``Index.search`` has them, where a request says nothing else.

    Returns:
        An ASGI application.
    """
    folder = Path(__file__).parent / "templates"
    style = (folder / "page.css").read_text(encoding="utf-8")
    templates = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals.update(style=Markup(style), name=name, max_query=MOST_QUERY)
    newest = _Newest(index, refresh, facets)
    # The interactive documentation of FastAPI loads scripts from elsewhere, so it stays off.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.k = min(k, page.MOST_HITS)
    app.add_middleware(Guard, headers=security_headers(style))

    def render(template: str, status: int = 200, asked: Asked | None = None, **values: Any) -> HTMLResponse:
        shown = {"asked": asked or Asked("", app.state.k), "stats": newest.stats, **values}
        return HTMLResponse(templates.get_template(template).render(shown), status)

    def found(asked: Asked, facets: Sequence[str], context: int = 0) -> Answer:
        return answer(
            index, asked.q, asked.k, facets=facets, explain=True, context=context, typos=edits(asked),
            synonyms=synonyms, **asked.options(),
        )  # fmt: skip

    def edits(asked: Asked) -> int | None:
        return int(asked.typos) if asked.typos.isdigit() else None if asked.typos else typos

    @app.get("/")
    def search(asked: Search) -> HTMLResponse:
        newest.look()
        if not asked.anything:
            return render("home.html", samples=newest.samples)
        shown = found(asked, asked.facet or newest.facets)
        return render("results.html", asked=asked, **page.results(shown, asked, newest.orders))

    @app.get("/search.json")
    def search_json(asked: Search, context: Sentences = 0) -> JSONResponse:
        newest.look()
        return JSONResponse(found(asked, asked.facet, context).to_dict())

    @app.get("/document")
    def document(identifier: Identifier, asked: Search, start: Offset = None, end: Offset = None) -> HTMLResponse:
        newest.look()
        found = _find(index, identifier)
        passage = (start, end) if start is not None and end is not None and start < end <= len(found.text) else None
        marks = newest.marks(found, asked, typos=edits(asked), synonyms=synonyms)
        return render("document.html", asked=asked, **page.document(found, asked, passage, marks))

    @app.get("/document.json")
    def document_json(identifier: Identifier) -> JSONResponse:
        newest.look()
        return JSONResponse(_find(index, identifier).to_dict())

    def refuse(request: Request, status: int, detail: str) -> Response:
        heading = HTTPStatus(status).phrase
        if request.url.path.endswith(".json"):
            content = {"type": "about:blank", "title": heading, "status": status, "detail": detail}
            return JSONResponse(content, status, media_type="application/problem+json")
        return render("message.html", status, heading=heading, detail=detail)

    @app.exception_handler(AnyHTTPException)
    def not_served(request: Request, error: AnyHTTPException) -> Response:
        return refuse(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return refuse(request, 422, f"{first['loc'][-1]}: {first['msg']}.")

    @app.exception_handler(GossamerError)
    def not_possible(request: Request, error: GossamerError) -> Response:
        return refuse(request, 400 if isinstance(error, UsageError) else 500, f"{error}.")

    return app


def _find(index: Index, identifier: str) -> Document:
    found = index.get(identifier)
    if found is None:
        raise HTTPException(404, f"There is no document {identifier} in this index.")
    return found


class _Newest:
    """Follows the commits of an index and keeps what every page shows of it."""

    def __init__(self, index: Index, every: float, facets: Sequence[str] | None) -> None:
        self._index, self._every, self._lock = index, every, threading.Lock()
        self._named = facets
        self._next = 0.0
        self._take()

    def look(self) -> None:
        """Move to the newest commit, at most once in ``every`` seconds."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                if self._index.refresh():
                    self._take()

    def marks(self, found: Document, asked: Asked, **options: Any) -> list[tuple[int, int]]:
        """Where what was searched for, with ``options`` of a search, stands in the whole document, in code points."""
        if not (asked.q.strip() or asked.like):
            return []
        plan = self._index.plan(asked.q, 1, like=asked.like, **options)
        return highlights(self._analyzer, found.text, [one.term for one in plan.terms])

    def _take(self) -> None:
        self.stats = self._index.stats()
        self.samples = [page.sample(one) for one in islice(self._index.documents(), _SAMPLES)]
        fields = self._index.outline()
        known = {field.name for field in fields}
        self.facets = facet_fields(fields) if self._named is None else [one for one in self._named if one in known]
        self.orders = order_fields(fields, self.stats["documents"])
        self._analyzer = analyzer(self.stats["analyzer"] or "standard")  # an index of vectors has none
