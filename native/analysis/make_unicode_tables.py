"""Writes unicode_tables.inc: word classes, normalisation and case folding of every code point, as two-stage tables.

The data comes from pinned packages (unicodedata2 and the folding of regex), never from the running Python's own
Unicode version, so that every build of one release analyses text alike. Usage: make_unicode_tables.py OUTPUT
Sources: Unicode Standard Annex 15 (normalisation), Unicode Standard section 3.13 (case folding, NFKC_Casefold).
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import regex
import unicodedata2
from regex import _regex

BLOCK = 128
CODE_POINTS = 0x110000
OTHER, LETTER, DIGIT, MARK = 0, 1, 2, 3
EXTENDS, IGNORABLE, PUNCTUATION, NONSPACING, CONTROL = 4, 8, 16, 32, 64  # flags beside the class
# In the order of unicode::Script; letters of Common that only Han and Kana use count as theirs.
SCRIPTS = (
    r"\p{Script=Latin}", r"\p{Script=Greek}", r"\p{Script=Cyrillic}", r"\p{Script=Arabic}", r"\p{Script=Devanagari}",
    r"\p{Script=Tamil}",
    r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3006\u303c\u30fc\uff70",
    r"\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}",
)  # fmt: skip
FLAGS = {"Mn": NONSPACING, "Cc": CONTROL, "Cf": CONTROL}
FLAGS |= dict.fromkeys(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"), PUNCTUATION)
FULL_FOLDING = 0x4000 | regex.I | regex.U
IOTA_BELOW = "\u0345"  # combining, yet it folds to the letter iota: only after marks are put in order
ZERO_WIDTH_SPACE = "\u200b"  # ignorable by its property, but it stands between words


def fold(text: str) -> str:
    """Full case folding (status C and F), without the dotted and dotless i of Turkish."""
    # `regex` folds neither I nor dotted I, because they differ in Turkish.
    plain = text.replace("I", "i").replace("\u0130", "i\u0307")
    return _regex.fold_case(FULL_FOLDING, plain)


def fold_decomposed(text: str) -> str:
    """NFKD and case folding until nothing changes; IOTA_BELOW stays a mark."""
    while True:
        folded = "".join(c if c == IOTA_BELOW else fold(c) for c in unicodedata2.normalize("NFKD", text))
        folded = unicodedata2.normalize("NFKD", folded)
        if folded == text:
            return text
        text = folded


def fold_composed(text: str) -> str:
    """What `text` is after NFKC and case folding."""
    return unicodedata2.normalize("NFC", fold_decomposed(text).replace(IOTA_BELOW, "\u03b9"))


def assigned() -> Iterator[str]:
    """The code points that may have properties: not unassigned, private or surrogate."""
    for code in range(CODE_POINTS):
        if unicodedata2.category(chr(code)) not in ("Cn", "Co", "Cs"):
            yield chr(code)


def composition_pairs(characters: list[str]) -> list[tuple[int, int, int]]:
    """(first, second, composed), ascending; without Hangul, which is composed by arithmetic."""
    pairs = []
    for c in characters:
        parts = unicodedata2.decomposition(c).split()
        canonical = len(parts) == 2 and not parts[0].startswith("<")
        if canonical and unicodedata2.normalize("NFC", c) == c:
            pairs.append((int(parts[0], 16), int(parts[1], 16), ord(c)))
    return sorted(pairs)


def properties(characters: list[str], seconds: set[str]) -> array[int]:
    """Class and flags of every code point."""
    table = array("B", bytes(CODE_POINTS))
    kinds = {"L": LETTER, "N": DIGIT, "M": MARK}
    for c in characters:
        table[ord(c)] = kinds.get(unicodedata2.category(c)[0], OTHER)
        table[ord(c)] |= FLAGS.get(unicodedata2.category(c), 0)
        first = unicodedata2.normalize("NFKD", c)[0]
        if unicodedata2.combining(first) or first in seconds:
            table[ord(c)] |= EXTENDS
    everything = "".join(chr(code) for code in range(CODE_POINTS) if not 0xD800 <= code < 0xE000)
    for c in regex.findall(r"\p{Default_Ignorable_Code_Point}", everything):
        if c != ZERO_WIDTH_SPACE:
            table[ord(c)] |= IGNORABLE
    return table


def scripts() -> array[int]:
    """The script of every code point: 0, or from 1 its place in ``SCRIPTS``."""
    table = array("B", bytes(CODE_POINTS))
    everything = "".join(chr(code) for code in range(CODE_POINTS) if not 0xD800 <= code < 0xE000)
    for number, members in enumerate(SCRIPTS, 1):
        for c in regex.findall(f"[{members}]", everything):
            table[ord(c)] = number
    return table


def lower(c: str) -> str:
    """The simple lower-case mapping of a character that does not decompose, by way of its folding."""
    if "\u13a0" <= c <= "\u13f5":  # Cherokee folds to its capitals
        return chr(ord(c) + (0xAB70 - 0x13A0 if c < "\u13f0" else 8))
    folded = {"\u1e9e": "\xdf"}.get(c, fold(c))
    return folded if len(folded) == 1 and unicodedata2.category(c) != "Ll" else c


def lower_composed(c: str) -> str:
    """The full lower-case mapping of any character."""
    if unicodedata2.category(c) == "Mn":  # U+0345 folds to a letter, but is no capital
        return c
    if c == "\u0130":
        return "i\u0307"
    if "\u1f88" <= c <= "\u1faf" and unicodedata2.category(c) == "Lt":  # fold to two letters, yet have small ones
        return chr(ord(c) - 8)
    return {"\u1fbc": "\u1fb3", "\u1fcc": "\u1fc3", "\u1ffc": "\u1ff3"}.get(c) or lower(c)


def lower_unaccented(c: str) -> str:
    """As BERT's uncased models read a character: lower-cased, decomposed, without nonspacing marks."""
    decomposed = unicodedata2.normalize("NFD", c)
    return "".join(lower(d) for d in decomposed if unicodedata2.category(d) != "Mn") or c


def stages(table: array[int]) -> tuple[array[int], array[int]]:
    """(block number per 128 code points, the different blocks one after another)."""
    numbers: dict[bytes, int] = {}
    first, second = array("H"), array(table.typecode)
    for start in range(0, CODE_POINTS, BLOCK):
        block = table[start : start + BLOCK]
        number = numbers.setdefault(block.tobytes(), len(numbers))
        if number * BLOCK == len(second):
            second.extend(block)
        first.append(number)
    return first, second


def mapping(
    characters: list[str], function: Callable[[str], str], pool: list[int], places: dict[str, int]
) -> array[int]:
    """Per code point 0 for "itself", else the place of its image in `pool`: a length, then code points."""
    table = array("H", bytes(2 * CODE_POINTS))
    for c in characters:
        image = function(c)
        if image == c:
            continue
        if image not in places:
            places[image] = len(pool)
            pool.append(len(image))
            pool.extend(map(ord, image))
        table[ord(c)] = places[image]
    return table


def declaration(kind: str, name: str, values: list[int] | array[int]) -> str:
    """One C++ array."""
    lines = (",".join(map(str, values[i : i + 32])) for i in range(0, len(values), 32))
    return f"const {kind} {name}[{len(values)}] = {{\n" + ",\n".join(lines) + "};\n"


def main(output: str) -> None:
    """Computes all tables and writes them as C++ source."""
    characters = list(assigned())
    pairs = composition_pairs(characters)
    hangul_seconds = {chr(c) for c in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    seconds = {chr(second) for _, second, _ in pairs} | hangul_seconds
    # Hangul syllables go by arithmetic; Han ideographs have images in the compatibility blocks alone.
    mapped = [c for c in characters if not ("가" <= c <= "힣" or "一" <= c <= "鿿" or "\U00020000" <= c < "\U0002f800")]

    pool, places = [0], {}  # place 0 means "itself"
    tables = {
        "properties": properties(characters, seconds),
        "combining": array("B", (unicodedata2.combining(chr(code)) for code in range(CODE_POINTS))),
        "fold_nfkc": mapping(mapped, fold_composed, pool, places),
        "fold_nfkd": mapping(mapped, fold_decomposed, pool, places),
        "nfkc": mapping(mapped, lambda c: unicodedata2.normalize("NFKC", c), pool, places),
        "nfkd": mapping(mapped, lambda c: unicodedata2.normalize("NFKD", c), pool, places),
        "fold": mapping(mapped, fold, pool, places),
        "nfd": mapping(mapped, lambda c: unicodedata2.normalize("NFD", c), pool, places),
        "lower": mapping(mapped, lower_composed, pool, places),
        "lower_unaccented": mapping(mapped, lower_unaccented, pool, places),
        "script": scripts(),
    }
    if len(pool) >= 1 << 16:
        raise SystemExit(f"make_unicode_tables.py: {len(pool)} mapped code points do not fit 16-bit places")

    parts = [f'const char unicode_version_text[] = "{unicodedata2.unidata_version}";\n']
    for name, table in tables.items():
        first, second = stages(table)
        parts.append(declaration("uint16_t", f"{name}_blocks", first))
        parts.append(declaration("uint8_t" if table.typecode == "B" else "uint16_t", f"{name}_values", second))
    parts.append(declaration("char32_t", "image_pool", pool))
    parts.append(declaration("char32_t", "composition_pairs", [code for pair in pairs for code in pair]))
    Path(output).write_text("".join(parts), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1])
