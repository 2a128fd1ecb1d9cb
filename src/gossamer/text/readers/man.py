"""Manual pages: the macros of man(7) and mdoc(7), their sections as headings, without fonts and conditionals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers import mdoc
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register
from gossamer.text.readers.roff import Characters, arguments, without_comment

_PAGE = re.compile(rb"^[.'][ \t]*(?:TH|SH|Dd|Dt|Sh|so)[ \t]+\S", re.MULTILINE)
_NUMBERED = re.compile(r"\.[1-9][a-z]*$", re.IGNORECASE)
_CONTINUED = re.compile(r"(?<!\\)\\\n")
_REQUEST = re.compile(r"[.'][ \t]*([^\s\\]*)[ \t]*(.*)", re.DOTALL)

_HEADINGS = {"SH": 1, "Sh": 1, "SS": 2, "Ss": 2}
_BREAKS = ("PP", "P", "LP", "Pp", "sp", "IP", "TP", "TQ", "HP", "br", "RS", "RE", "Bl", "El", "It", "SY", "YS", "ti")
_FONTS = ("B", "I", "R", "SM", "SB")
_ALTERNATING = ("BI", "BR", "IB", "IR", "RB", "RI")
_CODE = {"EX": "EE", "nf": "fi", "Bd": "Ed"}
_SKIPPED_UNTIL = {"de": "..", "de1": "..", "am": "..", "ig": "..", "EQ": ".EN", "PS": ".PE"}


@register
class ManReader(Reader):
    """One document; its title is as people write it, ``ls(1)``."""

    name = "man"
    extensions = (".man", ".mdoc", ".roff", *(f".{section}" for section in range(1, 10)))

    def matches(self, head: bytes, path: str) -> float:
        """0.95 where the name ends in a section's number and a macro of manual pages is there; 0.4 by that alone."""
        if is_binary(head) or not _PAGE.search(head):
            return 0.0
        return 0.95 if self.named(path) or _NUMBERED.search(path) else 0.4

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document with the field ``section``."""
        page = _Page(Composition(path, options))
        page.read(_CONTINUED.sub("", read_text(stream, path, options)).split("\n"))
        if page.refers_to and not page.made.length:
            raise Unreadable(path, f"no text of its own: it only points to {page.refers_to}")
        yield page.made.document(section=page.section)


class _Page:
    """The state between lines."""

    def __init__(self, made: Composition) -> None:
        self.made = made
        self.section = self.refers_to = ""
        self._name = ""  # what mdoc's .Nm stands for without an argument
        self._characters = Characters()
        self._paragraph: list[str] = []
        self._heading = 0  # level of a heading whose text is the next line
        self._tag = False  # whether the next line is the tag of a paragraph
        self._code = ""  # the request that ends the open code

    def read(self, lines: list[str]) -> None:
        waiting, depth = "", 0
        for line in lines:
            if waiting:
                waiting = "" if line.rstrip() == waiting else waiting
            elif depth or re.match(r"[.'][ \t]*(?:if|ie|el|while)\b", line):
                # Which branch holds is not decided; a block of several lines defines macros for a typesetter.
                depth = max(0, depth + line.count("\\{") - line.count("\\}"))
            elif request := _REQUEST.match(without_comment(line)):
                name, rest = request[1], request[2]
                waiting = _SKIPPED_UNTIL.get(name, "")
                if not waiting:
                    self._request(name, rest)
            else:
                self._text(self._characters.plain(without_comment(line)))
        self._flush()

    def _request(self, name: str, rest: str) -> None:
        words = [self._characters.plain(word) for word in arguments(rest)]
        if name == self._code:
            self._flush()
            self._code = ""
        elif name in _CODE and not self._code:
            self._flush()
            self._code = _CODE[name]
        elif name in _HEADINGS:
            self._flush()
            self._heading = _HEADINGS[name]
            if words:
                self._text(" ".join(words))
        elif name in ("TH", "Dt"):
            self.section = words[1] if len(words) > 1 else ""
            title = words[0] if words else ""
            title = title.lower() if title.isupper() else title
            self.made.title = f"{title}({self.section})" if self.section else title
        elif name == "so":
            self.refers_to = rest.strip()
        elif name in ("ds", "ds1") and rest:
            key, _, value = rest.partition(" ")
            self._characters.define(key, value.lstrip().removeprefix('"'))
        elif name in _BREAKS:
            if name == "br" and self._paragraph:
                self._paragraph[-1] += "\n" * (not self._code)
            elif not self._code:
                self._flush()
            if name in ("IP", "SY") and words:
                self._text(f"{words[0]}\n")
            elif name == "It" and words:
                self._text(f"{mdoc.line(words, self._name)}\n")
            self._tag = name in ("TP", "TQ")
        elif name in _FONTS:
            self._text(" ".join(words))
        elif name in _ALTERNATING:
            self._text("".join(words))
        elif name in ("UR", "MT") and words:
            self._text(words[0])
        elif name in mdoc.MACROS:
            if name == "Nm" and words:
                self._name = self._name or words[0]
            self._text(mdoc.line([name, *words], self._name))

    def _text(self, line: str) -> None:
        if self._heading and line.strip():
            self.made.heading(line, self._heading)
            self._heading = 0
        elif self._code or line.strip():
            self._paragraph.append(line if self._code else line.strip(" \t") + "\n" * self._tag)
            self._tag = False
        else:
            self._flush()

    def _flush(self) -> None:
        """End the paragraph."""
        lines, self._paragraph = self._paragraph, []
        if self._code:
            self.made.code("\n".join(lines))
        elif lines:
            self.made.block(" ".join(lines).replace("\n ", "\n"))
