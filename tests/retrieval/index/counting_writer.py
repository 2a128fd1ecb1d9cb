"""A program that writes to an index for ever, printing every acknowledged commit; tests kill it.

The generation alone decides what a commit holds, so that a test knows what must be there.
"""

import sys

from workload import document

from gossamer.retrieval.index import Index
from gossamer.text.documents import Document


def documents_at(generation: int) -> dict[str, Document]:
    """What the index holds at a commit: each replaces one document, adds one, and every fifth deletes one."""
    held: dict[str, Document] = {}
    for g in range(1, generation + 1):
        for identifier in changed_at(g):
            held.pop(identifier, None)
            held[identifier] = document(identifier, g)
        if g % 5 == 0:
            held.pop(str(g - 4), None)
    return held


def changed_at(generation: int) -> list[str]:
    """The documents that a commit adds or replaces."""
    return [str(generation), str(generation // 2)]


def write_for_ever(path: str) -> None:
    """Every seventh commit is a merge."""
    index = Index.open(path, memory=1, threads=2)
    while True:
        generation = index.stats()["generation"] + 1
        for identifier in changed_at(generation):
            index.add([document(identifier, generation)])
        if generation % 5 == 0:
            index.delete([str(generation - 4)])
        if generation % 7 == 0:
            index.merge()
        else:
            index.commit()
        print(generation, flush=True)


if __name__ == "__main__":
    write_for_ever(sys.argv[1])
