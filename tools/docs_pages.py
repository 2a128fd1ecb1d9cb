"""A hook of mkdocs: pages that are made from the code and from the files at the top of the repository.

The command line's help, its settings and the catalogue of methods are asked of the package, so they cannot drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {
        "reference/cli.md": command_line(),
        "reference/methods.md": methods(),
        **{f"{name.lower()}.md": top_page(name) for name in ("ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")},
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def top_page(name: str) -> str:
    """A page that stands at the top of the repository, its links pointing into the site."""
    text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    return re.sub(r"\]\((ARCHITECTURE|CONTRIBUTING|CHANGELOG)\.md", lambda m: f"]({m[1].lower()}.md", text).replace(
        "](docs/", "]("
    )


def command_line() -> str:
    """What ``--help`` prints for every command, and every setting."""
    import typer

    from gossamer.app.cli import app
    from gossamer.app.config import SETTINGS

    root: Any = typer.main.get_command(app)
    parts = ["# The command line\n"]
    for name, command in walk(root, "gossamer"):
        context = command.context_class(command, info_name=name, terminal_width=100)
        parts.append(f"## {name}\n\n```text\n{command.get_help(context).strip()}\n```\n")
    parts.append("## Settings\n\nIn `gossamer.toml`, or as an environment variable.\n")
    parts.append("| setting | variable | default | meaning |\n| --- | --- | --- | --- |")
    for one in SETTINGS.values():
        parts.append(f"| `{one.key}` | `{one.variable}` | `{one.default}` | {one.help.replace('|', chr(92) + '|')} |")
    return "\n".join(parts) + "\n"


def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command and all below it, with their full names."""
    yield name, command
    for child, sub_command in getattr(command, "commands", {}).items():
        yield from walk(sub_command, f"{name} {child}")


def methods() -> str:
    """The catalogue as a page: a table, then each method with its place on the axes."""
    from gossamer import catalog

    every = catalog.methods()
    parts = [
        "# Methods\n",
        f"All {len(every)} methods that are implemented, as `gossamer methods` lists them.\n",
        "| method | in one sentence | paper |\n| --- | --- | --- |",
    ]
    parts += [f"| [{one.name}](#{one.id}) | {one.summary} | {cited(one.paper)} |" for one in every]
    for one in every:
        arguments = ", ".join(f"{name}={value!r}" for name, value in one.arguments.items())
        axes = "; ".join(f"{axis}: {', '.join(values)}" for axis, values in one.axes.items())
        beats = ", ".join(f"[{other}](#{other})" for other in one.baselines)
        parts += [
            f"\n## {one.name} {{ #{one.id} }}\n",
            f"{one.summary} [More](../methods/{one.card}.md).\n",
            f"- in the code: `{one.entry_point}`" + (f" with `{arguments}`" if arguments else ""),
            f"- place: {axes}",
        ]
        if beats:
            parts.append(f"- has to beat: {beats}")
        if one.paper:
            parts.append(f"- paper: {', '.join(one.paper.authors)}, {cited(one.paper)}")
    return "\n".join(parts) + "\n"


def cited(paper: Any) -> str:
    """Title, year and identifier, linked where there is something to link to."""
    if paper is None:
        return ""
    identifier = f"[{paper.identifier}]({paper.url})" if paper.url else paper.identifier
    return f"*{paper.title}* ({paper.year}), {identifier}"
