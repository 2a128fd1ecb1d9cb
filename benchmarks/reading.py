"""How long does reading take, and how much memory does the subprocess need that parses? Every PDF of a folder.

Files are read as `gossamer index` reads them: each by a sandbox of its own, for its resident size, then all by one.
OCR is apart: with `--ocr` the pages of scans are read by the extra `ocr` and counted by the minute.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import measure, report
from benchmarks.corpora import DATA
from gossamer.errors import Unreadable
from gossamer.text.readers import ocr
from gossamer.text.readers.pdf import PdfReader
from gossamer.text.readers.registry import Options
from gossamer.text.readers.sandbox import Sandbox

FOLDER = DATA / "documents"
NO_TEXT = "no text layer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ocr", action="store_true", help="read the scans too, some minutes")
    parser.add_argument("--one", metavar="FILE", help="one file, as a line of text")
    arguments = parser.parse_args()
    if arguments.one:
        print(*_read_once(Path(arguments.one), arguments.ocr))
        return
    measure.pin()
    files = sorted(FOLDER.glob("*/*.pdf"))
    rows = [_in_a_process(path, with_ocr=False) for path in files]
    started = time.perf_counter()
    with Sandbox() as sandbox:
        for path in files:
            _read(sandbox, path, with_ocr=False)
    together = time.perf_counter() - started
    scans = [_in_a_process(path, with_ocr=True) for row, path in zip(rows, files, strict=True)
             if arguments.ocr and row["reason"].startswith(NO_TEXT)]  # fmt: skip
    _show(rows, together, scans)
    versions = ["pypdfium2", *(["rapidocr", "onnxruntime"] if scans else [])]
    report.save("reading", measure.setting(versions), {"files": rows, "seconds_together": together, "ocr": scans})


def _in_a_process(path: Path, with_ocr: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.reading", "--one", str(path), *(["--ocr"] if with_ocr else [])]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, peak, pages, characters, reason = output.rstrip("\n").split(maxsplit=4)
    return {
        "file": path.relative_to(FOLDER).as_posix(), "seconds": float(seconds), "peak_bytes": int(peak),
        "pages": int(pages), "characters": int(characters), "reason": reason.strip("'"),
    }  # fmt: skip


def _read_once(path: Path, with_ocr: bool) -> tuple[float, int, int, int, str]:
    with Sandbox() as sandbox:
        started = time.perf_counter()
        pages, characters, reason = _read(sandbox, path, with_ocr)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return seconds, peak, pages, characters, repr(reason)


def _read(sandbox: Sandbox, path: Path, with_ocr: bool) -> tuple[int, int, str]:
    from benchmarks.reading import (
        TextLayerReader as WithoutOcr,
    )  # not of `__main__`, which the subprocess cannot import

    reader = PdfReader() if with_ocr else WithoutOcr()
    try:
        (document,) = sandbox.read(reader, str(path), Options())
    except Unreadable as error:
        return 0, 0, error.reason
    return int(str(document.fields["pages"])), len(document.text), ""


class TextLayerReader(PdfReader):
    """A reader for whom OCR is not installed, also where it is."""

    def read(self, *arguments: Any) -> Any:
        ocr.is_installed = lambda: False  # in the subprocess, which reads nothing else
        return super().read(*arguments)


def _show(rows: list[dict[str, Any]], together: float, scans: list[dict[str, Any]]) -> None:
    readable = [row for row in rows if not row["reason"]]
    print("## Reading PDFs\n")
    report.table(
        ["files", "read", "pages", "characters", "s, one after the other", "slowest s", "largest peak MiB"],
        [(len(rows), len(readable), sum(row["pages"] for row in rows), f"{sum(r['characters'] for r in rows):,}",
          f"{together:.1f}", f"{max(row['seconds'] for row in rows):.1f}",
          f"{max(row['peak_bytes'] for row in rows) / 2**20:.0f}")],
    )  # fmt: skip
    if scans:
        read = [row for row in scans if not row["reason"]]
        pages, seconds = sum(row["pages"] for row in read), sum(row["seconds"] for row in read)
        report.table(
            ["scans", "pages", "characters", "pages a minute", "largest peak MiB"],
            [(len(read), pages, f"{sum(row['characters'] for row in read):,}", f"{60 * pages / seconds:.1f}",
              f"{max(row['peak_bytes'] for row in read) / 2**20:.0f}")],
        )  # fmt: skip


if __name__ == "__main__":
    main()
