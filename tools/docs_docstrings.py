"""An extension of griffe: what docstrings write for readers of the code, as Markdown for readers of the documentation.

Roles such as ``:meth:`search` `` become code, tables drawn with ``====`` preformatted text, and examples are examples.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:meth|class|func|attr|mod|data|exc):`~?\.?([^`]+)`")
RULE = re.compile(r"^ *=+(?: +=+)+ *$")


class Docstrings(griffe.Extension):
    """Rewrites every docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute once it is loaded."""
        if obj.docstring:
            obj.docstring.value = to_markdown(obj.docstring.value)


def to_markdown(text: str) -> str:
    """The docstring with roles and drawn tables replaced.

    Example:
        >>> to_markdown("see :meth:`Index.open`")
        'see `Index.open`'
    """
    text = ROLE.sub(lambda match: f"`{match[1]}`", text).replace("Example:\n", "Examples:\n")
    paragraphs = re.split(r"(\n\s*\n)", text)
    return "".join(_preformatted(one) if _is_table(one) else one for one in paragraphs)


def _is_table(paragraph: str) -> bool:
    lines = [line for line in paragraph.splitlines() if line.strip()]
    return len(lines) > 2 and bool(RULE.match(lines[0])) and bool(RULE.match(lines[-1]))


def _preformatted(table: str) -> str:
    lines = [line.replace("``", "") for line in table.strip("\n").splitlines() if not RULE.match(line)]
    return "```text\n" + "\n".join(lines) + "\n```"
