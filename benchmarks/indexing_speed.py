"""Plain text in, committed index out: megabytes and documents a second, analysis included, beside tantivy.

Both store the text, ids and positions, hold 512 MiB and leave one durable segment. With one core, the threads of an
engine share it; with two, ours indexes on both and tantivy gets two writer threads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import recombined
from benchmarks.peers import Gossamer, Tantivy
from gossamer.frontier import Frontier

Build = Callable[[Mapping[str, str], Path], Any]
PEER = "tantivy en_stem"
ENGINES: dict[tuple[str, int], Build] = {
    ("gossamer", 1): Gossamer,
    ("gossamer, passages of 180", 1): partial(Gossamer, passages=180),
    (PEER, 1): partial(Tantivy, stored=True),
    ("gossamer", 2): partial(Gossamer, threads=2),
    ("gossamer, passages of 180", 2): partial(Gossamer, passages=180, threads=2),
    (PEER, 2): partial(Tantivy, stored=True, threads=2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    measure.pin(2)
    documents = {str(i): text for i, text in enumerate(recombined(arguments.documents))}
    megabytes = sum(len(text.encode()) for text in documents.values()) / 1e6
    setting = measure.setting(["tantivy"], seed=0, rounds=arguments.rounds)
    runs = _take_turns(documents, arguments.rounds)
    rows: list[dict[str, Any]] = [
        {
            "engine": engine, "cores": cores, "wall_s": [r["wall"] for r in of], "cpu_s": [r["cpu"] for r in of],
            "index_bytes": of[0]["bytes"],
        }
        for (engine, cores), of in runs.items()
    ]  # fmt: skip
    print(f"## Indexing {len(documents):,} documents, {megabytes:.1f} MB of text\n")
    one = next(row for row in rows if row["engine"] == PEER and row["cores"] == 1)
    report.table(
        ["engine", "cores", "MB/s", "documents/s", "MB/s of CPU time", "index MB",
         "wall, as fast as tantivy on one core (least-most round)"],
        [_row(row, one, megabytes, len(documents)) for row in rows],
    )  # fmt: skip
    for engine, _ in [key for key in ENGINES if key[1] == 2]:
        alone, together = ([r["wall"] for r in runs[engine, cores]] for cores in (1, 2))
        middle, least, most = measure.ratio(alone, together)
        print(f"{engine}: two cores are {middle:.2f} times as fast as one ({least:.2f}-{most:.2f})")
    print()
    frontier = Frontier(quality="MB of text a second", cost="index_bytes", title=f"{len(documents):,} documents")
    for row in rows:
        name = f"{row['engine']}, {row['cores']} core{'s' if row['cores'] > 1 else ''}"
        frontier.add(name, megabytes / median(row["wall_s"]), row["index_bytes"])
    report.save("indexing_speed", setting, {"megabytes": megabytes, "runs": rows}, [frontier])


def _take_turns(documents: Mapping[str, str], rounds: int) -> dict[tuple[str, int], list[dict[str, float]]]:
    runs: dict[tuple[str, int], list[dict[str, float]]] = {key: [] for key in ENGINES}
    for number in range(rounds + 1):  # the first round warms and is not counted
        for (engine, cores), build in ENGINES.items():
            with tempfile.TemporaryDirectory() as work, measure.on_cores(cores):
                wall, cpu = time.perf_counter(), time.process_time()
                build(documents, Path(work) / "index")
                spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
                spent["bytes"] = sum(path.stat().st_size for path in Path(work).rglob("*") if path.is_file())
            if number > 0:
                runs[engine, cores].append(spent)
    return runs


def _row(row: dict[str, Any], peer: dict[str, Any], megabytes: float, documents: int) -> list[str]:
    wall, cpu = median(row["wall_s"]), median(row["cpu_s"])
    middle, least, most = measure.ratio(peer["wall_s"], row["wall_s"])
    return [
        row["engine"], row["cores"], f"{megabytes / wall:.1f}", f"{documents / wall:,.0f}", f"{megabytes / cpu:.1f}",
        f"{row['index_bytes'] / 1e6:.1f}", "1" if row is peer else f"{middle:.2f} ({least:.2f}-{most:.2f})",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
