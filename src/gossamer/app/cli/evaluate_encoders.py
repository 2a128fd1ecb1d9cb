"""``gossamer evaluate COLLECTION --encoder E``: encoders over a test collection, how good and at what cost."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gossamer.app.cli.evaluated import show
from gossamer.app.cli.long_texts import said_once
from gossamer.app.cli.output import Output, size
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer.retrieval.collections import Collection
    from gossamer.retrieval.encoder_evaluation import Costs, Report, System

_COSTS = {"flops": "query_flops", "latency": "latency_us", "bytes": "index_bytes"}


class Place(NamedTuple):
    """Which collection, as the options say it."""

    place: str
    queries: str | None
    qrels: str | None
    split: str | None
    judged_only: bool
    binary: bool


class Options(NamedTuple):
    """What is done over it, as the options say it."""

    encoders: Sequence[str]
    measures: Sequence[str] | None
    depth: int
    cache: str | None
    plot: str | None
    cost: str
    save_run: str | None
    per_query: bool


def over_collection(out: Output, place: Place, options: Options) -> None:
    """Evaluate encoders and write what was found.

    Raises:
        UsageError: The collection or an encoder cannot be read, or an option is wrong.
    """
    from gossamer.retrieval.encoder_evaluation import MEASURES, evaluate_encoders

    if options.cost not in _COSTS:
        raise UsageError(f"--cost {options.cost!r} must be one of {', '.join(_COSTS)}")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with out.doing("reading the collection"):
            collection = _read(place)
        systems = _systems(options.encoders)
        with said_once(out), out.progress("encoding", "documents") as bar:
            seen: dict[str, int] = {}

            def progress(system: str, done: int, total: int) -> None:
                bar.add(done - seen.get(system, 0))
                seen[system] = done

            report = evaluate_encoders(
                collection, systems, options.measures or MEASURES, depth=options.depth, cache=_cache(options.cache),
                progress=progress,
            )  # fmt: skip
    for text in dict.fromkeys(str(warning.message) for warning in told):
        out.note(text)
    if options.save_run:
        _save_runs(Path(options.save_run), report)
    if options.plot:
        _plot(report, options.plot, options.cost)
    if out.is_json:
        out.document(report.to_dict())
    else:
        costs = {name: one.costs for name, one in report.systems.items()}
        quality = {name: one.quality for name, one in report.systems.items()}
        show(out, quality, report.comparisons, options.per_query, _cost_rows(costs))


def _read(place: Place) -> Collection:
    from gossamer.retrieval.collections import read_collection

    found = read_collection(
        place.place, queries=place.queries, qrels=place.qrels, split=place.split, judged_only=place.judged_only
    )
    return found.binary() if place.binary else found


def _systems(specs: Sequence[str]) -> dict[str, System]:
    from gossamer.retrieval.encoder_evaluation import System

    systems: dict[str, System] = {}
    for spec in specs:
        folder, plus, rest = spec.partition("+bm25")
        short = Path(folder).name + plus + rest if Path(folder).is_dir() else spec
        name = spec if short in systems else short
        if name in systems:
            raise UsageError(f"--encoder {spec} is given twice")
        systems[name] = System.named(spec)
    return systems


def _cache(given: str | None) -> Path | None:
    """The folder for document vectors; by default the user's cache."""
    if given == "off":
        return None
    if given is not None:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "gossamer" / "vectors"


def _save_runs(path: Path, report: Report) -> None:
    from gossamer.retrieval.runs import write_run

    if len(report.systems) == 1:
        (one,) = report.systems.values()
        write_run(path, one.run)
        return
    path.mkdir(parents=True, exist_ok=True)
    for name, one in report.systems.items():
        write_run(path / (re.sub(r"[^A-Za-z0-9.+:_-]", "_", name) + ".trec"), one.run)


def _plot(report: Report, path: str, cost: str) -> None:
    from gossamer.frontier import Frontier
    from gossamer.intervals import bootstrap_interval

    first = next(iter(report.systems.values())).quality
    measure = next(iter(first.mean))
    frontier = Frontier(quality=measure, cost=_COSTS[cost], title=report.collection)
    of: Callable[[Costs], float] = {
        "flops": lambda c: c.flops, "latency": lambda c: c.latency_us[0], "bytes": lambda c: float(c.index_bytes),
    }[cost]  # fmt: skip
    for name, one in report.systems.items():
        values = list(one.quality.values(measure).values())
        interval = bootstrap_interval(values, seed=0) if len(values) > 1 else None
        frontier.add(name, one.quality.mean[measure], of(one.costs), interval=interval)
    frontier.plot(path)


def _cost_rows(costs: Mapping[str, Costs]) -> list[Sequence[str]]:
    def microseconds(pair: tuple[float, float]) -> str:
        return f"{pair[0]:,.0f} ({pair[1]:,.0f})"

    rows: list[tuple[str, Callable[[Costs], str]]] = [
        ("FLOPS: shared terms", lambda c: f"{c.flops:.3g}"),
        ("terms a query", lambda c: f"{c.query_terms:.1f}"),
        ("terms a document", lambda c: f"{c.document_terms:.1f}"),
        ("index", lambda c: size(c.index_bytes)),
        ("documents/s", lambda c: f"{c.documents_per_second:,.0f}" + ("*" if c.cached else "")),
        ("query to vector, µs p50 (p99)", lambda c: microseconds(c.encode_us)),
        ("vector to top 10, µs p50 (p99)", lambda c: microseconds(c.search_us)),
        ("both, µs p50 (p99)", lambda c: microseconds(c.latency_us)),
    ]
    if any(one.cached for one in costs.values()):
        rows.append(("* when they were encoded", lambda c: ""))
    return [(name, *(cell(one) for one in costs.values())) for name, cell in rows]
