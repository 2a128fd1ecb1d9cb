"""Where the terms of an explanation stand in a passage: those of learned vectors are words by way of their encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from gossamer.text.analysis import Analyzer, analyzer

if TYPE_CHECKING:
    from gossamer.retrieval.index.spaces import Encoders, Space


@dataclass(frozen=True, slots=True)
class Contribution:
    """One term's part of a score: ``contribution = query_weight * document_weight``.

    The empty term stands for what a score owes to the passage's length alone (query likelihood).

    Args:
        term: The term.
        query_weight: With the weight of the space in it.
        document_weight: Of the passage.
        contribution: To the score.
        space: The part of the index that the term belongs to.
        literal: Of a learned encoder's term whether the passage, with its title and headings, holds it; False for an
            expansion, which the encoder has added; None where that is not known.
        through: The word of the passage through which it came, where that is another than the term and known.
    """

    term: str
    query_weight: float
    document_weight: float
    contribution: float
    space: str = ""
    literal: bool | None = None
    through: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; ``literal`` and ``through`` where they are known."""
        told: dict[str, Any] = {
            "term": self.term, "query_weight": self.query_weight,
            "document_weight": self.document_weight, "contribution": self.contribution, "space": self.space,
        }  # fmt: skip
        if self.literal is not None:
            told["literal"] = self.literal
        if self.through:
            told["through"] = self.through
        return told

    @property
    def origin(self) -> str:
        """In words where a learned term came from; empty where it stands in the passage as it is.

        Example:
            >>> Contribution("airfoil", 1.0, 1.0, 1.0, "learned", False, "wing").origin
            'through wing'
        """
        if self.literal is None or (self.literal and not self.through):
            return ""
        return f"in {self.through}" if self.literal else f"through {self.through}" if self.through else "expansion"


def traced(
    why: Sequence[Sequence[Contribution]],
    texts: Callable[[], Sequence[str]],
    spaces: Sequence[Space],
    encoders: Encoders,
) -> list[list[Contribution]]:
    """Contributions with where their terms came from, as far as encoders know.

    Args:
        why: For each passage its contributions.
        texts: Gives each passage as it was encoded; asked for only where there is an encoder to ask.
        spaces, encoders: Of the index.
    """
    found = [list(one) for one in why]
    for space, encoder in zip(spaces, encoders, strict=True):
        if space["kind"] == "text" or encoder is None:
            continue
        wanted = [{part.term for part in one if part.space == space["name"]} for one in found]
        if not any(wanted):
            continue
        for one, sources in zip(found, encoder.sources(texts(), wanted), strict=True):
            for i, part in enumerate(one):
                source = sources.get(part.term) if part.space == space["name"] else None
                if source is not None:
                    through = source.word if source.word != part.term else ""
                    one[i] = replace(part, literal=source.literal, through=through)
    return found


def shares_of_words(
    why: Iterable[Iterable[Contribution]], terms_of: Analyzer | None, spaces: Sequence[Space]
) -> list[dict[str, float]]:
    """For each passage what the words in it contributed, by the terms that the analyser makes of them.

    A word may be a term of several spaces, and expansions come through words.

    Args:
        why: For each passage its contributions.
        terms_of: The index's analyser; None where it has none, and terms are looked for as words.
        spaces: Of the index.
    """
    texts, analysis = {space["name"] for space in spaces if space["kind"] == "text"}, terms_of or analyzer("standard")

    @cache
    def words(term: str, through: str) -> tuple[str, ...]:
        if through:
            return tuple(analysis.terms(through))
        if terms_of is None:
            return (term,)
        made = analysis.terms(term) if term[:1].isalnum() else []  # not the middle of a word
        return (made[0],) if len(made) == 1 else ()

    shares = []
    for one in why:
        total: dict[str, float] = {}
        for part in one:
            if part.space in texts:
                held: tuple[str, ...] = (part.term,) if part.term else ()
            else:
                held = words(part.term, part.through) if part.literal is not False or part.through else ()
            for word in held:
                total[word] = total.get(word, 0.0) + part.contribution
        shares.append(total)
    return shares
