"""The roff language under manual pages: arguments of a request, escapes and special characters (groff(7)).

Fonts, sizes and motions are dropped, conditionals are not decided and macros are not run: a page is read, not typeset.
"""

from __future__ import annotations

import re
import unicodedata

_ARGUMENT = re.compile(r'"((?:[^"]|"")*)"?|((?:[^\s\\]|\\.)+|\\$)')
_COMMENT = re.compile(r'(?<!\\)((?:\\\\)*)\\["#].*$')
_LONG = r"[^\]\n]{0,200}"  # bounded, or each of many open brackets would be followed to the end of the line
_QUOTED = r"'[^'\n]{0,200}'"
_NAME = rf"(?:\[({_LONG})\]|\((..)|(.))"
_ESCAPE = re.compile(
    r"\\(?:"
    rf"\*{_NAME}"  # 1-3: a string
    rf"|[fFgkmMnVY][+-]?(?:\[[^\]\n]*\]|\(..|.)"  # fonts, colours, registers: nothing to read
    rf"|s[+-]?(?:\[{_LONG}\]|\(..|{_QUOTED}|\d)"
    r"|[ABbCDHhLlNoRSvwXxZ]'([^'\n]{0,200})'"  # 4: motions and drawings; the characters of \C'name' and \N'number'
    rf"|\[({_LONG})\]|\((..)"  # 5, 6: a special character
    r"|(.)|$)"  # 7: one of the rest
)
_CHARACTERS = {
    "em": "—", "en": "–", "hy": "-", "mi": "−", "pl": "+", "mu": "×", "di": "÷", "+-": "±", "==": "≡", "!=": "≠",
    ">=": "≥", "<=": "≤", "~~": "≈", "->": "→", "<-": "←", "<>": "↔", "ua": "↑", "da": "↓", "lq": "“", "rq": "”",
    "oq": "‘", "cq": "’", "aq": "'", "dq": '"', "ga": "`", "ha": "^", "ti": "~", "rs": "\\", "bu": "•", "ci": "○",
    "co": "©", "rg": "®", "tm": "™", "de": "°", "sc": "§", "ps": "¶", "dg": "†", "dd": "‡", "fm": "′", "ss": "ß",
    "AE": "Æ", "ae": "æ", "OE": "Œ", "oe": "œ", "/O": "Ø", "/o": "ø", ",C": "Ç", ",c": "ç", "Eu": "€", "Po": "£",
    "Fo": "«", "Fc": "»", "fo": "‹", "fc": "›", "bv": "|", "ba": "|", "br": "│", "ul": "_", "sl": "/", "at": "@",
    "sh": "#", "Do": "$", "lB": "[", "rB": "]", "lC": "{", "rC": "}", "la": "⟨", "ra": "⟩", "*a": "α", "*b": "β",
    "*l": "λ", "*m": "μ", "*p": "π", "if": "∞", "ff": "ff", "fi": "fi", "fl": "fl", "Fi": "ffi", "r!": "¡", "r?": "¿",
}  # fmt: skip
_ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", ":": "\u0308", "o": "\u030a", ",": "\u0327"}
_ONE = {
    "-": "-", "e": "\\", "\\": "\\", "E": "\\", " ": " ", "~": " ", "0": " ", "t": "\t", "'": "'", "`": "`", ".": ".",
}  # fmt: skip
_STRINGS = {"lq": "“", "rq": "”", "R": "®", "Tm": "™", 'L"': '"', 'R"': '"', "--": "--", "C+": "C++"}


def arguments(line: str) -> list[str]:
    """The arguments of a request: words, or what stands between double quotes, in which ``""`` is one quote.

    Example:
        >>> arguments('"SEE ALSO" more')
        ['SEE ALSO', 'more']
    """
    found = _ARGUMENT.finditer(line)
    return [match[1].replace('""', '"') if match[1] is not None else match[2] for match in found]


def without_comment(line: str) -> str:
    r"""The line before ``\"`` or ``\#``, which start a comment."""
    return _COMMENT.sub(r"\1", line)


class Characters:
    """Escapes to text; knows the strings that the page defines."""

    def __init__(self) -> None:
        self._strings = dict(_STRINGS)

    def define(self, name: str, value: str) -> None:
        """What ``\\*(name`` stands for from here on; strings inside it are not followed, so none grows endlessly."""
        self._strings[name] = _ESCAPE.sub(self._character, value)

    def plain(self, text: str) -> str:
        r"""The text without escapes.

        Example:
            >>> Characters().plain(r"\fBls\fR \- list \(lqfiles\(rq")
            'ls - list “files”'
        """
        return _ESCAPE.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        return self._strings.get(name, "") if name else self._character(match)

    def _character(self, match: re.Match[str]) -> str:
        text = match[0]
        if text.startswith("\\N'") and (match[4] or "").isdecimal():
            return _from_code(match[4], 10)
        name = (match[4] if text.startswith("\\C'") else None) or match[5] or match[6]
        if name is not None:
            return _named(name)
        return _ONE.get(match[7] or "", "")


def _named(name: str) -> str:
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if coded := re.fullmatch(r"u([0-9A-F]{4,6})(?:_([0-9A-F]{4,6}))?", name):
        return "".join(_from_code(code, 16) for code in coded.groups() if code)
    if coded := re.fullmatch(r"char(\d{1,3})", name):
        return _from_code(coded[1], 10)
    if len(name) == 2 and name[0] in _ACCENTS and name[1].isalpha():  # \['e] is é
        return unicodedata.normalize("NFC", name[1] + _ACCENTS[name[0]])
    return ""


def _from_code(digits: str, base: int) -> str:
    code = int(digits, base) if len(digits) <= 6 else 0
    return chr(code) if 32 <= code < 0xD800 or 0xE000 <= code < 0x110000 else ""
