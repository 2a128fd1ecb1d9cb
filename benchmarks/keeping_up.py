"""What does it cost to index a folder again in which nothing, little or everything has changed?

The command as people run it, a process each time: wall time, processor time and the most memory it held. The naive
choice beside it is `--full`, which reads every file and compares. The memory of a million files is measured apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import recombined
from gossamer.retrieval.index.ledger import FileRecord, Ledger, LedgerBuilder, State
from gossamer.retrieval.index.storage import Storage

YESTERDAY = time.time() - 86_400
MIB = 1 << 20
_COMMAND = "from gossamer.app.cli import main; main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passages", type=int, default=4, help="real passages in a file; 0 writes five words")
    parser.add_argument("--remembered", type=int, default=1_000_000, help="files of the ledger that is measured apart")
    arguments = parser.parse_args()
    measure.pin(2)
    setting = measure.setting([], seed=0, rounds=arguments.rounds, passages=arguments.passages)
    with tempfile.TemporaryDirectory() as work:
        texts = _texts(arguments.files, arguments.passages)
        rows = _rows(Path(work), texts, arguments.rounds)
        rows.append(_ledger(Path(work), arguments.remembered))
    *runs, ledger = rows
    megabytes = sum(map(len, texts)) / 1e6
    print(f"## Indexing a folder again: {arguments.files:,} files, {megabytes:.1f} MB of text\n")
    first = runs[0]
    report.table(
        ["run", "wall s", "CPU s", "% of the first run's wall (least-most round)", "most memory MiB"],
        [
            [
                row["run"], f"{median(row['wall']):.2f}", f"{median(row['cpu']):.2f}",
                "{:.1f} ({:.1f}-{:.1f})".format(*(100 * x for x in measure.ratio(row["wall"], first["wall"]))),
                f"{max(row['memory']) / MIB:.0f}",
            ]
            for row in runs
        ],
    )  # fmt: skip
    report.table(
        ["files remembered", "ledger MB", "to write s", "to read and check s", "to look up every path s", "memory MiB"],
        [[f"{ledger['files']:,.0f}", f"{ledger['bytes'] / 1e6:.0f}", f"{ledger['write']:.2f}", f"{ledger['read']:.2f}",
          f"{ledger['find']:.2f}", f"{ledger['memory'] / MIB:.0f}"]],
    )  # fmt: skip
    report.save("keeping_up", setting, rows)


def _texts(files: int, passages: int) -> list[str]:
    if not passages:
        return [f"note number {number} about wings" for number in range(files)]
    pieces = recombined(files * passages)
    return ["\n\n".join(pieces[at : at + passages]) for at in range(0, len(pieces), passages)]


def _rows(work: Path, texts: list[str], rounds: int) -> list[dict[str, Any]]:
    measured: dict[str, list[dict[str, float]]] = {}
    for number in range(rounds):
        folder, index = work / f"notes-{number}", work / f"{number}.gossamer"
        files = _write(folder, texts)
        few = files[:: max(1, len(files) // 100)]
        runs: dict[str, tuple[Callable[[], Any], list[str]]] = {
            "first": (lambda: None, []),
            "nothing changed": (lambda: None, []),
            "nothing changed, `--full`": (lambda: None, ["--full"]),
            "1 % changed": (lambda few=few: [_put(file, file.read_text() + " Anew.") for file in few], []),
            "1 % gone": (lambda few=few: [file.unlink() for file in few], []),
            "every file touched": (lambda files=files: [os.utime(f, (1e9, 1e9)) for f in files if f.exists()], []),
        }  # fmt: skip
        for name, (change, options) in runs.items():
            change()
            measured.setdefault(name, []).append(_run(folder, index, options))
    return [{"run": name, **{key: [one[key] for one in of] for key in of[0]}} for name, of in measured.items()]


def _write(folder: Path, texts: list[str]) -> list[Path]:
    files = []
    for number, text in enumerate(texts):
        file = folder / f"{number // 500:03d}" / f"note-{number:06d}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        _put(file, text)
        files.append(file)
    return files


def _put(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    os.utime(file, (YESTERDAY, YESTERDAY))


def _run(folder: Path, index: Path, options: list[str]) -> dict[str, float]:
    command = [sys.executable, "-c", _COMMAND, "index", str(folder), "-o", str(index), *options]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = status
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}


def _ledger(work: Path, files: int) -> dict[str, Any]:
    """Write, read and look up a ledger of many files, in a process of its own for its memory."""
    command = [sys.executable, "-c", f"from benchmarks.keeping_up import ledger; ledger({str(work)!r}, {files})"]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return dict(zip(("files", "bytes", "write", "read", "find", "memory"), map(float, made), strict=True))


def ledger(work: str, files: int) -> None:
    """Print the figures of `_ledger`."""
    builder = LedgerBuilder()
    builder.begin("notes", "/home/notes", "{}")
    paths = [f"notes/{number // 500:05d}/note-{number:07d}.txt" for number in range(files)]
    for path in paths:
        builder.add(FileRecord(path, len(path), 1, path.encode()[-16:], State.WHOLE, [path[6:]]))
    storage = Storage(Path(work))
    made = builder.finish()
    started = time.perf_counter()
    entry = made.write(storage, "ledger.gsm", 1, 1)
    written = time.perf_counter()
    del made, builder
    before = _memory()
    read = Ledger.read(storage, entry)
    opened = time.perf_counter()
    found = sum(int((read.find(0, paths[at : at + 4096]) >= 0).sum()) for at in range(0, files, 4096))
    done = time.perf_counter()
    assert found == files
    print(files, entry.bytes, written - started, opened - written, done - opened, _memory() - before)


def _memory() -> int:
    """Bytes that this process holds, mapped pages included."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024


if __name__ == "__main__":
    main()
