"""What a request asks for, and links that ask for the same with one thing changed.

Conditions are added to a filter and taken out of it as parts of its tree, never as text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gossamer.retrieval.index.where import Comparison, Node, parse
from gossamer.retrieval.index.writing import conjunction, conjuncts, having, written

if TYPE_CHECKING:
    from gossamer.retrieval.index.fields import Scalar


@dataclass(frozen=True, slots=True)
class Asked:
    """A search.

    Args:
        q: The query as typed.
        k: How many documents.
        where: A filter; empty for none.
        sort: A field with ``-`` before it for descending; empty for the best first.
        like: Ids of documents to find others like.
        facet: Fields to count, where the request names any.
        typos: ``auto``, or how many edits of a word to correct; empty for what the server does by itself.
        recall: Of the best documents that is enough; None for all.
    """

    q: str
    k: int
    where: str = ""
    sort: str = ""
    like: tuple[str, ...] = ()
    facet: tuple[str, ...] = ()
    typos: str = ""
    recall: float | None = None

    @property
    def anything(self) -> bool:
        """Whether there is something to search for."""
        return bool(self.q.strip() or self.where.strip() or self.sort or self.like)

    def options(self) -> dict[str, Any]:
        """The keywords of a search."""
        return {
            "where": self.where.strip() or None, "sort": self.sort or None, "like": self.like, "recall": self.recall,
        }  # fmt: skip

    def link(self, path: str = "/", fragment: str = "", *, more: dict[str, Any] | None = None, **changed: Any) -> str:
        """An address on this server for the same with ``changed``; ``more`` names what a search does not have.

        Example:
            >>> Asked("wing", 10, like=("a b",)).link(k=20)
            '/?q=wing&k=20&like=a+b'
        """
        asked = replace(self, **changed)
        parts = {
            "q": asked.q, "k": asked.k, "where": asked.where, "sort": asked.sort, "like": asked.like,
            "typos": asked.typos, "facet": asked.facet, "recall": asked.recall,
        }  # fmt: skip
        said = {name: value for name, value in parts.items() if value}
        return link(path, fragment, **(more or {}), **said)

    def conditions(self) -> tuple[Node, ...]:
        """The parts of the filter that all have to hold."""
        return conjuncts(parse(self.where)) if self.where.strip() else ()

    def without(self, condition: Node) -> str:
        """A link to the same without a condition."""
        return self.link(where=conjunction([part for part in self.conditions() if part != condition]))

    def toggled(self, field: str, value: Scalar) -> tuple[str, bool]:
        """A link to the same with one more condition, or without it where it holds already; and whether it does."""
        wanted = having(field, value)
        for part in self.conditions():
            if isinstance(part, Comparison) and _says(part) == _says(wanted):
                return self.without(part), True
        return self.link(where=conjunction([*self.conditions(), wanted])), False

    def chips(self) -> list[tuple[str, str]]:
        """Each condition of the filter and document to be like, with a link to the same without it."""
        conditions = [(written(part), self.without(part)) for part in self.conditions()]
        liked = [
            (f"like {one}", self.link(like=tuple(other for other in self.like if other != one))) for one in self.like
        ]
        return conditions + liked


def _says(part: Comparison) -> tuple[str, str, str]:
    return part.field, part.operator, part.value.text


def link(path: str, fragment: str = "", **query: object) -> str:
    """An address on this server."""
    return path + "?" + urlencode(query, doseq=True) + (f"#{fragment}" if fragment else "")
