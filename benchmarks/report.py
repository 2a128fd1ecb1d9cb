"""Writes a benchmark down: a Markdown table on standard output, JSON and the picture under benchmarks/out/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gossamer.frontier import Frontier, plot_panels

OUT = Path(__file__).with_name("out")


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a Markdown table; floats must be formatted by the caller."""
    print("| " + " | ".join(headers) + " |\n|" + " --- |" * len(headers))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


def save(name: str, setting: Mapping[str, Any], rows: Any, frontiers: Sequence[Frontier] = ()) -> None:
    """Write ``out/NAME.json`` and, with frontiers, ``out/NAME.svg``, and print the setting."""
    OUT.mkdir(exist_ok=True)
    record = {
        "benchmark": name, "setting": setting, "rows": rows, "frontiers": [json.loads(f.to_json()) for f in frontiers],
    }  # fmt: skip
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if frontiers:
        plot_panels(frontiers, OUT / f"{name}.svg")
    versions = ", ".join(f"{package} {version}" for package, version in setting["versions"].items())
    others = ", ".join(f"{key} {value}" for key, value in setting.items() if key not in ("versions", "cpu"))
    print(f"{setting['cpu']}; {others}; {versions}\nWritten to {path.relative_to(Path(__file__).parents[1])}\n")
