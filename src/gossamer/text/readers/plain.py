"""Plain text: one document; also what any unknown file is read as, as long as it is text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gossamer.text.documents import Document
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register


@register
class PlainReader(Reader):
    """The file's text as it stands."""

    name = "plain"
    extensions = (".txt", ".text", ".log")
    light = True

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name, 0.1 for any other text, 0 for binary data."""
        if is_binary(head):
            return 0.0
        return 0.9 if self.named(path) else 0.1

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document."""
        yield Document(options.document_id or path, read_text(stream, path, options))
