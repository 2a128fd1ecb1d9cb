"""``gossamer bench index``: what an index of sparse vectors costs to make, to keep and to search at each recall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gossamer.app.cli.frame import Json, NoColor, Quiet
from gossamer.app.cli.output import Output, size, table
from gossamer.errors import GossamerError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gossamer.retrieval.block_index import BlockIndex, Values
    from gossamer.retrieval.vectors import SparseVectors

RECALLS = (0.9, 0.95, 0.98, 0.99, 1.0)  # 1: exact
_LONGEST = 40  # terms of a query that is made from a row, about as many as an encoder gives a question
_TOLERANCE = 1e-4  # of the k-th score: rows that tie are not errors
_SYNTHETIC = "synthetic:"


def bench_index(
    vectors: Annotated[
        str,
        typer.Argument(
            metavar="VECTORS",
            show_default=False,
            help=".safetensors as SparseVectors saves them, .npz of SciPy's CSR, .jsonl with id and vector a line, "
            "or synthetic:N.",
        ),
    ],
    queries: Annotated[
        str | None, typer.Option("--queries", metavar="Q", help="Your queries, as VECTORS; else rows are held out.")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="How many queries are made without --queries.")
    ] = 2000,
    k: Annotated[int, typer.Option("--k", metavar="K", min=1, help="How many rows a query asks for.")] = 10,
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, help="How often each is asked.")] = 3,
    values: Annotated[str, typer.Option("--values", metavar="V", help="How values are kept: f32, f16 or u8.")] = "f32",
    threads: Annotated[int | None, typer.Option("--threads", metavar="N", min=1, help="Of the build.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Measure an index of sparse vectors: bytes, build, latency and recall.

    Without --queries some rows are held out, and their 40 strongest terms are the queries. Of 2,000 queries or
    more, half choose the settings for each recall; it is measured on the others, against the vectors as given.

    Examples:
        gossamer bench index vectors.safetensors
        gossamer bench index synthetic:100000 --values f16 --json

    See also: gossamer bench, gossamer methods
    """
    from time import process_time

    from gossamer.app.demo.measuring import spending
    from gossamer.retrieval.block_index import BlockIndex
    from gossamer.retrieval.calibration import FEWEST_QUERIES

    out = Output(json, quiet, no_color)
    with out.doing(f"reading {vectors}"):
        documents, asked = _read(vectors, queries, count)
    begin = process_time()
    with out.doing(f"building an index of {len(documents):,} rows"), spending() as build:
        index = BlockIndex.build(documents, values=cast("Values", values), threads=threads)
    built = {"cpu_s": process_time() - begin, "wall_s": build.seconds, "peak_bytes": build.peak_bytes}
    middle = len(asked) // 2 if len(asked) >= 2 * FEWEST_QUERIES else 0
    if middle:
        begin = process_time()
        with out.doing(f"choosing settings by {middle:,} queries"):
            index.tune(_rows(asked, range(middle)), depths=[k], vectors=documents)
        built["tune_cpu_s"] = process_time() - begin
    else:
        out.note(f"{len(asked):,} queries are too few to choose settings by: exact search alone is measured")
    measured = _rows(asked, range(middle, len(asked)))
    stats = index.stats()
    with out.doing(f"measuring {len(measured):,} queries, {rounds} times", moving=False):
        curve = _curve(index, documents, measured, k, rounds, RECALLS if middle else (1.0,))
    report = {
        "rows": len(documents), "entries": documents.nnz, "queries": len(measured), "k": k, "values": values,
        "bytes": stats["bytes"], "parts": stats["parts"], "build": built,
        "curve": curve,
    }  # fmt: skip
    if out.is_json:
        out.document(report)
    else:
        _show(out, report)


def _read(vectors: str, queries: str | None, count: int, seed: int = 0) -> tuple[SparseVectors, SparseVectors]:
    """Documents and queries."""
    import numpy as np

    if vectors.startswith(_SYNTHETIC):
        from gossamer.retrieval.synthetic import learned_sparse

        number = vectors.removeprefix(_SYNTHETIC)
        if not number.isdecimal() or int(number) < 1:
            raise UsageError(f"{vectors}: expected {_SYNTHETIC} and how many rows, as in {_SYNTHETIC}100000")
        documents, asked = learned_sparse(int(number), count)
        return documents, asked if queries is None else _load(queries)
    documents = _load(vectors)
    if queries is not None:
        return documents, _load(queries)
    if len(documents) < 4:
        raise UsageError(f"{vectors}: {len(documents)} rows are too few to hold some out; give --queries")
    order = np.random.default_rng(seed).permutation(len(documents))
    held_out = min(count, len(documents) // 2)
    kept, out = np.sort(order[held_out:]), order[:held_out]
    return _rows(documents, kept), _strongest(_rows(documents, out), _LONGEST)


def _load(path: str) -> SparseVectors:
    """Sparse vectors from a file, by what its name ends in."""
    from gossamer.retrieval.vectors import SparseVectors

    ending = Path(path).suffix
    try:
        if ending == ".jsonl":
            return SparseVectors.from_jsonl(path)[1]
        if ending == ".safetensors":
            return SparseVectors.load(path)
        if ending == ".npz":
            return _load_npz(path)
    except ValueError as error:
        raise GossamerError(f"{path}: {error}") from error
    raise UsageError(f"{path}: expected .safetensors, .npz or .jsonl")


def _load_npz(path: str) -> SparseVectors:
    """What ``scipy.sparse.save_npz`` wrote, without SciPy."""
    import zlib
    from zipfile import BadZipFile

    import numpy as np

    from gossamer.retrieval.vectors import SparseVectors

    try:
        with np.load(path, allow_pickle=False) as file:
            kind = bytes(file["format"][()]).decode()
            if kind == "csr":
                indptr, indices, values, shape = (file[name] for name in ("indptr", "indices", "data", "shape"))
    except (AttributeError, BadZipFile, EOFError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise GossamerError(f"{path}: not a matrix as scipy.sparse.save_npz writes it ({error})") from error
    if kind != "csr":
        raise GossamerError(f"{path}: a matrix in the format {kind}; save matrix.tocsr()")
    return SparseVectors(indptr, indices, values, int(shape[1]))


def _curve(
    index: BlockIndex, documents: SparseVectors, queries: SparseVectors, k: int, rounds: int, targets: Sequence[float]
) -> list[dict[str, Any]]:
    """Recall and latency at every target; targets take turns on the same queries."""
    import warnings

    from gossamer.app.demo.measuring import Trial, take_turns
    from gossamer.retrieval.block_index import Uncalibrated

    each = [queries[row] for row in range(len(queries))]
    names = [str(row) for row in range(len(queries))]

    def asking(target: float) -> Callable[[str], NDArray[np.int64]]:
        return lambda name: index.search(each[int(name)], k, recall=target)[0][0]

    trials = {str(target): Trial(asking(target), names) for target in targets}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Uncalibrated)  # the figures show it: they are those of exact search
        timed = take_turns(trials, rounds)
        costs = {target: index.cost(queries, k, recall=float(target)) for target in timed}
    least = _kth_best(documents, queries, k)
    curve = []
    for target, one in timed.items():
        right = [_right(documents, *those, k) for those in zip(each, one.answers, least, strict=True)]
        spent = sorted(one.microseconds)
        curve.append({
            "target": float(target), "recall": sum(right) / max(1, len(right)),
            "p50_us": spent[len(spent) // 2], "p99_us": spent[int(0.99 * len(spent))],
            **costs[target]._asdict(),
        })  # fmt: skip
    return curve


def _kth_best(documents: SparseVectors, queries: SparseVectors, k: int) -> list[float]:
    """The score of each query's k-th best row, by scoring every row as it was given; 0 where fewer share a term."""
    from gossamer.retrieval.block_index import BlockIndex

    scores = BlockIndex.build(documents).search(queries, k, exhaustive=True)[1]
    return [max(0.0, float(of_query[-1])) for of_query in scores]


def _right(documents: SparseVectors, query: SparseVectors, ids: NDArray[np.int64], least: float, k: int) -> float:
    """The share of the k best rows that are among ids: those whose true score reaches the k-th best."""
    import numpy as np

    weights = np.zeros(max(query.dim, documents.dim), np.float64)
    weights[query.indices] = query.values
    found = 0
    for row in ids[ids >= 0]:
        part = slice(documents.indptr[row], documents.indptr[row + 1])
        score = weights[documents.indices[part]] @ documents.values[part]
        found += bool(score >= least * (1 - _TOLERANCE))
    return found / k if least > 0 else 1.0


def _rows(vectors: SparseVectors, kept: Sequence[int] | NDArray[np.int64]) -> SparseVectors:
    """Some rows, in the order given."""
    import numpy as np

    from gossamer.retrieval.vectors import SparseVectors

    starts, lengths = vectors.indptr[:-1][kept], np.diff(vectors.indptr)[kept]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    entries = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], lengths)
    return SparseVectors(indptr, vectors.indices[entries], vectors.values[entries], vectors.dim, vectors.vocabulary)


def _strongest(vectors: SparseVectors, count: int) -> SparseVectors:
    """Every row's ``count`` largest entries."""
    import numpy as np

    from gossamer.retrieval.vectors import SparseVectors

    row = np.repeat(np.arange(len(vectors)), np.diff(vectors.indptr))
    order = np.lexsort((-vectors.values, row))
    kept = np.sort(order[np.arange(len(order)) - vectors.indptr[row] < count])
    indptr = np.searchsorted(row[kept], np.arange(len(vectors) + 1))
    return SparseVectors(indptr, vectors.indices[kept], vectors.values[kept], vectors.dim, vectors.vocabulary)


def _show(out: Output, report: Mapping[str, Any]) -> None:
    build, rows = report["build"], report["rows"]
    out.line(
        f"{rows:,} rows, {report['entries'] / max(1, rows):,.0f} terms a row, values {report['values']}; "
        f"{report['queries']:,} queries, top {report['k']}, one thread"
    )
    out.line(
        f"built in {build['wall_s']:.2f} s ({build['cpu_s']:.2f} s of processor time), "
        f"at most {size(build['peak_bytes'])} of memory"
    )
    out.line(f"{size(report['bytes'])}, {report['bytes'] / max(1, rows):,.0f} bytes a row")
    out.line()
    parts = sorted(report["parts"].items(), key=lambda part: -part[1])
    shares = [(name, size(count), f"{count / report['bytes']:.1%}") for name, count in parts]
    out.show(table("part", "size", "share", rows=shares, right=(1, 2)))
    out.line()
    points = [
        (
            _asked(one["target"]), f"{one['recall']:.4f}", f"{one['p50_us']:,.0f}", f"{one['p99_us']:,.0f}",
            f"{one['postings']:,.0f}", f"{one['scored']:,.0f}",
        )
        for one in report["curve"]
    ]  # fmt: skip
    columns = "recall asked", "measured", "p50 µs", "p99 µs", "postings read", "rows scored"
    out.show(table(*columns, rows=points, right=range(1, len(columns))))


def _asked(recall: float) -> str:
    return "exact" if recall == 1 else f"{recall:g}"
