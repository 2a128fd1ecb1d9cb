"""Every code block of the documentation runs, page by page, and prints what the page says.

``python`` and ``bash`` blocks run in a folder of the page's own; a ``text`` block after one is its output, with ``...``
for what differs from run to run. ``sh`` blocks hold commands for a checkout, checked against Makefile and pyproject.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from gossamer.app.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
FENCE = re.compile(r"^( *)```([a-z]*)[^\n]*\n(.*?)^\1```$", re.M | re.S)
OUTPUT = doctest.OutputChecker()

# `gossamer serve` runs until it is told to stop: stop it once it says where it serves.
PRELUDE = """
gossamer() {
  if [ "$1" != serve ]; then command gossamer "$@"; return; fi
  : >served.txt
  command gossamer "$@" --port 0 >served.txt 2>/dev/null & server=$!
  until grep -q http served.txt; do kill -0 $server; sleep 0.1; done
  kill $server; wait $server || true; cat served.txt; rm served.txt
}
"""


class Block(NamedTuple):
    language: str
    code: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found = []
    for match in FENCE.finditer(text):
        indent, language, code = match.groups()
        code = re.sub(rf"^{indent}", "", code, flags=re.M)
        found.append(Block(language, code, text.count("\n", 0, match.start()) + 1))
    return found


def run_python(code: str, names: dict[str, object]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "page", "exec"), names)
    return printed.getvalue()


def run_bash(code: str, home: Path) -> str:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", PRELUDE + code],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def parsed(words: list[str]) -> None:
    """Nothing, unless our command line does not take these words; what they ask for is not done."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("gossamer", words)
    while hasattr(command, "get_command"):
        words = [*context._protected_args, *context.args]
        command = command.get_command(context, words[0])
        assert command is not None, words
        context = command.make_context(words[0], words[1:], parent=context)


def check_command(line: str) -> None:
    """A command for a checkout names a target, an extra or a command with options that exist."""
    if line.startswith("gossamer "):
        parsed(shlex.split(line)[1:])
    elif target := re.fullmatch(r"make ([a-z]+)( ARGS=.+)?", line):
        assert re.search(rf"^{target[1]}:", (ROOT / "Makefile").read_text(), re.M), line
    else:
        extras = re.fullmatch(r"(?:pip|\.venv/bin/pip) install '?(?:gossamer|\.)(?:\[([a-z,]+)\])?'?", line)
        assert extras, f"no rule checks the command {line!r}; use bash, or add one"
        for extra in filter(None, (extras[1] or "").split(",")):
            assert re.search(rf"^{extra} = \[", (ROOT / "pyproject.toml").read_text(), re.M), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    printed: str | None = None
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.language == "python":
            printed = run_python(block.code, names)
        elif block.language == "bash":
            printed = run_bash(block.code, tmp_path)
        elif block.language == "sh":
            for line in block.code.splitlines():
                check_command(line.partition("  #")[0].strip())
            printed = None
        else:
            assert block.language == "text", f"{where}: what is a block of {block.language!r}?"
            if printed is not None:
                example = doctest.Example("", block.code)
                options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                assert OUTPUT.check_output(block.code, printed, options), f"{where}\n" + OUTPUT.output_difference(
                    example, printed, options
                )
                printed = None
