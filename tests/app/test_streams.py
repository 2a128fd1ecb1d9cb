"""Real processes: pipes that close early, Ctrl-C, terminals, and bytes that are not UTF-8."""

import json
import os
import pty
import select
import signal
import time
from contextlib import suppress

import pytest

import gossamer
from gossamer.retrieval.synthetic import learned_sparse


def test_head_does_not_crash_it(start, tmp_path):
    with gossamer.Index.create(tmp_path / "many.gossamer") as index:
        index.add({"id": str(number), "text": f"document {number} " + "word " * 50} for number in range(5000))
    process = start("export", tmp_path / "many.gossamer")
    assert json.loads(process.stdout.readline())["id"] == "0"
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""


def test_ctrl_c_while_indexing(start, tmp_path):
    folder, index = tmp_path / "texts", tmp_path / "i.gossamer"
    folder.mkdir()
    (folder / "first.txt").write_text("committed before")
    assert start("index", folder, "-o", index).wait(timeout=60) == 0
    # Far more than can be indexed before the signal, with so little memory that segments are written soon.
    line = json.dumps({"id": "%d", "text": "lost with the interruption " * 50}) + "\n"
    (folder / "more.jsonl").write_text("".join(line % number for number in range(40_000)))
    process = start("index", folder, "-o", index, "--memory-limit", "1MiB")
    _wait_for(lambda: len(list(index.glob("segment-*"))) > 1 or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    complaint = process.stderr.read().decode()
    assert complaint == f"error: interrupted; nothing of this run was kept, and {index} is as its last commit left it\n"
    with gossamer.Index.open(index) as opened:
        assert [document.id for document in opened.documents()] == ["first.txt"]
    assert gossamer.retrieval.verify(index).ok
    (folder / "more.jsonl").unlink()
    assert start("index", folder, "-o", index).wait(timeout=60) == 0


def test_ctrl_c_stops_the_server(start, library):
    process = start("serve", library, "--port", "0", "--json")
    assert json.loads(process.stdout.readline())["documents"] == 5
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert b"Traceback" not in process.stderr.read()


def test_arguments_that_are_not_utf8(start, library):
    process = start("search", library, b"\xff\xfe wing", "--json")
    out, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert json.loads(out)["query"] == "\ufffd\ufffd wing"


def test_a_file_name_that_is_not_utf8(start, tmp_path):
    folder = os.fsencode(tmp_path / "notes")
    os.mkdir(folder)
    with open(folder + b"/caf\xe9.txt", "wb") as file:
        file.write(b"a note about coffee")
    with open(folder + b"/\xe9.bin", "wb") as file:
        file.write(bytes(range(256)) * 40)
    process = start("index", folder, "-o", tmp_path / "i.gossamer", "--json")
    out, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert json.loads(out)["documents"] == 1
    process = start("search", tmp_path / "i.gossamer", "coffee")
    out, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert b"coffee" in out


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_streams_that_cannot_show_every_character(start, library, encoding):
    process = start("search", library, "Größe", "--explain", env={"PYTHONIOENCODING": encoding})
    out, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert b"wing" in out
    process = start("search", library, "Größe", "--json", env={"PYTHONIOENCODING": encoding})
    out, complaint = process.communicate(timeout=60)
    assert json.loads(out.decode("utf-8"))["hits"][0]["title"] == "Größe 😀"


def on_terminal(start, *arguments, **environment):
    """What a command writes when its three streams are a terminal, and its exit code."""
    controller, terminal = pty.openpty()
    process = start(
        *arguments, stdin=terminal, stdout=terminal, stderr=terminal, env={"TERM": "xterm-256color", **environment}
    )
    os.close(terminal)
    written = b""
    while True:
        ready, _, _ = select.select([controller], [], [], 60)
        try:
            chunk = os.read(controller, 65536) if ready else b""
        except OSError:  # Linux's way to say that the other side has closed
            break
        if not chunk:
            break
        written += chunk
        if b"[y/N]" in chunk:
            os.write(controller, b"n\n")
    os.close(controller)
    return written, process.wait(timeout=60)


def test_bench_index_says_on_a_terminal_what_it_does(start):
    written, code = on_terminal(start, "bench", "index", "synthetic:60", "--count", "2000", "--rounds", "1")
    assert code == 0
    stages = "reading synthetic:60", "building an index of 60 rows", "choosing settings", "measuring 1,000 queries"
    at = [written.find(stage.encode()) for stage in stages]
    assert at == sorted(at)
    assert at[0] >= 0


@pytest.mark.parametrize(("stage", "count"), [(b"building", 100), (b"choosing", 2000), (b"measuring", 100)])
def test_ctrl_c_in_bench_index(start, tmp_path, stage, count):
    """Once the terminal says that a stage has begun; what is left are the files that it was given."""
    for vectors, name in zip(learned_sparse(3000, count), "vq", strict=True):
        vectors.save(tmp_path / f"{name}.safetensors")
    controller, terminal = pty.openpty()
    (tmp_path / "temporary").mkdir()
    process = start(
        "bench", "index", "v.safetensors", "--queries", "q.safetensors", "--values", "f16", "--rounds", "1000",
        stderr=terminal, env={"TERM": "xterm-256color", "TMPDIR": str(tmp_path / "temporary")},
    )  # fmt: skip
    os.close(terminal)
    written = b""
    while stage not in written and select.select([controller], [], [], 60)[0]:
        written += os.read(controller, 65536)
    process.send_signal(signal.SIGINT)
    with suppress(OSError):  # Linux's way to say that the other side has closed
        while select.select([controller], [], [], 60)[0]:
            written += os.read(controller, 65536)
    os.close(controller)
    assert process.wait(timeout=60) == 130
    assert written.endswith(b"error: interrupted\r\n")
    assert b"Traceback" not in written
    assert process.stdout.read() == b""
    left = {path.name for path in tmp_path.rglob("*")}
    assert left == {"v.safetensors", "q.safetensors", "temporary"}


def test_colour_on_a_terminal_that_wants_it(start, library):
    written, code = on_terminal(start, "search", library, "wing", NO_COLOR="")
    assert code == 0
    assert b"\x1b[1m" in written


@pytest.mark.parametrize(
    ("flags", "environment"), [([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--no-color"], {"NO_COLOR": ""})]
)
def test_no_colour_where_nobody_wants_it(start, library, flags, environment):
    written, code = on_terminal(start, "search", library, "wing", "--explain", *flags, **environment)
    assert code == 0
    assert b"wing" in written
    assert b"\x1b" not in written


def test_delete_asks_on_a_terminal(start, tmp_path):
    with gossamer.Index.create(tmp_path / "i.gossamer") as index:
        index.add([{"id": "keep", "text": "me"}])
    written, code = on_terminal(start, "delete", tmp_path / "i.gossamer", "keep")
    assert b"Delete 1 documents?" in written
    assert code == 1
    assert "keep" in gossamer.Index.open(tmp_path / "i.gossamer")


def test_progress_only_on_a_terminal(start, notes, tmp_path):
    (notes / "page.html").write_text("<p>Read in a process of its own, while the bar of this one moves.</p>")
    written, code = on_terminal(start, "index", notes, "-o", tmp_path / "i.gossamer")
    assert code == 0
    assert b"indexing" in written
    written, code = on_terminal(start, "index", notes, "-o", tmp_path / "j.gossamer", "--quiet")
    assert code == 0
    assert b"indexing" not in written


def _wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
