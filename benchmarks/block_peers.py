"""BlockIndex beside Seismic, BMP and term at a time: at each recall the cheapest setting of each, one core, k = 10.

Peers' settings are chosen on the queries that are measured, to their advantage; ours on other queries alone. Passes of
all engines alternate, a query's time is the best of its passes. Peers' indexes and the recall of their settings are
kept under out/peers/, so that a run goes on where the last one stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure, report, sparse_data, sparse_peers
from benchmarks.sparse_truth import Truth
from gossamer.frontier import Frontier
from gossamer.retrieval import BlockIndex

K = 10
RECALLS = (0.90, 0.95, 0.98, 0.99)
_SLOW_US, _SLOW_QUERIES = 5_000, 50
OURS = "gossamer"


@dataclass
class System:
    """One engine at one setting: what it cost to make, how much it finds, and how it is called with query i."""

    engine: str
    setting: str
    recall: float
    build_s: float
    bytes: int
    call: Callable[[int], Any]
    quick_us: float = 0.0  # median time of the one pass that found its recall
    naive: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["synthetic:100000", "real"], metavar="synthetic:N|real")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--values", default="f16", help="how ours keeps values: f32, f16 or u8")
    parser.add_argument("--ours", type=Path, metavar="INDEX", help="ours alone, as JSON: for another GOSSAMER_CPU")
    arguments = parser.parse_args()
    measure.pin()
    if arguments.ours:
        print(json.dumps(_ours_alone(arguments.data[0], arguments.ours, arguments.passes)))
        return
    packages = ["pyseismic-lsr", "bmp", "numba", "scipy", "numpy"]
    setting = measure.setting(packages, seed=0, passes=arguments.passes, values=arguments.values, k=K)
    tables, frontiers = {}, []
    for data in arguments.data:
        with tempfile.TemporaryDirectory() as work:
            tables[data], frontier = _measure(data, arguments.values, arguments.passes, Path(work))
        frontiers.append(frontier)
        report.save("block_peers", setting, tables, frontiers)


def _measure(data: str, values: str, passes: int, work: Path) -> tuple[list[dict[str, Any]], Frontier]:
    vectors = sparse_data.named(data)
    truth = Truth(vectors.name, vectors.documents, vectors.queries)
    queries = sparse_peers.split(vectors.queries)
    chosen: dict[float, list[System]] = {recall: [] for recall in RECALLS}
    exact: list[System] = []
    naive: list[System] = []
    for engine in sparse_peers.engines(len(vectors.documents)):
        found = _settings(engine, data, queries, truth)
        if len(found) > 1 and not engine.naive:
            for recall, fitting in chosen.items():
                enough = [one for one in found if one.recall >= recall]
                fitting += [min(enough, key=lambda one: one.quick_us)] if enough else []
        if engine.exact:
            exact.append(found[0])
        elif engine.naive:
            naive += found
    ours = _ours(vectors, truth, work, _build_ours(vectors, values, work))
    exact.append(_scipy(vectors))
    systems = {_name(one): one for row in (*chosen.values(), exact, naive, ours.values()) for one in row}
    times = _times(systems, len(queries), passes)
    print(
        f"## {len(vectors.documents):,} documents, {vectors.name}, k = {K}, one core\n\n{len(queries)} queries; "
        f"{vectors.documents.nnz / len(vectors.documents):.0f} terms a document, "
        f"{vectors.queries.nnz / len(queries):.0f} a query.\n"
    )
    tables = {f"recall {wanted}": (ours.get(wanted, ours[1.0]), chosen[wanted]) for wanted in RECALLS}
    tables |= {"exact": (ours[1.0], exact), "naive": (ours[1.0], naive)}
    rows = []
    for title, (mine, peers) in tables.items():
        of_table = [_row(title, one, times[_name(one)], mine, times[_name(mine)]) for one in (mine, *peers)]
        rows += of_table
        _show(title, of_table)
    rows += _other_cpu(data, work, passes)
    return rows, _frontier(data, systems, times)


def _times(systems: Mapping[str, System], queries: int, passes: int) -> dict[str, measure.Timing]:
    """In turns; those that need milliseconds are asked a few of the queries."""
    slow = {name: one.call for name, one in systems.items() if one.quick_us > _SLOW_US}
    quick = {name: one.call for name, one in systems.items() if name not in slow}
    times = measure.take_turns(quick, range(queries), passes, min)
    return times | (
        measure.take_turns(slow, range(0, queries, max(1, queries // _SLOW_QUERIES)), 1, min) if slow else {}
    )


def _settings(
    engine: sparse_peers.Engine, data: str, queries: Sequence[sparse_peers.Row], truth: Truth
) -> list[System]:
    """Every setting of a peer; what was measured before is read."""
    facts = sparse_peers.built(engine, data)
    prepared = [engine.prepare(query) for query in queries]
    path = sparse_peers.place(data, engine.name).with_suffix(".settings.json")
    known: dict[str, tuple[float, float]] = json.loads(path.read_text()) if path.exists() else {}
    found = []
    for setting in engine.settings:
        name = ", ".join(f"{key} {value:g}" for key, value in setting.items())

        def call(i: int, setting: sparse_peers.Setting = setting) -> Sequence[int]:
            return engine.search(prepared[i], K, setting)

        if name not in known:
            answers, spent = [], []
            for i in range(len(queries)):
                begin = time.perf_counter_ns()
                answers.append(call(i))
                spent.append((time.perf_counter_ns() - begin) / 1e3)
            known[name] = truth.recall(answers), median(spent)
            path.write_text(json.dumps(known, indent=1))
        recall, quick = known[name]
        found.append(System(engine.name, name, recall, facts["build_s"], facts["bytes"], call, quick, engine.naive))
    return found


def _build_ours(vectors: sparse_data.Vectors, values: Any, path: Path) -> float:
    """Save our index, its settings chosen on the calibration queries, never on those measured; seconds of the build."""
    begin = time.process_time()
    index = BlockIndex.build(vectors.documents, values=values, threads=1)
    built = time.process_time()
    index.tune(vectors.calibration, depths=[K], vectors=vectors.documents)
    print(f"ours: built in {built - begin:.1f} s, tuned in {time.process_time() - built:.1f} s", file=sys.stderr)
    index.save(path)
    return built - begin


def _ours(vectors: sparse_data.Vectors, truth: Truth, path: Path, build_s: float) -> dict[float, System]:
    """Ours at each recall, 1 for exact."""
    index = BlockIndex.open(path)
    size = sum(file.stat().st_size for file in path.iterdir())
    queries = [vectors.queries[i] for i in range(len(vectors.queries))]
    systems = {}
    for wanted in (*RECALLS, 1.0):

        def call(i: int, wanted: float = wanted) -> Any:
            return index.search(queries[i], K, recall=wanted)

        recall = truth.recall([call(i)[0][0] for i in range(len(queries))])
        systems[wanted] = System(OURS, f"recall {wanted:g}", recall, build_s, size, call)
    return systems


def _scipy(vectors: sparse_data.Vectors) -> System:
    """The product of all documents with a dense query: what needs no index."""
    import numpy as np

    matrix = vectors.documents.to_scipy()
    dense = vectors.queries.to_scipy()

    def call(i: int) -> Any:
        scores = matrix @ dense[[i]].toarray()[0]
        return np.argpartition(scores, -K)[-K:]

    size = sum(part.nbytes for part in (matrix.data, matrix.indices, matrix.indptr))
    return System("scipy product", "", 1.0, 0.0, size, call, float("inf"), naive=True)


def _ours_alone(data: str, path: Path, passes: int) -> list[dict[str, Any]]:
    vectors = sparse_data.named(data)
    ours = _ours(vectors, Truth(vectors.name, vectors.documents, vectors.queries), path, 0.0)
    calls = {_name(one): one.call for one in ours.values()}
    times = measure.take_turns(calls, range(len(vectors.queries)), passes, min)
    return [_row("AVX2", one, times[_name(one)], one, times[_name(one)]) for one in ours.values()]


def _other_cpu(data: str, path: Path, passes: int) -> list[dict[str, Any]]:
    """Ours, already built, in a process of its own that uses AVX2 alone."""
    command = [sys.executable, "-m", "benchmarks.block_peers", data, "--ours", str(path), "--passes", str(passes)]
    environment = {**os.environ, "GOSSAMER_CPU": "avx2"}
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows: list[dict[str, Any]] = json.loads(output)
    for row in rows:
        row["engine"] = f"{OURS}, AVX2"
    _show("AVX2 alone", rows)
    return rows


def _name(system: System) -> str:
    return ", ".join(filter(None, (system.engine, system.setting)))


def _row(
    title: str, system: System, timing: measure.Timing, ours: System, our_timing: measure.Timing
) -> dict[str, Any]:
    """One line: the figures of a system, and ours as shares of them."""
    facts = {key: value for key, value in asdict(system).items() if key != "call"}
    p50, p99 = timing.percentile(0.5), timing.percentile(0.99)
    return {
        "table": title, **facts, "p50_us": p50, "p99_us": p99, **timing.to_dict(),
        "ours_p50": our_timing.percentile(0.5) / p50, "ours_p99": our_timing.percentile(0.99) / p99,
        "ours_bytes": ours.bytes / system.bytes, "ours_build": ours.build_s / (system.build_s or float("inf")),
    }  # fmt: skip


def _show(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    lines = []
    for row in rows:
        figures = [f"{row['recall']:.4f}", *(f"{row[key]:.0f}" for key in ("p50_us", "p99_us", "cpu_us"))]
        ratios = [f"{row[f'ours_{part}']:.2f}" for part in _PARTS]
        made = [f"{row['bytes'] / 1e6:.0f}", f"{row['build_s']:.1f}"]
        name = ", ".join(filter(None, (row["engine"], row["setting"])))
        lines.append([name, *figures, *made, *ratios])
    ours = [f"ours/its {part}" for part in _PARTS]
    report.table([title, "recall", "p50 µs", "p99 µs", "CPU µs", "MB", "build s", *ours], lines)


_PARTS = ("p50", "p99", "bytes", "build")


def _frontier(data: str, systems: Mapping[str, System], times: Mapping[str, measure.Timing]) -> Frontier:
    frontier = Frontier(quality="recall@10", cost="latency_us", title=f"{data}: median time of a query")
    for name, one in systems.items():
        frontier.add(one.engine, one.recall, times[name].percentile(0.5), naive=one.naive, label=one.setting)
    return frontier


if __name__ == "__main__":
    main()
