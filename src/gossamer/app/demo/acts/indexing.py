"""Act 1: the reader's own Python becomes an index, and every byte of it is checked."""

from __future__ import annotations

import shutil
from time import perf_counter

from gossamer.app.cli.output import size
from gossamer.app.demo.scene import Command, Promise, Scene, Table
from gossamer.app.demo.stage import Stage
from gossamer.retrieval.index import Index
from gossamer.text.sources import Skipped, read


def act(stage: Stage) -> Scene:
    """Read the documentation of the running Python, index it, verify the index."""
    skipped: list[Skipped] = []
    started = perf_counter()
    stage.documents = list(read(stage.source, on_skip=skipped.append))
    was_read = perf_counter()
    shutil.rmtree(stage.index_path, ignore_errors=True)
    with Index.create(stage.index_path) as index:
        index.add(stage.documents)
    indexed = perf_counter()
    outcome = index.verify()
    verified = perf_counter()
    stats = index.stats()
    count, characters = len(stage.documents), sum(len(one.text) for one in stage.documents)
    reading, indexing, verifying = was_read - started, indexed - was_read, verified - indexed
    on_disk = sum(one.stat().st_size for one in stage.index_path.iterdir())
    whole = len(index) == count and [one.id for one in index.documents()] == [one.id for one in stage.documents]
    rows = [
        ("read and parse Python's sources", f"{count:,} documents, {len(skipped)} files skipped", reading),
        (
            "analyse, index, commit",
            f"{stats['passages']:,} passages, {stats['terms']:,} terms, {stats['postings']:,} postings",
            indexing,
        ),
        (
            "verify every byte",
            f"{size(on_disk)} on disk: {'ok' if outcome.ok else f'{len(outcome.problems)} problems'}",
            verifying,
        ),
    ]
    return Scene(
        "Your Python becomes an index",
        f"The corpus is the documentation of your own Python: {count:,} docstrings and reference topics, "
        f"{characters:,} characters. Nothing was downloaded, nothing was chosen to look good.",
        [
            Command(f"gossamer index {stage.source} -o {stage.index_path}"),
            Table(("step", "result", "seconds"), [(*row, f"{took:.2f}") for *row, took in rows], right=(2,)),
        ],
        [
            Promise(
                "Every document is in the index, and every byte of it checks out",
                whole and outcome.ok,
                f"{len(index):,} of {count:,} documents, {len(outcome.problems)} problems in {size(on_disk)}",
            )
        ],
        {
            "documents": count,
            "passages": stats["passages"],
            "terms": stats["terms"],
            "postings": stats["postings"],
            "bytes": on_disk,
            "reading_seconds": round(reading, 3),
            "indexing_seconds": round(indexing, 3),
            "verifying_seconds": round(verifying, 3),
        },
    )
