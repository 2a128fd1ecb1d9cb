"""Whatever a file does to its reader, the program goes on, says what happened and leaves no process behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hostile_readers import (
    AbortingReader,
    CrashingReader,
    EndlessReader,
    FaultyReader,
    GreedyReader,
    HonestReader,
    SleepingReader,
    WritingReader,
)
from tiny_pdf import tiny_pdf

from gossamer.errors import GossamerError, Unreadable
from gossamer.text.documents import Span
from gossamer.text.readers.pdf import PdfReader
from gossamer.text.readers.registry import MIB, Options
from gossamer.text.readers.sandbox import Sandbox


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("one\nbad\nthr\u00e9e\U0001f600\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def sandbox():
    with Sandbox(seconds=1, memory=256 * MIB) as sandbox:
        yield sandbox


def is_running(pid):
    """Whether a process exists, be it as a zombie."""
    return Path(f"/proc/{pid}").exists() if sys.platform == "linux" else not _is_gone(pid)


def _is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_documents_spans_and_skipped_records_come_back_as_the_reader_gave_them(sandbox, file):
    skipped = []
    options = Options(document_id="id", skip=lambda where, reason: skipped.append((where, reason)))
    first, second = sandbox.read(HonestReader(), file, options)
    assert (first.id, first.text, first.title) == ("id#1", "one", "t")
    assert (second.id, second.text) == ("id#3", "thr\u00e9e\U0001f600")
    assert first.spans == (Span("heading", 0, 1, "o", 2),)
    assert first.fields["pid"] != os.getpid()
    assert skipped == [(f"{file}:2", "a bad line")]


def test_one_process_serves_many_files(sandbox, file):
    options = Options(skip=lambda where, reason: None)
    pids = {document.fields["pid"] for _ in range(3) for document in sandbox.read(HonestReader(), file, options)}
    assert len(pids) == 1


def test_half_a_surrogate_pair_passes_through_the_pipe(sandbox, tmp_path):
    path = tmp_path / "bytes.txt"
    path.write_bytes(b"a\xffb\n")
    (document,) = sandbox.read(HonestReader(), str(path), Options())
    assert document.text == "a\udcffb"


def test_the_reason_of_the_reader_is_kept(sandbox, tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("one\nbroken\ntwo\n")
    documents = sandbox.read(HonestReader(), str(path), Options())
    assert next(documents).text == "one"
    with pytest.raises(Unreadable, match=r"broken$") as caught:
        next(documents)
    assert caught.value.path == str(path)


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        (EndlessReader(), "took longer than 1 s"),
        (SleepingReader(), "took longer than 1 s"),
        (GreedyReader(), "needed more than 256 MiB of memory"),
        (CrashingReader(), "the parser crashed (SIGSEGV)"),
        (AbortingReader(), "the parser crashed (SIGABRT) or needed more than 256 MiB of memory"),
        (FaultyReader(), "the parser failed (ZeroDivisionError: of all things)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HonestReader) else "",
)
def test_a_reader_that_overruns_or_fails_is_reported_and_the_next_file_is_read(sandbox, file, reader, reason):
    with pytest.raises(Unreadable) as caught:
        list(sandbox.read(reader, file, Options()))
    assert (caught.value.path, caught.value.reason) == (file, reason)
    options = Options(skip=lambda where, reason: None)
    assert [document.text for document in sandbox.read(HonestReader(), file, options)] == [
        "one",
        "thr\u00e9e\U0001f600",
    ]


def test_documents_before_the_overrun_are_delivered(sandbox, file):
    documents = sandbox.read(EndlessReader(), file, Options())
    assert next(documents).id == "first"
    with pytest.raises(Unreadable, match="took longer"):
        next(documents)


def test_time_that_the_caller_takes_is_not_the_readers(sandbox, file):
    seen = []
    for document in sandbox.read(HonestReader(), file, Options(skip=lambda where, reason: time.sleep(1.5))):
        time.sleep(1.5)
        seen.append(document.text)
    assert len(seen) == 2


def test_what_a_parser_prints_is_no_answer_and_it_writes_no_file(sandbox, file):
    with pytest.raises(Unreadable, match=f"cannot write: {errno.EFBIG}"):
        list(sandbox.read(WritingReader(), file, Options()))
    assert not Path(f"{file}.stolen").exists() or Path(f"{file}.stolen").read_bytes() == b""


@pytest.mark.parametrize("reader", [HonestReader(), EndlessReader(), GreedyReader(), CrashingReader()])
def test_no_process_is_left_behind(file, reader):
    options = Options(skip=lambda where, reason: None)
    with Sandbox(seconds=1, memory=256 * MIB) as sandbox:
        pids = {next(sandbox.read(HonestReader(), file, options)).fields["pid"]}
        pids |= {document.fields["pid"] for document in sandbox.read(HonestReader(), file, options)}
        with suppress(Unreadable):
            list(sandbox.read(reader, file, options))
    assert pids
    assert not any(map(is_running, pids))


def test_a_caller_who_wants_no_more_ends_the_process(sandbox, file):
    documents = sandbox.read(HonestReader(), file, Options())
    pid = next(documents).fields["pid"]
    documents.close()
    assert not is_running(pid)


def test_ctrl_c_ends_both_processes(tmp_path, file):
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits one that is ignored
sys.path.insert(0, {str(Path(__file__).parent)!r})
from hostile_readers import HonestReader, SleepingReader
from gossamer.text.readers.registry import Options
from gossamer.text.readers.sandbox import Sandbox
with Sandbox() as sandbox:
    options = Options(skip=lambda where, reason: None)
    for document in sandbox.read(HonestReader(), {file!r}, options):
        pid = document.fields["pid"]
    print(pid, flush=True)
    list(sandbox.read(SleepingReader(), {file!r}, options))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    )
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert not is_running(pid)


def test_modules_beside_the_documents_are_not_imported(tmp_path, monkeypatch, sandbox):
    (tmp_path / "json.py").write_text("raise SystemExit('a document was run')")
    (tmp_path / "paper.pdf").write_bytes(tiny_pdf([["Lift is a force"]]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    (document,) = sandbox.read(PdfReader(), "paper.pdf", Options())
    assert document.text == "Lift is a force"


def test_a_process_that_does_not_start_is_an_error_and_not_a_skipped_file(file, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Sandbox() as sandbox, pytest.raises(GossamerError, match="does not start"):
        list(sandbox.read(HonestReader(), file, Options()))
