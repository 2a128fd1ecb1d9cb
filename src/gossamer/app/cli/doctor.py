"""``gossamer doctor`` and ``--version``: what this installation consists of, and one fix per finding."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Annotated, Literal

import typer

import gossamer
from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.output import Output, size
from gossamer.errors import GossamerError

EXTRAS = {
    "app": (("fastapi", "uvicorn", "jinja2"), "the search page: gossamer serve"),
    "encoders": (("torch", "transformers"), "learned encoders: training them, and models as they are published"),
    "formats": (("tree_sitter",), "source code by its functions, and what Zstandard packed"),
    "onnx": (("onnxruntime",), 'learned encoders by onnxruntime: runtime="onnx"'),
    "ocr": (("rapidocr", "onnxruntime"), "the text of scanned pages in PDFs"),
    "languages": (("py3langid",), "the language of each document, told by its text"),
    "watch": (("watchfiles",), "following a folder: gossamer index --watch"),
    "eval": (("ir_measures",), "more measures for gossamer evaluate"),
    "collections": (("ir_datasets",), "public test collections by their ids: gossamer evaluate"),
    "plot": (("matplotlib",), "pictures of frontiers: --plot"),
    "tokenizers": (("tokenizers",), "tokenisers of models beyond WordPiece"),
    "bench": (("bm25s", "tantivy"), "the peers that the benchmark tables compare with"),
}
"""Each extra: the modules that show it is there, and what it adds."""

_LOW_DISK = 2**30
_QUERY = "how do the wings of birds and aircraft make lift"
_TEXT = 16 * f"{_QUERY}. "
_TEXTS = 16
_CPU_LEVELS = ("avx512", "avx2", "neon", "portable")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``broken`` fails the examination, ``missing`` is only a possibility not taken."""

    name: str
    status: Literal["ok", "missing", "broken"]
    detail: str
    fix: str = ""


def doctor(
    index: Annotated[
        str | None, typer.Argument(metavar="INDEX", help="Look at this index too.", show_default=False)
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Examine the installation, and an index if one is given.

    Exit code 1 when something is broken; a missing extra is not.

    Examples:
        gossamer doctor
        gossamer doctor notes.gossamer

    See also: gossamer verify, gossamer config check
    """
    out = Output(json, quiet, no_color)
    findings = [*_installation(), _our_model(), *_extras(), _disk(index or "."), _settings()]
    if index is not None:
        findings.append(_index(index))
        findings += _encoders(index) if findings[-1].status == "ok" else ()
    if out.is_json:
        out.document({
            "ok": all(one.status != "broken" for one in findings),
            "findings": [asdict(one) for one in findings],
        })  # fmt: skip
    else:
        marks = {"ok": "ok     ", "missing": "-      ", "broken": "BROKEN "}
        for one in findings:
            out.line(f"{marks[one.status]} {one.name}: {one.detail}")
            if one.fix:
                out.line(f"         fix: {one.fix}")
    if any(one.status == "broken" for one in findings):
        raise typer.Exit(1)


def version_line() -> str:
    """Version, kernel level, Python and the extras found, for ``--version``."""
    try:
        kernels = _kernels()[0]
    except (ImportError, ValueError):
        kernels = "missing"
    extras = ", ".join(name for name in EXTRAS if _has(name)) or "none"
    return f"gossamer {gossamer.__version__} (kernels {kernels}, Python {platform.python_version()}, extras: {extras})"


def _kernels() -> tuple[str, list[str]]:
    """The level in use and what the processor reports."""
    from gossamer import _native

    return _native.cpu_level(), _native.cpu_features()


def _has(extra: str) -> bool:
    return all(find_spec(module) is not None for module in EXTRAS[extra][0])


def _installation() -> Iterator[Finding]:
    yield Finding("gossamer", "ok", f"{gossamer.__version__}, Python {platform.python_version()} at {sys.executable}")
    yield Finding("machine", "ok", f"{platform.machine()}, {os.cpu_count()} cores, {platform.platform(terse=True)}")
    try:
        level, features = _kernels()
    except ImportError as error:
        yield Finding("kernels", "broken", str(error), "pip install --force-reinstall gossamer")
    except ValueError as error:
        yield Finding("kernels", "broken", str(error), f"unset GOSSAMER_CPU, or set one of {', '.join(_CPU_LEVELS)}")
    else:
        forced = " (forced by GOSSAMER_CPU)" if os.environ.get("GOSSAMER_CPU") else ""
        yield Finding("kernels", "ok", f"{level}{forced}; the processor has {', '.join(features) or 'no extensions'}")


def _our_model() -> Finding:
    from gossamer.retrieval.encoders import SparseEncoder
    from gossamer.retrieval.encoders.origin import OURS

    name = f"model {OURS}"
    try:
        started = time.perf_counter()
        encoder = SparseEncoder.from_pretrained(OURS)
        loaded = time.perf_counter()
        encoder.encode_documents([_TEXT] * _TEXTS)
        encoded = time.perf_counter()
        encoder.encode_queries([_QUERY])
        asked = time.perf_counter()
    except GossamerError as error:
        return Finding(name, "missing", str(error), "pip install --force-reinstall gossamer")
    assert encoder.origin is not None
    files = sum(one.stat().st_size for one in encoder.origin.folder.rglob("*") if one.is_file())
    rate = _TEXTS / (encoded - loaded)
    return Finding(
        name,
        "ok",
        f"{size(files)}, loads in {1000 * (loaded - started):.0f} ms; {rate:.0f} passages of {len(_TEXT.split())} "
        f"words/s, a query in {1e6 * (asked - encoded):.0f} µs",
    )


def _extras() -> Iterator[Finding]:
    for name, (_, adds) in EXTRAS.items():
        if _has(name):
            yield Finding(f"extra {name}", "ok", adds)
        else:
            yield Finding(f"extra {name}", "missing", f"would add {adds}", f"pip install 'gossamer[{name}]'")


def _disk(place: str) -> Finding:
    folder = os.path.abspath(place)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        return Finding("disk", "ok", f"{folder} can be read, not written; searching is all that works there")
    if free < _LOW_DISK:
        return Finding("disk", "broken", f"{size(free)} free at {folder}", "free some space, or index elsewhere")
    return Finding("disk", "ok", f"{size(free)} free at {folder}")


def _settings() -> Finding:
    from gossamer.app.config import Configuration

    try:
        files = [str(path) for path in Configuration().files]
    except GossamerError as error:
        return Finding("settings", "broken", str(error), "correct the line, then run gossamer config check")
    return Finding("settings", "ok", ", ".join(files) or "no gossamer.toml; defaults hold")


def _encoders(path: str) -> Iterator[Finding]:
    """Whether the learned encoders of an index are where it was made with them."""
    from gossamer.retrieval.index import Index

    try:
        with Index.open(path) as opened:
            models = [space["model"] for space in opened.stats()["spaces"] if "model" in space]
            if models:
                opened.load_encoders()
                yield Finding("encoder", "ok", f"{', '.join(models)}: as when the index was made")
    except GossamerError as error:
        yield Finding("encoder", "broken", str(error), f"gossamer search {path} QUERY --encoder DIR")


def _index(path: str) -> Finding:
    from gossamer.retrieval.index import verify

    try:
        outcome = verify(path)
    except GossamerError as error:
        return Finding("index", "broken", str(error), "restore the index from a copy, or index again")
    if outcome.ok:
        return Finding("index", "ok", f"{path}: every byte checked")
    first = outcome.problems[0]
    return Finding("index", "broken", f"{first.file}: byte {first.offset}: {first.reason}", f"gossamer verify {path}")
