"""``gossamer completion``: a script that completes verbs, options and file names in a shell.

Made from the commands themselves, so it cannot drift from them; pressing Tab then starts no Python.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from gossamer.app.cli.frame import Json, NoColor, Quiet, help_sections
from gossamer.app.cli.output import Output
from gossamer.errors import UsageError


def completion(
    context: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", show_default=False)],
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Print a completion script for your shell.

    Examples:
        source <(gossamer completion bash)
        gossamer completion fish > ~/.config/fish/completions/gossamer.fish

    See also: gossamer doctor
    """
    if shell not in _SCRIPTS:
        raise UsageError(f"no completion for {shell}; there is one for {', '.join(_SCRIPTS)}")
    script = _SCRIPTS[shell](_verbs(context))
    out = Output(json, quiet, no_color)
    if out.is_json:
        out.document({"shell": shell, "script": script})
    else:
        print(script)


@dataclass(frozen=True)
class _Verb:
    name: str
    summary: str
    words: list[str]  # sub-commands
    options: list[tuple[str, str]]  # longest spelling and help


def _verbs(context: typer.Context) -> list[_Verb]:
    commands: dict[str, Any] = getattr(context.find_root().command, "commands")  # noqa: B009
    of_two_words = {name: command for name, command in commands.items() if " " in name}
    verbs = []
    for name, command in commands.items():
        if name in of_two_words:
            continue
        second = {two.split()[1]: one for two, one in of_two_words.items() if two.split()[0] == name}
        sub_commands: dict[str, Any] = {**getattr(command, "commands", {}), **second}
        options = {
            max(parameter.opts, key=len): str(parameter.help or "")
            for one in (command, *sub_commands.values())
            for parameter in one.params
            if parameter.param_type_name == "option"
        }
        summary = help_sections(command.help or "")[0].rstrip(".")
        verbs.append(_Verb(name, summary, list(sub_commands), [*options.items(), ("--help", "Show the help.")]))
    return verbs


def _bash(verbs: list[_Verb]) -> str:
    cases = "\n".join(
        f'    {verb.name}) words="{" ".join(verb.words)}" options="{" ".join(name for name, _ in verb.options)}" ;;'
        for verb in verbs
    )
    return f"""_gossamer() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} words="" options=""
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W "{" ".join(verb.name for verb in verbs)} --version --help" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{cases}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif (( COMP_CWORD == 2 )); then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  fi
}}
complete -o default -F _gossamer gossamer"""


def _zsh(verbs: list[_Verb]) -> str:
    def described(pairs: list[tuple[str, str]]) -> str:
        return " ".join(_quoted(name.replace(":", r"\:") + ":" + text) for name, text in pairs)

    cases = "\n".join(
        f"    {verb.name}) words_here=({' '.join(verb.words)}); options=({described(verb.options)}) ;;"
        for verb in verbs
    )
    return f"""#compdef gossamer
_gossamer() {{
  local -a verbs options words_here
  verbs=({described([(verb.name, verb.summary) for verb in verbs])})
  if (( CURRENT == 2 )); then
    _describe -t commands command verbs
    return
  fi
  case $words[2] in
{cases}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  else
    (( CURRENT == 3 && $#words_here )) && compadd -a words_here
    _files
  fi
}}
compdef _gossamer gossamer"""


def _fish(verbs: list[_Verb]) -> str:
    lines = []
    for verb in verbs:
        seen = f"__fish_seen_subcommand_from {verb.name}"
        lines.append(f"complete -c gossamer -f -n __fish_use_subcommand -a {verb.name} -d {_quoted(verb.summary)}")
        lines += [f"complete -c gossamer -n '{seen}' -a {word}" for word in verb.words]
        lines += [
            f"complete -c gossamer -n '{seen}' -l {name.removeprefix('--')} -d {_quoted(text)}"
            for name, text in verb.options
        ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_SCRIPTS: dict[str, Callable[[list[_Verb]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
