"""Act 6: the search page. It is started, asked once as a person and once as a program would, and stopped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from gossamer.app.demo.acts.searching import QUERIES
from gossamer.app.demo.scene import Command, Promise, Scene, Table
from gossamer.app.demo.stage import Stage
from gossamer.errors import GossamerError

_SERVE = """
from gossamer.app.cli import main
from gossamer.app.demo.offline import block_network
block_network()
main()
"""
_K = 5


def act(stage: Stage) -> Scene:
    """Serve the index of the first act, fetch one page and its JSON twin, compare both with a search from Python."""
    query = QUERIES[0]
    expected = [hit.id for hit in stage.index().search(query, _K)]
    started = perf_counter()
    with _served(stage.index_path) as url:
        ready = perf_counter() - started
        page, page_ms = _fetch(f"{url}?{urlencode({'q': query, 'k': _K})}")
        twin, twin_ms = _fetch(f"{url}search.json?{urlencode({'q': query, 'k': _K})}")
    on_page, in_json = _ids(page), [hit["id"] for hit in json.loads(twin)["hits"]]
    same = bool(expected) and on_page == in_json == expected
    rows = [
        (what, ids[0] if ids else "nothing", f"{len(body.encode()):,}", f"{ms:.1f}")
        for what, ids, body, ms in (("the page", on_page, page, page_ms), ("its JSON twin", in_json, twin, twin_ms))
    ]
    return Scene(
        "The search page",
        f"The page was up after {ready:.1f} s, answered on loopback only and is stopped again. "
        f"It shows {len(on_page)} documents for “{query}”; its JSON twin and a search from Python give "
        f"{'the same ones in the same order' if same else 'others'}. This starts it again:",
        [
            Command(f"{_gossamer()} serve {stage.index_path}"),
            Table(("asked", "first document", "bytes", "ms"), rows, right=(2, 3)),
        ],
        [
            Promise(
                "The page, its JSON twin and Python give the same answer",
                same,
                f"{len(expected)} ids from Python, the page {_agrees(on_page == expected)}, "
                f"JSON {_agrees(in_json == expected)}",
            )
        ],
        {"ready_seconds": round(ready, 2), "page_ms": round(page_ms, 1), "json_ms": round(twin_ms, 1), "same": same},
    )


def _agrees(same: bool) -> str:
    return "agrees" if same else "differs"


@contextmanager
def _served(index: Path) -> Iterator[str]:
    """The address of ``gossamer serve`` on a free port, which ends with the ``with`` block."""
    command = [sys.executable, "-c", _SERVE, "serve", str(index), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            if not line:
                raise GossamerError(f"gossamer serve did not start: {process.stderr.read().strip()}")
            yield json.loads(line)["url"]
        finally:
            process.terminate()


def _fetch(url: str) -> tuple[str, float]:
    """What stands at an address, and the milliseconds it took."""
    started = perf_counter()
    with build_opener(ProxyHandler({})).open(url, timeout=30) as response:
        body: str = response.read().decode("utf-8")
    return body, (perf_counter() - started) * 1000


class _Articles(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self.ids.append(dict(attrs).get("data-id") or "")


def _ids(page: str) -> list[str]:
    articles = _Articles()
    articles.feed(page)
    return articles.ids


def _gossamer() -> str:
    """How this machine calls the command line: by name, or where that is not on the path, by its file."""
    beside = Path(sys.executable).with_name("gossamer")
    if shutil.which("gossamer") or not beside.exists():
        return "gossamer"
    return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
