"""What a reader yields and an index stores: documents, the spans that structure them, and passages.

All offsets are code points of ``Document.text``, the text that the reader extracted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SpanKind = Literal["heading", "page", "time", "code"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of ``document.text`` that means something.

    Args:
        kind: ``heading``, ``page``, ``time`` or ``code``.
        start, end: Code points; ``start <= end``.
        value: The heading's text, the page label, seconds as text, or the language of the code.
        level: Depth of a heading, 1 the highest; 0 for the other kinds.
    """

    kind: SpanKind
    start: int
    end: int
    value: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What a user adds to an index.

    Args:
        id: Names the document in the index; adding the same id again replaces it.
        text: The text that is searched.
        title: Shown with a hit and searched with the text.
        fields: Any JSON values; stored and returned.
        spans: Structure of ``text``, ascending by start.

    Example:
        >>> Document("a.md", "Wings\\n\\nLift is ...", title="Wings").id
        'a.md'
    """

    id: str
    text: str
    title: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    spans: Sequence[Span] = ()

    def to_dict(self) -> dict[str, Any]:
        """This document as JSON values."""
        return {
            "id": self.id, "title": self.title, "text": self.text,
            "fields": dict(self.fields), "spans": [asdict(s) for s in self.spans],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is scored: ``document.text[start:end]`` and where it stands.

    Args:
        start, end: Code points of the document's text.
        text: The passage itself.
        headings: The path of headings above it, outermost first.
        page: Label of the page it starts on, where the format has pages.
        time: Seconds at which it starts, where the format has times.
    """

    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()
    page: str | None = None
    time: float | None = None
