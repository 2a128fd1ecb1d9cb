"""An index with ordinary and hostile documents, and ways to run the command line."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import gossamer
from gossamer.app.cli import app
from gossamer.text.documents import Document, Span

HOSTILE = '<script>alert("wing")</script> & &lt;b&gt;wing&lt;/b&gt; <img src=x onerror=alert(1)> wing\u202e\x1b[2J'

DOCUMENTS = [
    Document(
        "wings.md",
        "Wings\n\nA wing makes lift when air flows over it. Lift grows with the angle of attack.\n\n"
        "Stall\n\nBeyond a critical angle the wing stalls and lift collapses.",
        title="Wings",
        spans=[Span("heading", 0, 5, "Wings", 1), Span("heading", 88, 93, "Stall", 2)],
    ),
    Document("birds.md", "Birds flap a wing to fly. A bird is lighter than it looks.", title="Birds"),
    Document("boats.md", "A keel keeps a boat upright; a sail is a wing that stands.", fields={"year": 1999}),
    Document("<hostile>.html", HOSTILE, title='<b>wing</b> " onmouseover="alert(1)', fields={"<k>": "<v>"}),
    Document("größe/日本.txt", "Die Größe der Flügel: wing 日本 😀 wing", title="Größe 😀"),
]


@pytest.fixture(scope="session")
def shelf_documents():
    """What the library holds, in order; the fourth is hostile."""
    return DOCUMENTS


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The folder of an index that tests only read."""
    folder = tmp_path_factory.mktemp("indexes") / "library.gossamer"
    with gossamer.Index.create(folder) as index:
        index.add(DOCUMENTS)
    return folder


@pytest.fixture
def notes(tmp_path):
    """A folder of text files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "lift.txt").write_text("Air that flows over a wing lifts it.")
    (folder / "drag.md").write_text("# Drag\n\nDrag slows a wing down.\n")
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in this process, away from the settings of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-settings"))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, **options):
        return CliRunner().invoke(app, [str(one) for one in arguments], prog_name="gossamer", **options)

    return invoke


@pytest.fixture
def start(tmp_path):
    """Start a command as a process of its own."""
    # a job in the background inherits a SIGINT that is ignored; here it must count as on a terminal
    interruptible = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{interruptible}; from gossamer.app.cli import main; main()"
    started = []

    def popen(*arguments, **options):
        environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "no-settings"), **options.pop("env", {})}
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(os.fspath, arguments)], env=environment, cwd=tmp_path, **streams
        )
        started.append(process)
        return process

    yield popen
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
