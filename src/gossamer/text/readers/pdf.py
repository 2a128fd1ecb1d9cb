"""PDF: the text layer page by page, the pages and the headings of the outline as spans.

Words that a line end broke are joined again, so that they can be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from gossamer.errors import Unreadable
from gossamer.text.documents import Document, Span
from gossamer.text.readers import ocr
from gossamer.text.readers.pdf_order import in_reading_order
from gossamer.text.readers.registry import MIB, Options, Reader, register

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument  # type: ignore[import-untyped]

_SIGNATURE = b"%PDF-"
_SIGNATURE_BYTES = 1024  # PDF viewers accept so much before the signature

# PDFium writes U+0002 or U+FFFE for a hyphen at a line end, and stray controls for glyphs without a character.
_BROKEN = re.compile("[\x02\ufffe]\n?|[-\u00ad\u2010]\n")
_NEIGHBOURHOOD = 64  # characters looked at on each side of a broken word
_CONTROLS = dict.fromkeys(
    (*range(9), *range(11, 32), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)),
    " ",
)
_WORD = re.compile(r"\w+(?:-\w+)*")
_NO_TITLE = re.compile(
    r"(?:microsoft \w+ - |untitled|\(anonymous\)).*|.*\.(?:docx?|pdf|tex|dvi|ps|pptx?|xlsx?|odt|rtf|indd)",
    re.IGNORECASE,
)

_MAX_HEADING = 300
_MAX_OUTLINE = 10_000


@register
class PdfReader(Reader):
    """One document with the text of all pages."""

    name = "pdf"
    extensions = (".pdf",)
    risky = True

    def matches(self, head: bytes, path: str) -> float:
        """1 with the signature, 0.9 by name."""
        return 1.0 if _SIGNATURE in head[:_SIGNATURE_BYTES] else super().matches(head, path)

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document; a damaged page is reported to ``options.skip`` and left empty."""
        from pypdfium2 import PdfDocument, PdfiumError

        try:
            pdf = PdfDocument(stream if stream.seekable() else stream.read())
        except PdfiumError as error:
            locked = "password" in str(error).lower()
            raise Unreadable(
                path, "encrypted PDF, which needs a password" if locked else "not a readable PDF"
            ) from None
        with pdf:
            pages = _join_broken_words(_page_texts(pdf, path, options))
            if not any(page.strip() for page in pages):
                raise Unreadable(path, _no_text(pdf))
            text = "\n".join(pages)
            spans = sorted([*_page_spans(pdf, pages), *_headings(pdf, pages)], key=lambda span: span.start)
            about = pdf.get_metadata_dict(skip_empty=True)
        title = " ".join(about.get("Title", "").translate(_CONTROLS).split())
        fields: dict[str, object] = {"pages": len(pages)}
        for name in ("Author", "Keywords"):
            if value := about.get(name, "").translate(_CONTROLS).strip():
                fields[name.lower()] = value
        yield Document(options.document_id or path, text, "" if _NO_TITLE.fullmatch(title) else title, fields, spans)


def _no_text(pdf: PdfDocument) -> str:
    from pypdfium2 import PdfiumError

    try:
        if not any(ocr.is_scanned(page) for page in pdf):
            return "no text in it"
    except PdfiumError:
        return "no page that can be read"
    return "no text layer, and OCR finds no text" if ocr.is_installed() else "no text layer: gossamer[ocr] reads scans"


def _page_texts(pdf: PdfDocument, path: str, options: Options) -> list[str]:
    from pypdfium2 import PdfiumError

    texts, size = [], 0
    for number in range(len(pdf)):
        text = ""
        try:
            page = pdf[number]
            text = in_reading_order(page).rstrip()
            if not text.strip() and ocr.is_installed() and ocr.is_scanned(page):
                options.busy()
                text = ocr.read_page(page)
            page.close()
        except PdfiumError as error:
            options.skip(f"{path}:page {number + 1}", f"damaged page ({error})")
        size += len(text)
        if size > options.text_limit:
            limit = f"{options.text_limit / MIB:g} MiB"
            raise Unreadable(path, f"more than {limit} of text, the limit of one document: split it")
        texts.append(text)
    return texts


def _join_broken_words(pages: list[str]) -> list[str]:
    """Pages with every word whole; whether its hyphen stays is learned from the same word elsewhere in the document."""
    words = {word.lower() for page in pages for word in _WORD.findall(page)}

    def join(match: re.Match[str]) -> str:
        page, start, end = match.string, match.start(), match.end()
        left = re.search(r"[\w-]*$", page[max(0, start - _NEIGHBOURHOOD) : start])
        right = re.match(r"\w*", page[end : end + _NEIGHBOURHOOD])
        assert left is not None
        assert right is not None
        if not left[0] or not right[0]:
            return match[0]
        for hyphen in ("-", ""):
            if f"{left[0]}{hyphen}{right[0]}".lower() in words:
                return hyphen
        return "" if left[0].isalpha() and right[0][0].islower() else "-"

    return [_BROKEN.sub(join, page).translate(_CONTROLS) for page in pages]


def _page_spans(pdf: PdfDocument, pages: list[str]) -> Iterator[Span]:
    start = 0
    for number, page in enumerate(pages):
        label = (pdf.get_page_label(number) or "").translate(_CONTROLS).strip()
        yield Span("page", start, start + len(page), label or str(number + 1))
        start += len(page) + 1


def _headings(pdf: PdfDocument, pages: list[str]) -> Iterator[Span]:
    """The entries of the outline that stand at the start of a line of the page they point to."""
    starts = [0]
    for page in pages:
        starts.append(starts[-1] + len(page) + 1)
    searched: dict[int, int] = {}  # page -> where its last heading ends
    for _, entry in zip(range(_MAX_OUTLINE), pdf.get_toc(), strict=False):
        target = entry.get_dest()
        number = target.get_index() if target else None
        title = " ".join(entry.get_title().translate(_CONTROLS).split())
        if number is None or not 0 <= number < len(pages) or not 0 < len(title) <= _MAX_HEADING:
            continue
        words = r"\s+".join(map(re.escape, title.split()))
        pattern = re.compile(rf"^(?:[\dA-Z]+(?:\.\d+)*\.? +)?(?i:{words})(?!\w)", re.MULTILINE)
        if found := pattern.search(pages[number], searched.get(number, 0)):
            searched[number] = found.end()
            start = starts[number]
            yield Span("heading", start + found.start(), start + found.end(), title, entry.level + 1)
