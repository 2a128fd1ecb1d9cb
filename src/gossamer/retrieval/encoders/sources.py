"""Through which word of a text a term of its vector came.

A term that the text holds came through itself. One that it does not hold, an expansion, came in a max-pooled head
(Formal et al., "SPLADE v2", 2021) through the position whose logit was the largest: that is found again by running the
network over the text once more, for these terms alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gossamer.retrieval.encoders.encoding import Runnable, in_windows

MOST_WINDOWS = 64
"""How much is run again at a time; expansions of texts beyond are not told."""

Window = Sequence[int]
"""Ids of word pieces that are read at a time, without special tokens."""
Peaks = Callable[[Sequence[Window], Sequence[Sequence[int]]], list[tuple[NDArray[np.float32], NDArray[np.int64]]]]
"""For each window and its columns their largest logits and where in the window, -1 for a special token around it."""

_STARTS = ("▁", "Ġ")  # of a word, as SentencePiece and byte-level tokenisers mark it
_CONTINUES = "##"  # a word, as WordPiece marks it


@dataclass(frozen=True, slots=True)
class Source:
    """Where a term of a text's vector comes from.

    Args:
        literal: Whether the text holds the term.
        word: Of the text, through which the term came, as the tokeniser spells it; empty where no word stands for it.
    """

    literal: bool
    word: str


def trace(
    texts: Sequence[Sequence[Window]],
    terms: Sequence[Mapping[str, int]],
    names: Sequence[str],
    peaks: Peaks | None,
) -> list[dict[str, Source]]:
    """The source of each term of each text.

    Args:
        texts: Each as the windows that it is read in.
        terms: For each text, terms with their columns.
        names: Column to word piece.
        peaks: Of the encoder's head; None for one that gives no weight to other words than the text's own.
    """
    found = [_literal(windows, columns, names) for windows, columns in zip(texts, terms, strict=True)]
    if peaks is None:  # what the text does not hold was added to it
        return [dict.fromkeys(columns, Source(False, "")) | own for columns, own in zip(terms, found, strict=True)]
    places: list[tuple[int, Window]] = []
    asked: list[list[str]] = []
    for at, (windows, columns) in enumerate(zip(texts, terms, strict=True)):
        expansions = [term for term in columns if term not in found[at]]
        if expansions and len(places) + len(windows) <= MOST_WINDOWS:
            places += [(at, window) for window in windows]
            asked += [expansions] * len(windows)
    columns_of = [[terms[at][term] for term in some] for (at, _), some in zip(places, asked, strict=True)]
    largest: dict[tuple[int, str], float] = {}
    outcome = peaks([window for _, window in places], columns_of) if places else []
    for (at, window), some, (values, positions) in zip(places, asked, outcome, strict=True):
        for term, value, position in zip(some, values.tolist(), positions.tolist(), strict=True):
            if value > largest.get((at, term), -np.inf):
                largest[at, term] = value
                pieces = [names[one] for one in window]
                found[at][term] = Source(False, word_around(pieces, position) if position >= 0 else "")
    return found


def sources_of(
    side: Runnable, texts: Sequence[str], terms: Sequence[Collection[str]], peaks: Peaks | None
) -> list[dict[str, Source]]:
    """The source of some terms of each text, of a side of an encoder; see :func:`trace`."""
    names = side.terms
    column = {name: at for at, name in enumerate(names)}
    windows = [list(in_windows(row, side.room)) for row in side.pieces(texts)]
    known = [{term: column[term] for term in some if term in column} for some in terms]
    return trace(windows, known, names, peaks)


def _literal(windows: Sequence[Window], columns: Mapping[str, int], names: Sequence[str]) -> dict[str, Source]:
    wanted = {column: term for term, column in columns.items()}
    found: dict[str, Source] = {}
    for window in windows:
        for position, one in enumerate(window):
            term = wanted.get(one)
            if term is not None and term not in found:
                found[term] = Source(True, word_around([names[piece] for piece in window], position))
    return found


def word_around(pieces: Sequence[str], at: int) -> str:
    """The word that a piece is of.

    Example:
        >>> word_around(["thin", "air", "##foil", "##s"], 2)
        'airfoils'
    """
    marked = any(piece.startswith(_STARTS) for piece in pieces)

    def continues(piece: str) -> bool:
        return not piece.startswith(_STARTS) if marked else piece.startswith(_CONTINUES)

    start, end = at, at + 1
    while start > 0 and continues(pieces[start]):
        start -= 1
    while end < len(pieces) and continues(pieces[end]):
        end += 1
    return "".join(piece.removeprefix(_CONTINUES).lstrip("".join(_STARTS)) for piece in pieces[start:end])
