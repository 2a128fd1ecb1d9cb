"""What all commands share: how help looks, how errors end, and the options that every command has.

Follows the conventions of clig.dev: help is one line, usage, examples, options and where to go next; an
error is one line on standard error; a reader that goes away (``| head``) or Ctrl-C ends a command quietly.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from gossamer.errors import GossamerError

INTERRUPTED = 130

Json = Annotated[bool, typer.Option("--json", help="Write JSON for machines.", rich_help_panel="Output")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.", rich_help_panel="Output")
]
NoColor = Annotated[
    bool, typer.Option("--no-color", help="No colour, as with NO_COLOR or TERM=dumb.", rich_help_panel="Output")
]
EncoderPlace = Annotated[
    str | None,
    typer.Option("--encoder", metavar="DIR", help="Where the index's learned encoder is, if it has moved."),
]
IndexPath = Annotated[str, typer.Argument(metavar="INDEX", help="The index, a directory.", show_default=False)]


class Command(TyperCommand):
    """A command whose docstring is its help: one line, ``Examples:`` and ``See also:``."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help in the order in which people read it."""
        summary, details, examples, see_also = help_sections(self.help or "")
        formatter.write(f"{summary}\n\nUsage: {usage(self, ctx)}\n")
        if details:
            formatter.write(f"\n{details}\n")
        formatter.write("\nExamples:\n" + "".join(f"  {line}\n" for line in examples))
        for title, rows in _option_groups(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl(rows)
        formatter.write(f"\nSee also: {see_also}\n")

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line of an error."""
        formatter.write(f"Usage: {usage(self, ctx)}\n")


class Group(TyperGroup):
    """The command line as a whole: runs a command and turns what it raises into an exit code."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the summary, the first steps and the list of commands."""
        summary, details, examples, see_also = help_sections(self.help or "")
        formatter.write(f"{summary}\n\nUsage: {self._usage(ctx)}\n")
        if details:
            formatter.write(f"\n{details}\n")
        formatter.write("\nExamples:\n" + "".join(f"  {line}\n" for line in examples))
        self.format_commands(ctx, formatter)
        for title, rows in _option_groups(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl(rows)
        formatter.write(f"\nSee also: {see_also}\n")

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line of an error."""
        formatter.write(f"Usage: {self._usage(ctx)}\n")

    def _usage(self, ctx: Any) -> str:
        return f"{ctx.command_path} {'[COMMAND]' if self.invoke_without_command else 'COMMAND'} [OPTIONS]"

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the words name: of two words if there is one (``bench index``), else of the first."""
        two = " ".join(args[:2])
        return (two, self.commands[two], args[2:]) if two in self.commands else super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error that a user can cause or meet becomes one line and an exit code."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except GossamerError as error:
            fail(str(error), error.exit_code)
        except KeyboardInterrupt:
            fail("interrupted", INTERRUPTED)
        except BrokenPipeError:
            leave_quietly()
        except OSError as error:
            fail(_os_error(error))
        except MemoryError:
            fail("out of memory; --memory-limit bounds what indexing may use")


def fail(message: str, code: int = 1) -> NoReturn:
    """End the command with one line on standard error."""
    print("error: " + " ".join(message.split()), file=sys.stderr)
    raise typer.Exit(code)


def leave_quietly() -> NoReturn:
    """End because the reader of our output has gone, as after ``| head``: it has all it wanted."""
    # Python flushes stdout once more at exit; let that go nowhere instead of raising again.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(0)


def usage(command: Any, ctx: Any) -> str:
    """``gossamer search INDEX QUERY... [OPTIONS]``."""
    words = []
    for parameter in command.get_params(ctx):
        if parameter.param_type_name == "argument":
            word = (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs != 1 else "")
            words.append(word if parameter.required else f"[{word}]")
    return " ".join([ctx.command_path, *words, "[OPTIONS]"])


def help_sections(text: str) -> tuple[str, str, list[str], str]:
    """Split a docstring into its first line, its details, its examples and what to see also.

    Example:
        >>> help_sections("Do it.\\n\\nExamples:\\n    gossamer do it\\n\\nSee also: gossamer undo")
        ('Do it.', '', ['gossamer do it'], 'gossamer undo')
    """
    head, _, rest = text.partition("Examples:\n")
    body, _, see_also = rest.partition("See also:")
    summary, _, details = head.strip().partition("\n\n")
    return summary, details.strip(), [line.strip() for line in body.strip().splitlines()], " ".join(see_also.split())


def _option_groups(command: Any, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Rows of the help by their heading: arguments, then options, then what is said of the output."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            name = (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs != 1 else "")
            groups.setdefault("Arguments", []).append((name, parameter.help or ""))
        else:
            title = getattr(parameter, "rich_help_panel", None) or "Options"
            groups.setdefault(title, []).append(record)
    return {title: groups[title] for title in sorted(groups, key=["Arguments", "Options", "Output"].index)}


def _os_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
