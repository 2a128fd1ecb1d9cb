"""What the acts share: where they write, how much they do, and the corpus and index that the first act makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gossamer.app.demo.exam import SOURCE
from gossamer.retrieval.index import Index
from gossamer.text.documents import Document


@dataclass
class Stage:
    """The setting of one run.

    Args:
        folder: Where the demo writes.
        source: What is indexed.
        rounds: How often every timing is repeated, systems taking turns; the median counts.
        known_items: Generated queries on the frontier.
        naive_items: How many of them the slow naive method is asked.
        crashes: How often the indexer is killed.
        seed: Of everything that is drawn by chance.
        documents: The corpus; the first act reads it.
    """

    folder: Path
    source: str = SOURCE
    rounds: int = 5
    known_items: int = 2000
    naive_items: int = 25
    crashes: int = 8
    seed: int = 0
    documents: list[Document] = field(default_factory=list)

    @property
    def index_path(self) -> Path:
        """Where the first act puts the index; it stays for the reader to use."""
        return self.folder / "index"

    def index(self) -> Index:
        """The index that the first act made."""
        return Index.open(self.index_path)

    def do_less(self) -> None:
        """For a slow machine: fewer queries and kills, rather than a longer wait."""
        self.known_items //= 4
        self.naive_items //= 2
        self.crashes //= 2

    def scratch(self, name: str) -> Path:
        """A place for files that an act throws away."""
        return self.folder / "scratch" / name
