"""LaTeX: the text of a source file, sections as headings, maths as characters; no macro is run, no other file read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document
from gossamer.text.readers.composition import Composition
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register
from gossamer.text.readers.tex import LIGATURES, OPTION, TOKEN, accented, character

_CLASS = re.compile(rb"^[ \t]*\\document(?:class|style)\b", re.MULTILINE)
_SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_SECTION = re.compile(rf"\\({'|'.join(_SECTIONS)})\b")
_ONE_SILENT = """
    addbibresource autocite autoref bibitem bibliography bibliographystyle cite citeauthor citealp citep citet citeyear
    cline color colorbox cref Cref date definecolor documentclass eqref footcite geometry glossary graphicspath href
    hskip hspace hypersetup include includegraphics index input label multicolumn newif newtheorem nocite pageref
    pagestyle parencite phantom raisebox ref resizebox rotatebox rule scalebox setcounter textcite textcolor thanks
    theoremstyle thispagestyle usepackage vskip vspace
"""
_TWO_SILENT = """
    addtocounter addtolength DeclareMathOperator multirow newcommand newenvironment providecommand renewcommand
    renewenvironment setlength
"""
_SILENT = {**dict.fromkeys(_ONE_SILENT.split(), 1), **dict.fromkeys(_TWO_SILENT.split(), 2)}
"""How many arguments of a command are not for reading; those after them are."""
_CODE = ("verbatim", "Verbatim", "lstlisting", "minted", "alltt", "comment")
_LANGUAGE = re.compile(r"(?:\[(?:[^\]\n]*?language=\{?(\w+))?[^\]\n]*\])?(?:\{(\w+)\})?")
_MATHS = ("equation", "align", "gather", "multline", "eqnarray", "displaymath", "split", "cases", "aligned", "matrix")
_ARGUMENT = re.compile(r"[ \t]*(?:\[[^\[\]\n]*\])?\{[^{}\n]*\}(?:\{[^{}\n]*\})?")
_WITH_ARGUMENT = ("tabular", "tabularx", "array", "minipage", "thebibliography", "multicols", "wrapfigure", "longtable")
_DEFINED = re.compile(r"[ \t]*\\(?:[a-zA-Z@]+|.)[^{}\n]*")
_MAX_CAPTURED = 16
"""Arguments in arguments that are followed; deeper ones are plain text."""
_SPACED = re.compile(r"(?<![ \t])[ \t]+(?=[,.;:!?)])")  # each run is tried once
_BREAKS = ("bibitem", "caption", "item", "maketitle", "newpage", "clearpage", "par")


@register
class LatexReader(Reader):
    """One document, without comments and commands."""

    name = "latex"
    extensions = (".tex", ".latex", ".ltx")

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name, 0.6 where a document class is named."""
        if is_binary(head):
            return 0.0
        return 0.9 if self.named(path) else (0.6 if _CLASS.search(head) else 0.0)

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document with the field ``author``; what stands outside the document environment is left out."""
        preamble, begun, source = read_text(stream, path, options).partition("\\begin{document}")
        if not begun:
            preamble, source = "", preamble
        before, within = _Scanner(path, options), _Scanner(path, options)
        before.scan(preamble)
        within.scan(source.partition("\\end{document}")[0])
        within.made.title = within.title or before.title
        yield within.made.document(author=within.author or before.author)


def plain(source: str) -> str:
    r"""A piece of LaTeX as text.

    Example:
        >>> plain(r"{M\"uller} and the {$\alpha$-stable} process")
        'Müller and the α-stable process'
    """
    scanner = _Scanner("", Options())
    scanner.scan(source)
    try:
        return scanner.made.document().text
    except Unreadable:
        return ""


class _Scanner:
    """One pass over the source, with a stack of what its open braces mean."""

    def __init__(self, path: str, options: Options) -> None:
        self.made = Composition(path, options)
        self.title = self.author = ""
        self._top = 0  # rank of the highest kind of section
        self._buffers: list[list[str]] = [[]]  # of the paragraph, and of each open argument that is captured
        self._groups: list[tuple[str, int]] = []  # the role of each open brace, and a number that belongs to it
        self._next: tuple[str, int] = ("", 0)  # the role of the next brace
        self._silent = 0  # open braces whose content is not for reading
        self._gap = "\n\n"

    def scan(self, source: str) -> None:
        self._top = min((_SECTIONS.index(found[1]) for found in _SECTION.finditer(source)), default=0)
        at = 0
        while token := TOKEN.match(source, at):
            kind, text = token.lastgroup, token[0]
            at = token.end()
            if kind == "command":
                at = self._command(token["command"], source, at)
            elif kind == "environment":
                at = self._environment(token["edge"] == "begin", token["environment"], source, at)
            elif kind == "symbol":
                self._write(character(token["symbol"]) or "")
                option = OPTION.match(source, at) if text == "\\\\" else None
                at = option.end() if option else at
            elif kind in ("in_braces", "letter"):
                self._write(accented(token["in_braces"] or token["letter"], token["accent"]))
            elif kind in ("verbatim", "address"):
                self._write(token[kind])
            elif kind == "open":
                self._open()
            elif kind == "close":
                self._close()
            elif kind == "paragraph":
                self._end_paragraph()
            elif kind == "ligature":
                self._write(LIGATURES.get(text, text))
            elif kind == "text":
                self._text(text)
        self._end_paragraph()

    def _write(self, text: str) -> None:
        if not self._silent:
            self._buffers[-1].append(text)

    def _text(self, text: str) -> None:
        if text.strip():
            self._next = ("script", 0) if text[-1] in "^_" else ("", 0)
        self._write(text.replace("\n", " ").replace("&", " "))

    def _command(self, name: str, source: str, at: int) -> int:
        option = OPTION.match(source, at)
        if name in _BREAKS and not self._silent and len(self._buffers) == 1:
            self._flush()
        if name in _SECTIONS:
            self._next = ("section", _SECTIONS.index(name) - self._top + 1)
        elif name in _SILENT:
            self._next = ("silent", _SILENT[name])
        elif name in ("title", "author", "footnote", "frac"):
            self._next = (name, 1)
        elif name in ("def", "gdef", "let"):
            defined = _DEFINED.match(source, at)
            self._next = ("silent", 1) if name != "let" else ("", 0)
            return defined.end() if defined else at
        elif name == "and":
            self._write(", ")
        elif name == "item":
            self._gap = "\n"
            self._write("- " + (f"{option[1]} " if option else ""))
        else:
            self._write(character(name) or "")
            if name != "sqrt":
                return at
        return option.end() if option else at

    def _open(self) -> None:
        role, self._next = self._next, ("", 0)
        if role[0] == "silent":
            self._silent += 1
        elif role[0] and len(self._buffers) < _MAX_CAPTURED:
            self._buffers.append([])
        else:
            role = ("", 0)
        self._groups.append(role)

    def _close(self) -> None:
        if not self._groups:
            return
        role, number = self._groups.pop()
        if role == "silent":
            self._silent -= 1
            self._next = (role, number - 1) if number > 1 else ("", 0)
        elif role:
            content = _SPACED.sub("", " ".join("".join(self._buffers.pop()).split()))
            if role == "section" and len(self._buffers) == 1 and not self._silent:
                self._flush()
                self.made.heading(content, number)
            elif role == "title":
                self.title = self.title or content
            elif role == "author":
                self.author = self.author or content
            elif role == "footnote":
                self._write(f" ({content})")
            elif role == "section":
                self._write(content)
            else:
                self._write(content if content.isalnum() or len(content) < 2 else f"({content})")
                if role == "frac" and number:
                    self._write("/")
                    self._next = (role, 0)

    def _end_paragraph(self) -> None:
        """An empty line ends every argument that is still open, as it does in TeX; other groups go on."""
        while self._silent or len(self._buffers) > 1:
            self._close()
        self._next = ("", 0)
        self._flush()

    def _flush(self) -> None:
        paragraph = _SPACED.sub("", "".join(self._buffers[0]))  # where a reference stood
        lines = (" ".join(line.split()) for line in paragraph.split("\n"))
        self._buffers[0] = []
        if text := "\n".join(line for line in lines if line):
            self.made.block(text, self._gap)
            self._gap = "\n\n"

    def _environment(self, begins: bool, name: str, source: str, at: int) -> int:
        if name in _MATHS:
            self._write("\n")
        elif len(self._buffers) == 1 and not self._silent:
            self._flush()
        if not begins:
            return at
        if name == "abstract":
            self.made.heading("Abstract", 1)
        if name in _CODE:
            language = _LANGUAGE.match(source, at)
            end = source.find(f"\\end{{{name}", at)
            end = len(source) if end < 0 else end
            if language and name != "comment":
                self.made.code(source[language.end() : end], (language[1] or language[2] or "").lower())
            return end
        argument = (_ARGUMENT if name in _WITH_ARGUMENT else OPTION).match(source, at)
        return argument.end() if argument else at
