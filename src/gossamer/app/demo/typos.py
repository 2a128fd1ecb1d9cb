"""Mistyped queries: one slip of the finger in every word, the same for the same seed."""

from __future__ import annotations

from random import Random

_NEIGHBOURS = {
    key: (row[at - 1] if at else "") + (row[at + 1] if at + 1 < len(row) else "")
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for at, key in enumerate(row)
}  # fmt: skip


def mistype(text: str, seed: int = 0) -> str:
    """``text`` with a typo in every word of two letters or more: two letters swapped, one lost, doubled or mishit.

    Example:
        >>> mistype("cache results", seed=1) != "cache results"
        True
    """
    random = Random(f"{seed}:{text}")
    return " ".join(_slip(word, random) if len(word) > 1 else word for word in text.split())


def _slip(word: str, random: Random) -> str:
    while True:
        at = random.randrange(len(word) - 1)
        kind = random.choice(("swap", "lose", "double", "neighbour"))
        if kind == "swap":
            slipped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        elif kind == "lose":
            slipped = word[:at] + word[at + 1 :]
        elif kind == "double":
            slipped = word[: at + 1] + word[at:]
        else:
            slipped = word[:at] + random.choice(_NEIGHBOURS.get(word[at].lower(), "x")) + word[at + 1 :]
        if slipped != word:  # swapping two equal letters changes nothing
            return slipped
