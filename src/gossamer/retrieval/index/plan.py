"""How a query was understood and is run, for people who wonder why they see what they see."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from gossamer.retrieval.index.schema import bind
from gossamer.retrieval.index.selection import approximate, tiers
from gossamer.retrieval.index.snapshot import naming_damage
from gossamer.retrieval.index.where import Node, parse
from gossamer.retrieval.index.writing import conjuncts, written

if TYPE_CHECKING:
    from gossamer.retrieval.index.approximation import Approximation
    from gossamer.retrieval.index.language import Part
    from gossamer.retrieval.index.selection import Selection
    from gossamer.retrieval.index.snapshot import Snapshot
    from gossamer.text.analysis import Analyzer


@dataclass(frozen=True, slots=True)
class PlannedTerm:
    """A term that scores: its weight in the query, how many passages hold it, and the space it belongs to."""

    term: str
    weight: float
    passages: int
    space: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on fields, as the filter language writes it, and how many live documents it alone lets through."""

    text: str
    documents: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is understood and run.

    Args:
        words: Each word of the query that scores with its term, in the order of the query; a word may give several.
        terms: What scores, space by space, ascending by term; those that no passage holds score nothing.
        prefixes: For each ``prefix*`` how many terms of the index it stands for.
        required, excluded: What documents must have and must not have, as the query language writes it.
        liked: Terms with weights that come from documents to find others like.
        corrections: For words that may be mistyped what is searched beside them; ``words`` has the likeliest.
        conditions: On fields, all of which must hold: those of the filter and those of the query.
        passing: How many live documents all of this lets through, whether or not they hold a term.
        documents: How many live documents there are.
        segments: How many segments are searched.
        traversal: ``pruned`` skips what cannot reach the best k; ``exhaustive`` scores every posting, as scores without
            an upper bound need it; ``two-phase`` may miss some of the best k, as ``approximation`` says; ``listing``
            takes what matches in order and scores only what is shown.
        order: ``score``, ``insertion``, or the field that sorts, with ``-`` before it for descending.
        postings: Entries of the index that the traversal read one by one.
        scored: Passages whose score it computed.
        approximation: How a recall is served, where one was asked for.
    """

    words: list[tuple[str, str]]
    terms: list[PlannedTerm]
    prefixes: dict[str, int]
    required: list[str]
    excluded: list[str]
    liked: list[tuple[str, float]]
    corrections: dict[str, list[str]]
    conditions: list[Condition]
    passing: int
    documents: int
    segments: int
    traversal: Literal["pruned", "exhaustive", "two-phase", "listing"]
    order: str
    postings: int
    scored: int
    approximation: Approximation | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        how = self.approximation.to_dict() if self.approximation is not None else None
        return asdict(self) | {"approximation": how}


def make_plan(
    snapshot: Snapshot, selection: Selection, analyzer: Analyzer | None, k: int, where: str | None, sort: str | None
) -> Plan:
    """The plan of a query, which is run once more to see what it touches.

    Args:
        snapshot: What is searched.
        selection: The query.
        analyzer: The index's; None where it has none.
        k, where, sort: As the search was asked for.
    """
    parsed, accepted = selection.parsed, selection.accepted
    stated = [*(conjuncts(parse(where)) if where is not None else ()), *(parsed.filters if parsed else ())]
    nodes = [bind(node, snapshot.manifest.types) for node in stated]
    order = sort if sort is not None else "insertion" if selection.lists else "score"
    with naming_damage(snapshot.segments):
        live = [segment.live for segment in snapshot.segments]
        passing = [mask & one for mask, one in zip(accepted.masks, live, strict=True)] if accepted else live
        postings = scored = 0
        scoring = sorted(selection.scoring, key=lambda one: (one[2], one[0]))
        how: Literal["pruned", "exhaustive", "two-phase", "listing"] = "listing"
        if order == "score":
            how = "pruned" if snapshot.native.prunes(scoring) else "exhaustive"
            how = "two-phase" if approximate(selection) is not None else how
        if sort is not None and scoring:
            postings = sum(snapshot.frequency(term, space) for term, _, space in scoring)
        elif scoring:
            postings, scored = _touched(snapshot, selection, k)
        return Plan(
            words=_words(selection.text, analyzer),
            terms=[
                PlannedTerm(term, weight, snapshot.frequency(term, space), snapshot.manifest.spaces[space]["name"])
                for term, weight, space in scoring
            ],
            prefixes={
                prefix: sum(snapshot.frequency(term) > 0 for term in terms)
                for prefix, terms in selection.expansions.items()
            },
            required=[_written(part) for part in parsed.must] if parsed else [],
            excluded=[_written(part) for part in parsed.must_not] if parsed else [],
            liked=selection.liked,
            corrections={one.word: [word for word, _ in one.replacements] for one in selection.corrections},
            conditions=[_condition(snapshot, node) for node in nodes],
            passing=sum(int(mask.sum()) for mask in passing),
            documents=snapshot.live_documents,
            segments=len(snapshot.segments),
            traversal=how,
            order=order,
            postings=postings,
            scored=scored,
            approximation=selection.approximation,
        )


def _touched(snapshot: Snapshot, selection: Selection, k: int) -> tuple[int, int]:
    """Postings read and passages scored."""
    left, postings, scored, how = k, 0, 0, approximate(selection)
    for accepted in tiers(snapshot, selection):
        if left > 0:
            native = accepted.native if accepted else None
            found, read, candidates = snapshot.native.top_k(selection.scoring, left, False, native, how)
            left, postings, scored = left - len(found), postings + read, scored + candidates
    return postings, scored


def _words(text: str, analyzer: Analyzer | None) -> list[tuple[str, str]]:
    if analyzer is None:
        return []
    return [(text[token.start : token.end], token.term) for token in analyzer(text)]


def _written(part: Part) -> str:
    if part.kind == "phrase":
        return f'"{part.text}"' + (f"~{part.slop}" if part.slop else "")
    if part.field:
        return f'{part.field}:"{part.text}"'
    return part.text + ("*" if part.kind == "prefix" else "")


def _condition(snapshot: Snapshot, node: Node) -> Condition:
    passing = (segment.columns.mask(node) & segment.live for segment in snapshot.segments)
    return Condition(written(node), sum(int(mask.sum()) for mask in passing))
