"""Documents in: readers, passages, analysis, and what is shown of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.text.analysis import Analyzer as Analyzer, Token as Token, analyzer as analyzer
    from gossamer.text.documents import Document as Document, Passage as Passage, Span as Span
    from gossamer.text.readers import Options as Options, Reader as Reader, register as register
    from gossamer.text.snippets import Excerpt as Excerpt, Snippet as Snippet
    from gossamer.text.sources import Skipped as Skipped, read as read

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "analysis": ["Analyzer", "Token", "analyzer"],
        "documents": ["Document", "Passage", "Span"],
        "readers": ["Options", "Reader", "register"],
        "snippets": ["Excerpt", "Snippet"],
        "sources": ["Skipped", "read"],
    },
)
