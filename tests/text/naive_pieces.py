"""What is cut from words, again, slow and plain: bigrams, identifiers, n-grams, accents, compounds, WordPiece."""

from __future__ import annotations

import math
import unicodedata
from itertools import pairwise

from naive_analysis import clusters, kind, words

BIGRAMS = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "IDEOGRAPHIC", "HIRAGANA", "HENTAIGANA", "KATAKANA", "HANGUL",
           "BOPOMOFO")  # fmt: skip
SPELLED = {"æ": "ae", "œ": "oe", "ø": "o", "þ": "th", "ð": "d", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t"}
LINKS = ("", "s", "es", "n", "en", "er")
Place = tuple[str, int, int]  # a term, its range


def traced(text: str) -> list[list[Place]]:
    """The words of a text as characters with their ranges: a word of two is read as two words of one would be."""
    stream = []
    for cluster, start, end in clusters(text, normalize=True):
        stream += [(c, start, end) for c in unicodedata.normalize("NFKC", cluster)]
    found, at = [], 0
    for word, _, start, end in words(text, casefold=False):
        while not (stream[at][1] == start and stream[at][0] == word[0]):
            at += 1
        piece = []
        for c in word:
            while ("'" if stream[at][0] == "\u2019" else stream[at][0]) != c:
                at += 1
            piece.append((c, *stream[at][1:]))
            at += 1
        assert piece[-1][2] == end
        found.append(piece)
    return found


def joined(piece: list[Place]) -> Place:
    return "".join(c for c, _, _ in piece), piece[0][1], piece[-1][2]


def cjk(text: str) -> list[Place]:
    """Terms of the analyser ``cjk`` for a text without long runs."""
    found: list[Place] = []
    for word in traced(text):
        units: list[list[Place]] = []
        for c in word:
            if units and kind(c[0]) == "M":
                units[-1].append(c)
            else:
                units.append([c])
        run: list[list[Place]] = []
        plain: list[Place] = []
        for unit in [*units, []]:
            ideographic = bool(unit) and unicodedata.name(unit[0][0], "").startswith(BIGRAMS)
            if plain and (ideographic or not unit):
                found += _trimmed(plain)
                plain = []
            if run and not ideographic:
                grams = [a + b for a, b in pairwise(run)] or run
                found += [joined(gram) for gram in grams]
                run = []
            if ideographic:
                run.append(unit)
            else:
                plain += unit
    return [(_fold(term), start, end) for term, start, end in found]


def _trimmed(piece: list[Place]) -> list[Place]:
    while piece and kind(piece[0][0]) not in ("L", "N"):
        piece = piece[1:]
    while piece and not kind(piece[-1][0]):
        piece = piece[:-1]
    return [joined(piece)] if piece else []


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def identifier_parts(word: str) -> list[str]:
    """camelCase, snake_case, HTTPServer and utf8, cut."""

    def case(c: str) -> str:
        if kind(c) == "N":
            return "digit"
        if kind(c) != "L":
            return ""
        return "upper" if len(c.casefold()) == 1 and c.casefold() != c and c != "ς" else "lower"

    bases = [c for c in word if kind(c) != "M"]
    cuts = set()
    for i, (a, b) in enumerate(pairwise(bases)):
        before, after = case(a), case(b)
        later = case(bases[i + 2]) if i + 2 < len(bases) else ""
        if (
            not before
            or not after
            or (before == "digit") != (after == "digit")
            or (before, after) == ("lower", "upper")
            or (before, after, later) == ("upper", "upper", "lower")
        ):
            cuts.add(i + 1)
    parts, at = [""], 0
    for c in word:
        if kind(c) != "M":
            if at in cuts:
                parts.append("")
            at += 1
        parts[-1] += c
    return [part for part in parts if case(part[0])]


def grams(word: str, shortest: int, longest: int, edge: bool) -> list[str]:
    found = [word[i:j] for i in range(len(word)) for j in range(i + 1, len(word) + 1) if shortest <= j - i <= longest]
    if edge:
        found = [word[:j] for j in range(shortest, min(longest, len(word)) + 1)]
    return found if len(word) >= shortest else [word]


def without_accents(word: str) -> str:
    result, takes = "", False
    for c in word:
        if takes and "\u0300" <= c <= "\u036f":
            continue
        decomposed = unicodedata.normalize("NFKD", c)
        takes = unicodedata.name(decomposed[0], "").startswith(("LATIN", "GREEK")) and kind(decomposed[0]) == "L"
        plain = "".join(d for d in decomposed if not "\u0300" <= d <= "\u036f") if takes else c
        result += SPELLED.get(c, plain)
    return result


def splits(word: str, table: dict[str, int], parts: int = 4) -> list[list[str]]:
    """Every way to write a word as known parts with links between them."""
    found = [[word]] if word in table else []
    for i in range(1, len(word)):
        if parts == 1 or word[:i] not in table:
            continue
        for link in LINKS:
            rest = word[i + len(link) :]
            if word[i:].startswith(link) and rest:
                found += [[word[:i], *others] for others in splits(rest, table, parts - 1)]
    return found


def mean(parts: list[str], table: dict[str, int]) -> float:
    return math.fsum(math.log(table[part]) for part in parts) / len(parts)


def word_pieces(text: str, vocabulary: set[str]) -> list[str]:
    """BERT's uncased tokens, from the rule."""
    spaced = ""
    for c in text:
        if c in "\t\n\r" or unicodedata.category(c) == "Zs":
            spaced += " "
        elif c in "\0\ufffd" or unicodedata.category(c) in ("Cc", "Cf"):
            continue
        else:
            spaced += f" {c} " if _is_han(c) else c
    pieces = []
    for word in spaced.split(" "):
        lower = "".join(c.lower() for c in word)
        bare = "".join(c for c in unicodedata.normalize("NFD", lower) if unicodedata.category(c) != "Mn")
        separate = "".join(f" {c} " if _is_punctuation(c) else c for c in bare)
        for token in separate.split(" "):
            pieces += _greedy(token, vocabulary) if token else []
    return pieces


def _greedy(token: str, vocabulary: set[str]) -> list[str]:
    pieces, start = [], 0
    while start < len(token):
        mark = "##" * (start > 0)
        ends = [end for end in range(start + 1, len(token) + 1) if mark + token[start:end] in vocabulary]
        if not ends or len(token) > 100:
            return ["[UNK]"]
        pieces.append(mark + token[start : ends[-1]])
        start = ends[-1]
    return pieces


def _is_punctuation(c: str) -> bool:
    return ("!" <= c <= "~" and not c.isalnum()) or unicodedata.category(c)[0] == "P"


def _is_han(c: str) -> bool:
    blocks = ("4e00-9fff", "3400-4dbf", "20000-2a6df", "2a700-2ceaf", "f900-faff", "2f800-2fa1f")
    return any(int(first, 16) <= ord(c) <= int(last, 16) for first, last in (block.split("-") for block in blocks))
