"""Is memory while indexing bounded by the setting, whatever the size of the corpus?

Each run is a process of its own that streams documents from a file; its base is what it holds after committing one.
Mapped pages of the index count in the resident size, though the system takes them back at will: "own" leaves them out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import recombined
from gossamer.retrieval.index import Index

SETTINGS = ("64MiB", "512MiB")
GROWTH = 4
MIB = 1 << 20
SAMPLED_EVERY = 0.002  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=400_000, help="of the smaller corpus")
    parser.add_argument("--run", nargs=3, metavar=("CORPUS", "DOCUMENTS", "MEMORY"), help="one run, as JSON")
    arguments = parser.parse_args()
    if arguments.run:
        corpus, documents, memory = arguments.run
        print(json.dumps(index_once(Path(corpus), int(documents), memory)))
        return
    measure.pin(2)
    setting = measure.setting([], seed=0, threads=2)
    rows = []
    with tempfile.TemporaryDirectory() as work:
        corpus = Path(work) / "corpus.jsonl"
        _write(corpus, recombined(arguments.documents * GROWTH))
        for memory in SETTINGS:
            for times in (1, GROWTH):
                rows.append(_run(corpus, arguments.documents * times, memory))
    print("## Memory while indexing\n")
    report.table(
        ["setting", "documents", "text MB", "base MiB", "adding: own MiB over base", "with mapped pages",
         "committing: own MiB over base", "with mapped pages", "segments written"],
        [_row(row) for row in rows],
    )  # fmt: skip
    report.save("indexing_memory", setting, rows)


def _write(corpus: Path, texts: list[str]) -> None:
    with corpus.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts):
            lines.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")


def _run(corpus: Path, documents: int, memory: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.indexing_memory", "--run", str(corpus), str(documents), memory]
    return {"memory": memory, **json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)}


def _row(row: dict[str, Any]) -> list[str]:
    def over(phase: str, kind: str) -> str:
        return f"{(row[phase][kind] - row['base'][kind]) / MIB:,.0f}"

    return [
        row["memory"], f"{row['documents']:,}", f"{row['text_bytes'] / 1e6:,.0f}",
        f"{row['base']['resident'] / MIB:,.0f}",
        over("adding", "own"), over("adding", "resident"), over("committing", "own"), over("committing", "resident"),
        row["segments_written"],
    ]  # fmt: skip


class Peak:
    """A context that notes the most memory this process held inside it: bytes, resident and own.

    getrusage() would not do: its peak is inherited from the process that started this one.
    """

    def __enter__(self) -> Peak:
        self.bytes = {"resident": 0, "own": 0}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            for kind, now in memory_now().items():
                self.bytes[kind] = max(self.bytes[kind], now)
            if self._done.wait(SAMPLED_EVERY):
                return


def memory_now() -> dict[str, int]:
    """Bytes that this process holds, from the system."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    own = int(lines["RssAnon"].split()[0]) * 1024
    return {"resident": int(lines["VmRSS"].split()[0]) * 1024, "own": own}


def index_once(corpus: Path, documents: int, memory: str) -> dict[str, Any]:
    """Index the first ``documents`` lines, and measure."""
    text_bytes = 0

    def stream() -> Iterator[dict[str, str]]:
        nonlocal text_bytes
        with corpus.open(encoding="utf-8") as lines:
            for _, line in zip(range(documents), lines, strict=False):
                document = json.loads(line)
                text_bytes += len(document["text"].encode())
                yield document

    with tempfile.TemporaryDirectory() as work:
        index = Index.create(Path(work) / "index", memory=memory, threads=2)
        index.add(["first"])
        index.commit()
        base = memory_now()
        with Peak() as adding:
            index.add(stream())
        written = len(list(Path(work).rglob("segment-*"))) - 1
        with Peak() as committing:
            index.commit()
    return {
        "documents": documents, "text_bytes": text_bytes, "base": base, "adding": adding.bytes,
        "committing": committing.bytes, "segments_written": written,
    }  # fmt: skip


if __name__ == "__main__":
    main()
