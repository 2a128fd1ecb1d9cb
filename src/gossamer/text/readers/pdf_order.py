"""The text of a PDF page in the order in which people read it: columns one after the other, right-to-left words whole.

PDFium gives the order in which a page was written, which nearly always is that of reading; two cases are mended here.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage  # type: ignore[import-untyped]

_MIN_LINES = 6  # on each side of a gutter
_MIN_SHARE = 0.6  # of the column's width that most of its lines fill, which cells of a table do not
_MAX_PIECES = 20_000
_PRESENTATION = ("\ufb1d", "\ufefc")  # Hebrew and Arabic letters in the shape that they have in a word


class _Piece(NamedTuple):
    """A stretch of text on one line, in points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


def in_reading_order(page: PdfPage) -> str:
    """The text of a page, lines apart."""
    text_page = page.get_textpage()
    try:
        text = str(text_page.get_text_bounded()).replace("\r\n", "\n")
        if any(unicodedata.bidirectional(char) in ("R", "AL") for char in set(text)):
            return _right_to_left(text_page)
        columns = _columns(text_page) if text.strip() else []
        if not columns:
            return text
        lines = (line for area in columns for line in str(text_page.get_text_bounded(*area)).splitlines())
        return "\n".join(line.rstrip(" ") for line in lines if line.strip())
    finally:
        text_page.close()


def _right_to_left(text_page: PdfTextPage) -> str:
    """The characters of a page where a glyph stands for several, which PDFium turns round with the line."""
    from pypdfium2.raw import FPDFText_GetUnicode  # type: ignore[import-untyped]

    made: list[str] = []
    glyph: list[str] = []
    box: tuple[float, ...] = ()
    for index in range(text_page.count_chars()):
        char = chr(FPDFText_GetUnicode(text_page, index))
        if unicodedata.bidirectional(char) in ("R", "AL", "NSM"):
            place = tuple(text_page.get_charbox(index))
            if place != box:
                made += reversed(glyph)
                glyph, box = [], place
            glyph.append(_letter(char))
        else:
            made += [*reversed(glyph), char]
            glyph, box = [], ()
    return "".join([*made, *reversed(glyph)]).replace("\r\n", "\n")


def _letter(char: str) -> str:
    return unicodedata.normalize("NFKC", char) if _PRESENTATION[0] <= char <= _PRESENTATION[1] else char


def _columns(text_page: PdfTextPage) -> list[tuple[float, float, float, float]]:
    """The areas of a page of two columns that was written line by line across both, in order; else none."""
    count = text_page.count_rects()
    if not 2 * _MIN_LINES <= count <= _MAX_PIECES:
        return []
    pieces = [_Piece(*text_page.get_rect(index)) for index in range(count)]
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    gutter = (left + right) / 2
    sides = [
        -1 if piece.right <= gutter else 1 if piece.left >= gutter else 0 for piece in pieces
    ]  # 0 for what goes across
    for side in (-1, 1):
        widths = [piece.right - piece.left for piece, one in zip(pieces, sides, strict=True) if one == side]
        if len(widths) < _MIN_LINES or median(widths) < _MIN_SHARE * (right - left) / 2:
            return []
    switches = sum(one == -1 and other == 1 for one, other in pairwise(sides))
    if switches < _MIN_LINES:
        return []
    areas: list[tuple[float, float, float, float]] = []
    above = max(piece.top for piece in pieces) + 1
    across = [piece for piece, side in zip(pieces, sides, strict=True) if side == 0]
    across.sort(key=lambda piece: -piece.top)
    for piece in [*across, _Piece(left, 0, right, min(piece.bottom for piece in pieces) - 1)]:
        if piece.top < above:
            areas += [(left - 1, piece.top, gutter, above), (gutter, piece.top, right + 1, above)]
        if piece.bottom > 0:
            areas.append((left - 1, piece.bottom, right + 1, min(piece.top, above)))
        above = min(above, piece.bottom)
    return areas
