"""Help, errors of usage, and what the command line does not load."""

import json
import os
import re
import subprocess
import sys

import pytest
import typer

from gossamer.app.cli import app
from gossamer.app.cli.frame import help_sections

HEAVY = {"numpy", "scipy", "torch", "fastapi", "starlette", "uvicorn", "jinja2", "rich", "pypdfium2", "resiliparse",
         "safetensors", "matplotlib", "ir_measures"}  # fmt: skip


def commands(group=None, path=()):
    """Every command with the words that call it."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        yield (*path, *name.split()), command


VERBS = dict(commands())


def test_the_verbs_are_those_of_the_design():
    assert {path[0] for path in VERBS} == {
        "index", "search", "serve", "stats", "verify", "delete", "merge", "tune", "export", "evaluate", "methods",
        "bench", "doctor", "config", "completion", "train", "encode",
    }  # fmt: skip


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_help_says_what_how_and_where_next(run, path):
    result = run(*path, "--help")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].endswith(".")
    assert len(lines[0]) <= 70
    assert lines[2].startswith("Usage: gossamer " + " ".join(path))
    _, _, examples, see_also = help_sections(VERBS[path].help)
    assert len(examples) == 2
    assert all(example in result.stdout and "gossamer" in example for example in examples)
    assert lines[-1] == f"See also: {see_also}"
    named = {tuple(words.split()) for words in re.findall(r"gossamer ((?:[a-z]+ ?)+)", see_also)}
    assert named
    assert all(words in VERBS for words in named), f"{see_also} names a command that does not exist"


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_command_can_speak_to_machines(path):
    command = VERBS[path]
    if not hasattr(command, "commands") or command.invoke_without_command:
        assert {"--json", "--quiet", "--no-color"} <= {name for parameter in command.params for name in parameter.opts}


def test_every_example_is_a_command_that_parses():
    for command in VERBS.values():
        for example in help_sections(command.help)[2]:
            verb = re.search(r"gossamer ((?:[a-z]+ ?)*)", example)[1].split()
            assert any(tuple(verb[:size]) in VERBS for size in (1, 2)), example


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["serch"], "'search'"),
        (["config", "chek"], "'check'"),
        (["stats", "--jsn", "x"], "--json"),
        (["mrege"], "'merge'"),
    ],
)
def test_did_you_mean(run, words, hint):
    result = run(*words)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert result.stdout == ""


def test_no_command_shows_the_help(run):
    result = run()
    assert "gossamer index" in result.output
    assert "Traceback" not in result.output


def test_version(run):
    result = run("--version")
    assert result.exit_code == 0
    assert re.fullmatch(r"gossamer \d+\.\d+\S* \(kernels \w+, Python 3\.\d+\.\d+, extras: .+\)\n", result.stdout)


@pytest.mark.parametrize(
    "code",
    [
        "import gossamer",
        "import gossamer.app.cli",
        "import sys; sys.argv = ['gossamer', '--help']; from gossamer.app.cli import main; main()",
        "import sys; sys.argv = ['gossamer', 'search', '--help']; from gossamer.app.cli import main; main()",
        "import sys; sys.argv = ['gossamer', 'completion', 'bash']; from gossamer.app.cli import main; main()",
    ],
)
def test_what_is_not_loaded(code, tmp_path):
    report = tmp_path / "modules.json"
    program = (
        "import atexit, json, sys\n"
        f"atexit.register(lambda: open({str(report)!r}, 'w').write(json.dumps(sorted(sys.modules))))\n{code}"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=os.environ)
    loaded = {name.split(".")[0] for name in json.loads(report.read_text())}
    assert "gossamer" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_verb_and_option(run, shell):
    script = run("completion", shell).stdout
    for path, command in VERBS.items():
        assert re.search(rf"\b{path[-1]}\b", script)
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert max(parameter.opts, key=len).removeprefix("--") in script
    assert run("completion", shell, "--json").exit_code == 0


def test_completion_in_bash():
    """Ask bash itself what it would offer."""
    program = "from gossamer.app.cli import main; main()"
    script = subprocess.run(
        [sys.executable, "-c", program, "completion", "bash"], capture_output=True, text=True
    ).stdout

    def offered(*words):
        line = f"COMP_WORDS=(gossamer {' '.join(words)}); COMP_CWORD={len(words)}"
        ask = f"{script}\n{line}; _gossamer; echo ${{COMPREPLY[@]}}"
        return subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True).stdout.split()

    assert offered("se") == ["search", "serve"]
    assert "--fail-if-empty" in offered("search", "--")
    assert offered("config", "c") == ["check"]
    assert offered("search", "x") == []


def test_completion_for_another_shell_is_refused(run):
    result = run("completion", "tcsh")
    assert result.exit_code == 2
    assert "bash, zsh, fish" in result.stderr
