"""``gossamer encode``: texts to a file of sparse vectors."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gossamer.app.cli.frame import INTERRUPTED, Json, NoColor, Quiet, fail
from gossamer.app.cli.long_texts import said_once
from gossamer.app.cli.output import Output

if TYPE_CHECKING:
    from gossamer.app.encoding import Side
    from gossamer.retrieval.encoders.runtimes import Runtime
    from gossamer.text.sources import Skipped


def encode(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="A file, folder or glob; - reads standard input.", show_default=False)
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The vectors, as safetensors.", show_default=False)
    ],
    encoder: Annotated[
        str, typer.Option("--encoder", metavar="E", help="bm25, gossamer, a folder, or a hub's NAME/MODEL.")
    ] = "gossamer",
    side: Annotated[
        str, typer.Option("--side", metavar="query|document", help="As which the texts are encoded.")
    ] = "document",
    runtime: Annotated[
        str, typer.Option("--runtime", metavar="R", help="Who runs the model: auto, native, torch or onnx.")
    ] = "auto",
    text_field: Annotated[
        str | None, typer.Option("--text-field", metavar="F", help="Where JSONL and CSV records hold the text.")
    ] = None,
    id_field: Annotated[
        str | None, typer.Option("--id-field", metavar="F", help="Where JSONL and CSV records hold the id.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first text that cannot be read.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Turn texts into sparse vectors.

    Standard input holds JSON lines, or else a text a line. The file has a row a document, the ids and the
    vocabulary. Ctrl-C keeps what is done in FILE.parts; the same command goes on from there.

    Examples:
        gossamer encode corpus.jsonl -o corpus.safetensors
        gossamer encode queries.jsonl -o queries.safetensors --side query --encoder bm25

    See also: gossamer index, gossamer bench index, gossamer train
    """
    from gossamer.app.encoding import encode_to_file
    from gossamer.errors import UsageError

    if side not in ("query", "document"):
        raise UsageError(f"--side {side!r}: write query or document")
    out = Output(json, quiet, no_color)
    model = _encoder(encoder, runtime)
    skipped: list[Skipped] = []

    def skip(problem: Skipped) -> None:
        skipped.append(problem)
        out.note(f"skipped {problem.path}: {problem.reason}")

    began = time.monotonic()
    try:
        with said_once(out), _paths(source) as (paths, total), out.progress("encoding", "documents", total) as progress:
            from gossamer.text.sources import read

            documents = read(
                paths, text_field=text_field, id_field=id_field, on_skip=skip, on_bytes=progress.read, strict=strict,
                exclude=[output, f"{output}.parts"],
            )  # fmt: skip
            done = encode_to_file(documents, model, cast("Side", side), output, watch=progress.add)
    except KeyboardInterrupt:
        fail(
            f"interrupted; what was encoded is in {output}.parts, and the same command goes on from there", INTERRUPTED
        )
    seconds = time.monotonic() - began
    if out.is_json:
        out.document({
            "documents": done.documents, "resumed": done.found, "weights": done.weights, "dim": done.dim,
            "skipped": [{"path": one.path, "reason": one.reason} for one in skipped], "seconds": round(seconds, 3),
        })  # fmt: skip
        return
    rate = (done.documents - done.found) / max(seconds, 1e-3)
    before = f", {done.found:,} of them by an earlier run" if done.found else ""
    out.line(
        f"{output}: {done.documents:,} documents{before}, {done.weights / max(1, done.documents):.1f} weights each; "
        f"{seconds:.1f} s, {rate:,.0f} documents/s"
    )
    if skipped:
        out.note(f"{len(skipped):,} skipped")


def _encoder(name: str, runtime: str) -> Any:
    from gossamer.retrieval.encoders import BM25Encoder, SparseEncoder

    if name == "bm25":
        return BM25Encoder()
    return SparseEncoder.from_pretrained(name, runtime=cast("Runtime", runtime))  # which refuses others


@contextmanager
def _paths(source: str) -> Iterator[tuple[list[str], Any]]:
    """The paths to read, and how to find out their bytes; standard input goes to a file first, as readers want one."""
    from gossamer.text.sources import total_bytes

    if source != "-":
        yield [source], lambda: total_bytes([source])
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="gossamer-") as folder:
        path = f"{folder}/stdin.jsonl"
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            _spool(file)
        yield [path], lambda: total_bytes([path])


def _spool(file: Any) -> None:
    """Standard input as JSON lines: what is none, is a text a line."""
    import json

    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    first = next(lines, "")
    is_json = first.lstrip("\ufeff \t").startswith("{")
    number = 0
    while first:
        if is_json:
            file.write(first)
        elif first.strip():
            file.write(json.dumps({"id": str(number), "text": first.strip()}, ensure_ascii=False) + "\n")
        number += 1
        first = next(lines, "")
