"""The routes: search and document, each as HTML and, with ``.json``, as JSON with the same ids and order."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException as AnyHTTPException

from gossamer.app.answers import answer
from gossamer.app.web import page
from gossamer.app.web.guard import Guard, security_headers
from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.index.language import parse
from gossamer.text.analysis import analyzer
from gossamer.text.snippets import highlights

if TYPE_CHECKING:
    from gossamer.retrieval.index import Index
    from gossamer.text.documents import Document

MOST_QUERY = 4096
"""Longest query in characters."""

_SAMPLES = 6

Words = Annotated[str, Query(max_length=MOST_QUERY)]
Count = Annotated[int, Query(ge=1, le=page.MOST_HITS)]
Identifier = Annotated[str, Query(alias="id", min_length=1, max_length=MOST_QUERY)]
Offset = Annotated[int | None, Query(ge=0)]


def create_app(index: Index, name: str, *, k: int = 10, refresh: float = 1.0) -> FastAPI:
    """The search page over an open index.

    Args:
        index: Stays the caller's to close.
        name: What the page calls the index.
        k: How many results a page shows first.
        refresh: Seconds between looks for a new commit.

    Returns:
        An ASGI application.
    """
    k = min(k, page.MOST_HITS)
    folder = Path(__file__).parent / "templates"
    style = (folder / "page.css").read_text(encoding="utf-8")
    templates = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals.update(style=Markup(style), name=name, max_query=MOST_QUERY)
    newest = _Newest(index, refresh)
    # The interactive documentation of FastAPI loads scripts from elsewhere, so it stays off.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, headers=security_headers(style))

    def render(template: str, status: int = 200, **values: Any) -> HTMLResponse:
        values = {"query": "", "filter": "", "sort": "", "stats": newest.stats, **values}
        return HTMLResponse(templates.get_template(template).render(values), status)

    @app.get("/")
    def search(q: Words = "", k: Count = k, where: Words = "", sort: Words = "") -> HTMLResponse:
        newest.look()
        if not q.strip():
            return render("home.html", samples=newest.samples)
        found = answer(index, q, k, where=where or None, sort=sort or None, explain=True)
        return render("results.html", **page.results(found, k, where, sort))

    @app.get("/search.json")
    def search_json(q: Words = "", k: Count = k, where: Words = "", sort: Words = "") -> JSONResponse:
        newest.look()
        return JSONResponse(answer(index, q, k, where=where or None, sort=sort or None, explain=True).to_dict())

    @app.get("/document")
    def document(
        identifier: Identifier, start: Offset = None, end: Offset = None, q: Words = "", k: Count = k
    ) -> HTMLResponse:
        newest.look()
        found = _find(index, identifier)
        passage = (start, end) if start is not None and end is not None and start < end <= len(found.text) else None
        back = page.link("/", q=q, k=k) if q else ""
        return render("document.html", query=q, back=back, **page.document(found, passage, newest.marks(found, q)))

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

    def __init__(self, index: Index, every: float) -> None:
        self._index, self._every, self._lock = index, every, threading.Lock()
        self._next = 0.0
        self._take()

    def look(self) -> None:
        """Move to the newest commit, at most once in ``every`` seconds."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                if self._index.refresh():
                    self._take()

    def marks(self, found: Document, query: str) -> list[tuple[int, int]]:
        """Where the words of the query stand in the whole document, in code points."""
        if self._analyzer is None:
            return []
        return highlights(self._analyzer, found.text, self._analyzer.terms(parse(query, found.fields).words))

    def _take(self) -> None:
        self.stats = self._index.stats()
        self.samples = [page.sample(one) for one in islice(self._index.documents(), _SAMPLES)]
        settings = self.stats["analyzer"]  # an index of vectors made elsewhere has none
        self._analyzer = analyzer(settings) if settings else None
