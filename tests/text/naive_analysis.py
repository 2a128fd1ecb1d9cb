"""The analyser again, slow and plain, from its rule and the interpreter's Unicode tables: the oracle of the tests."""

from __future__ import annotations

import unicodedata

LIMIT = 255


def _seconds() -> frozenset[str]:
    """Characters that compose with one before them."""
    pairs = (unicodedata.decomposition(chr(code)).split() for code in range(0x110000))
    composed = {chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")}
    return frozenset(composed | {chr(c) for c in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))})


_SECONDS = _seconds()


# Default_Ignorable_Code_Point by its derivation in DerivedCoreProperties.txt, less the zero width space.
_OTHER_IGNORABLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0, *range(0xFFF0, 0xFFF9)}
_SELECTORS = {*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10)}
_VISIBLE_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
_VISIBLE_FORMATS |= {0x200B, 0xFFF9, 0xFFFA, 0xFFFB, *range(0x13430, 0x13441)}


def ignorable(c: str) -> bool:
    code = ord(c)
    if code in _VISIBLE_FORMATS:
        return False
    is_format = unicodedata.category(c) == "Cf"
    return is_format or code in _OTHER_IGNORABLE or code in _SELECTORS or 0xE0000 <= code < 0xE1000


def kind(c: str) -> str:
    """L, M, N or empty."""
    major = unicodedata.category(c)[0]
    return major if major in "LMN" else ""


def _fold(text: str) -> str:
    """NFKC and case folding: definition D146 of the Unicode Standard, compatibility forms resolved first."""
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", text)


def clusters(text: str, normalize: bool) -> list[tuple[str, int, int]]:
    """Characters with those that reorder or compose with them: (cluster, start, end)."""
    clusters: list[tuple[str, int, int]] = []
    for i, c in enumerate(text):
        if ignorable(c):
            continue
        first = unicodedata.normalize("NFKD", c)[0]
        extends = unicodedata.combining(first) != 0 or first in _SECONDS
        before, start, _ = clusters[-1] if clusters else ("", i, i)
        # No ASCII character but a letter or digit makes a word with what extends it.
        if normalize and extends and (before.isalnum() if before.isascii() else before):
            clusters[-1] = (before + c, start, i + 1)
        else:
            clusters.append((c, i, i + 1))
    return clusters


def words(text: str, *, normalize: bool = True, casefold: bool = True, possessive: bool = False) -> list[tuple]:
    """(word, position, start, end) of every word."""
    stream: list[tuple[str, int, int]] = []
    for cluster, start, end in clusters(text, normalize):
        if normalize and casefold:
            cluster = _fold(cluster)
        elif normalize:
            cluster = unicodedata.normalize("NFKC", cluster)
        elif casefold:
            cluster = cluster.casefold()
        stream += [("'" if c == "\u2019" else c, start, end) for c in cluster]

    result: list[tuple] = []
    i = 0
    while i < len(stream):
        if kind(stream[i][0]) not in ("L", "N"):
            i += 1
            continue
        first = i
        base = kind(stream[i][0])
        i += 1
        while i < len(stream) and i - first < LIMIT:
            here = kind(stream[i][0])
            if here:
                base = base if here == "M" else here
                i += 1
            elif i + 1 < len(stream) and i - first + 2 <= LIMIT and _joins(base, stream[i][0], kind(stream[i + 1][0])):
                i += 2
            else:
                break
        piece = stream[first:i]
        word = "".join(c for c, _, _ in piece)
        if possessive and len(word) > 2 and word[-2:] in ("'s", "'S"):
            word = word[:-2]
        result.append((word, len(result), piece[0][1], piece[-1][2]))
    return result


def _joins(before: str, joiner: str, after: str) -> bool:
    return before == after and joiner in {"L": "'._", "N": ".,"}[before]
