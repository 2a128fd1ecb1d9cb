"""The TeX language under LaTeX and BibTeX: tokens of the source, and characters that are written as commands."""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

TOKEN = re.compile(
    r"""
    (?P<comment>%[^\n]*(?:\n[ \t]*)?)
    | \\(?P<accent>["'`^~=.]|[cvHkurdb](?![a-zA-Z]))[ ]*
      (?:\{[ ]*\\?(?P<in_braces>[a-zA-Z])[ ]*\}|\\?(?P<letter>[a-zA-Z](?![a-zA-Z])|(?<!\\)[a-zA-Z]))
    | \\verb\*?(?P<mark>[^a-zA-Z\s*])(?P<verbatim>[^\n]*?)(?P=mark)
    | \\(?:url|path|nolinkurl)[ ]*\{(?P<address>[^{}\n]*)\}
    | \\(?P<edge>begin|end)[ ]*\{(?P<environment>[a-zA-Z]+)\*?\}
    | \\(?P<command>[a-zA-Z@]+)\*?(?:[ \t]*\n(?![ \t]*\n)|[ \t]+)?
    | \\(?P<symbol>.)
    | (?P<open>\{) | (?P<close>\}) | (?P<maths>\$\$?)
    | (?P<paragraph>\n[ \t]*\n\s*)
    | (?P<ligature>---?|``|''|~)
    | (?P<text>[^\\%{}$~`'\n-]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
OPTION = re.compile(r"[ \t]*\[([^\[\]\n]{0,300})\][ \t]*")
"""What stands in brackets behind a command."""

LIGATURES = {"---": "—", "--": "–", "``": "“", "''": "”", "~": " "}
_ACCENTS = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327",
    "v": "\u030c", "H": "\u030b", "k": "\u0328", "u": "\u0306", "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
_SYMBOLS = {"\\": "\n", **dict.fromkeys(",;: \n\t", " "), **dict.fromkeys("@!/-()[]", "")}
_NAMED = {
    "ss": "ß", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "i": "ı", "j": "ȷ", "dh": "ð", "th": "þ", "S": "§", "P": "¶", "dag": "†", "ddag": "‡", "pounds": "£", "euro": "€",
    "texteuro": "€", "ldots": "…", "dots": "…", "cdots": "⋯", "textellipsis": "…", "textbackslash": "\\", "ast": "∗",
    "textasciitilde": "~", "textasciicircum": "^", "textbar": "|", "textless": "<", "textgreater": ">",
    "copyright": "©",
    "textbullet": "•", "textendash": "–", "textemdash": "—", "textregistered": "®", "texttrademark": "™", "lq": "‘",
    "rq": "’", "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "quad": " ", "qquad": " ", "newline": "\n",
    "infty": "∞", "cdot": "·", "exists": "∃", "partial": "∂", "neq": "≠", "to": "→", "gets": "←", "langle": "⟨",
    "rangle": "⟩", "lVert": "‖", "rVert": "‖", "vert": "|", "mid": "|", "colon": ":", "setminus": "∖", "circ": "∘",
    "backslash": "\\", "sqrt": "√", "hbar": "ħ", "iff": "⟺", "implies": "⟹", "notin": "∉", "land": "∧", "lor": "∨",
    "lnot": "¬", "neg": "¬", "lbrace": "{", "rbrace": "}", "textdegree": "°", "star": "⋆",
}  # fmt: skip
_FUNCTIONS = """
    arccos arcsin arctan arg argmax argmin bmod cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf
    limsup ln log max min mod Pr sec sin sinh sup tan tanh
"""
_NO_CHARACTERS = ("and", "block", "check", "copy", "image", "it", "map", "not", "num", "or", "par", "part", "sc")
"""Commands that are no characters though entities have their names."""


def accented(letter: str, accent: str) -> str:
    """A letter with the accent that a command puts on it.

    Example:
        >>> accented("u", '"')
        'ü'
    """
    return unicodedata.normalize("NFC", letter + _ACCENTS[accent])


def character(command: str) -> str | None:
    """What a command without arguments stands for, or None; most of MathML's entities have the names of TeX's commands.

    Example:
        >>> character("alpha"), character("leq"), character("%"), character("section")
        ('α', '≤', '%', None)
    """
    if not command.isalpha():
        return _SYMBOLS.get(command, command)
    if command in _FUNCTIONS.split():
        return f"{command} "
    if command in _NO_CHARACTERS:
        return None
    return _NAMED.get(command) or html5.get(f"{command};")
