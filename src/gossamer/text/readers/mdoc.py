"""Lines of mdoc(7), the macros of BSD manual pages that say what a word is: ``.Op Fl a Ar file`` is ``[-a file]``."""

from __future__ import annotations

from collections.abc import Sequence

_AROUND = {
    "Op": "[]", "Pq": "()", "Aq": "<>", "Bq": "[]", "Brq": "{}", "Dq": "“”", "Sq": "‘’", "Ql": "‘’", "Qq": '""',
}  # fmt: skip
_HALVES = {"Oo": "[", "Oc": "]", "Po": "(", "Pc": ")", "Ao": "<", "Ac": ">", "Nd": "–"}
_SILENT = """
    Ad An Ar At Bx Cd Cm Dl D1 Dv Em Er Ev Fa Fd Fn Fo Fc Ft Fx Ic In Lb Li Lk Ms Mt Nm No Nx Ox Pa Rs Re Rv St Sx Sy
    Tn Ux Va Vt Xo Xc Xr %A %B %D %I %J %N %O %P %Q %R %T %V
"""
MACROS = frozenset([*_AROUND, *_HALVES, *_SILENT.split(), "Ap", "Fl", "Ns", "Pf"])
"""The macros that may stand in a line and are read here; others make no text."""

_CLOSING, _OPENING = frozenset([*".,:;)]?!>"]), frozenset([*"([<"])


def line(words: Sequence[str], name: str) -> str:
    """A line as a person reads it.

    Args:
        words: Its macros and their words, without the dot.
        name: What ``Nm`` without an argument stands for: the page's name.

    Example:
        >>> line(["Xr", "ls", "1", ",", "Fl", "v"], "cat")
        'ls(1), -v'
    """
    text, ends, sticks = "", "", True
    end = len(words)
    while end > 1 and words[end - 1] in _CLOSING:  # punctuation stands behind the brackets of the line
        end -= 1
    for at, word in enumerate(words[:end]):
        after = words[at + 1] if at + 1 < end else ""
        piece, stuck, sticks = word, sticks, word in _OPENING
        if word in _AROUND:
            piece, ends, sticks = _AROUND[word][0], _AROUND[word][1] + ends, True
        elif word in _HALVES:
            piece, sticks = _HALVES[word], _HALVES[word] in _OPENING
        elif word == "Fl":
            piece, sticks = "-", bool(after) and after not in MACROS
        elif word in ("Ns", "Pf", "Ap"):
            piece, stuck, sticks = "'" if word == "Ap" else "", True, True
        elif word == "Nm" and (not after or after in MACROS or after in _CLOSING):
            piece = name
        elif word in MACROS:
            piece, sticks = "", stuck
        elif at > 1 and words[at - 2] == "Xr":
            piece, stuck = f"({word})", True
        if piece:
            text += piece if stuck or piece in _CLOSING else f" {piece}"
    return text + ends + "".join(words[end:])
