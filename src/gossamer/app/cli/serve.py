"""``gossamer serve``: the search page on this machine."""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.app.cli.frame import EncoderPlace, IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output
from gossamer.errors import GossamerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gossamer.retrieval.index import Index


def serve(
    index: IndexPath,
    host: Annotated[
        str | None, typer.Option("--host", metavar="H", help="Loopback address; 127.0.0.1 by default.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="P", help="Port; 8765 by default, 0 picks a free one.")
    ] = None,
    facet: Annotated[
        list[str] | None,
        typer.Option("--facet", metavar="FIELD", help="Count this field's values on the page; repeatable."),
    ] = None,
    encoder: EncoderPlace = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Show an index as a search page in your browser.

    Highlights, whole documents, and why each score is what it is. Answers to this machine only; new
    commits show without a restart. Ctrl-C stops it.

    Examples:
        gossamer serve notes.gossamer
        gossamer serve notes.gossamer --port 0 --json

    See also: gossamer search, gossamer config show
    """
    _require_extra()
    import uvicorn

    from gossamer.app.config import Configuration
    from gossamer.app.web.guard import is_loopback
    from gossamer.app.web.server import create_app
    from gossamer.retrieval.index import Index, Synonyms

    out, settings = Output(json, quiet, no_color), Configuration()
    where = settings.get("serve.host", host).value
    if not is_loopback(where):
        raise UsageError(f"{where} is not a loopback address; the page has no accounts, so it serves this machine only")
    with (
        Index.open(index, encoder=encoder) as opened,
        closing(_listen(where, settings.get("serve.port", port).value)) as listener,
    ):
        opened.load_encoders()
        name = Path(index).resolve().name
        facets = facet or settings.get("serve.facets").value
        _check_facets(opened, facets or ())
        rules = settings.get("search.synonyms").value
        app = create_app(
            opened, name, k=settings.get("search.k").value, refresh=settings.get("serve.refresh").value, facets=facets,
            typos=settings.get("search.typos").value, synonyms=Synonyms.read(rules) if rules else None,
        )  # fmt: skip
        shown = f"[{where}]" if ":" in where else where
        url = f"http://{shown}:{listener.getsockname()[1]}/"
        if out.is_json:
            out.document({"url": url, "index": name, "documents": len(opened)}, indent=None)
        else:
            out.line(f"{name}, {len(opened):,} documents: {url}")
            out.note("Ctrl-C stops the server")
        sys.stdout.flush()
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        server.run(sockets=[listener])


def _check_facets(index: Index, facets: Sequence[str]) -> None:
    known = [field.name for field in index.outline()]
    for facet in facets:
        if facet not in known:
            raise UsageError(f"no document has a field {facet!r}; known: {', '.join(known) or 'none'}")


def _require_extra() -> None:
    missing = [module for module in ("fastapi", "uvicorn", "jinja2") if find_spec(module) is None]
    if missing:
        raise GossamerError(f"the search page needs {', '.join(missing)}; run: pip install 'gossamer[app]'")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # from now on a client that knows the address waits instead of being refused
    except OSError as error:
        listener.close()
        raise GossamerError(
            f"cannot listen on {host} port {port}: {error.strerror}; try another --port, or --port 0 for a free one"
        ) from None
    return listener
