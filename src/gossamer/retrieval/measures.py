"""Effectiveness measures of one ranked list, and the spelling in which people ask for them.

A measure is a function of the judgements met while reading down the list; ``Judged`` holds them. The rules are
trec_eval's. ``evaluation.evaluate`` averages over queries.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import Literal, TypeAlias

from gossamer.errors import UsageError

Option: TypeAlias = int | float | str


@dataclass(frozen=True, slots=True)
class Judged:
    """One query's ranked list, as a measure sees it.

    Args:
        ranked: The grade of the document at each rank, best first; ``None`` where nobody judged it.
        grades: All grades of the query, retrieved or not, in any order.
        highest: The highest grade anywhere in the judgements (``err`` scales by it).
    """

    ranked: Sequence[int | None]
    grades: Sequence[int]
    highest: int = 1

    def relevant(self, rel: int) -> int:
        """R: how many documents are judged ``rel`` or higher."""
        return sum(grade >= rel for grade in self.grades)

    def hits(self, rel: int, cutoff: int | None) -> list[bool]:
        """For each rank down to ``cutoff``: is the document relevant?"""
        return [grade is not None and grade >= rel for grade in islice(self.ranked, cutoff)]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its parameters; calling it gives the value of one ranked list.

    Example:
        >>> ndcg = parse_measure("nDCG@2")
        >>> str(ndcg), round(ndcg(Judged(ranked=[0, 1], grades=[0, 1])), 3)
        ('ndcg@2', 0.631)
    """

    name: str
    cutoff: int | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    def __call__(self, judged: Judged) -> float:
        """The value for one query; NaN never occurs."""
        return _DEFINITIONS[self.name].function(judged, self.cutoff, **self.options)

    def __str__(self) -> str:
        options = ",".join(f"{key}={value}" for key, value in sorted(self.options.items()))
        return self.name + (f"({options})" if options else "") + (f"@{self.cutoff}" if self.cutoff else "")


def parse_measure(text: str) -> Measure:
    """Read a measure as people and other tools spell it: ``name(option=value, ...)@cutoff``.

    Names ignore case, and the synonyms of other tools are known (``AP``, ``MRR``, ``R``, ``Precision``):

    ======================================  =====================================================
    ``ndcg``, ``ndcg@k``                    option ``gain=linear`` (rel) or ``exp`` (2^rel - 1)
    ``map``, ``map@k``                      options ``rel``, ``norm=all`` (R) or ``min`` (min(R, k))
    ``rr``, ``rr@k``                        option ``rel``
    ``p@k``, ``recall@k``, ``success@k``    option ``rel``
    ``rprec``, ``bpref``                    option ``rel``
    ``err``, ``err@k``                      option ``top``, the highest grade (default: in the qrels)
    ``rbp``, ``rbp_residual``               options ``p=0.8``, ``rel``
    ``judged``, ``judged@k``                share of retrieved documents that were judged
    ======================================  =====================================================

    Raises:
        UsageError: An unknown name or option (with the nearest known one), or a missing cutoff.

    Example:
        >>> str(parse_measure("AP(rel=2)@100"))
        'map(rel=2)@100'
    """
    match = _SPELLING.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a measure; write for example ndcg@10, map or map(rel=2)@100")
    spelled, arguments, cutoff = match["name"].lower(), match["arguments"] or "", match["cutoff"]
    name = _SYNONYMS.get(spelled, spelled)
    if name not in _DEFINITIONS:
        raise UsageError(f"unknown measure {match['name']!r}{did_you_mean(spelled, [*_DEFINITIONS, *_SYNONYMS])}")
    definition = _DEFINITIONS[name]
    options = dict(_option(name, part) for part in arguments.split(",") if part.strip())
    if cutoff is not None and (definition.cutoff == "none" or int(cutoff) < 1):
        reason = f"{name} takes no cutoff" if definition.cutoff == "none" else "a cutoff is at least 1"
        raise UsageError(f"{text!r}: {reason}")
    if cutoff is None and definition.cutoff == "needed":
        raise UsageError(f"{text!r}: {name} needs a cutoff, for example {name}@10")
    return Measure(name, None if cutoff is None else int(cutoff), options)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``"; did you mean 'ndcg'?"`` or the list of what is known."""
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(set(known)))}"


def ndcg(judged: Judged, cutoff: int | None, gain: str = "linear") -> float:
    """Normalised discounted cumulative gain with discount 1 / log2(rank + 1).

    Source: Järvelin & Kekäläinen, "Cumulated Gain-Based Evaluation of IR Techniques" (2002). The ideal list holds all
    judged documents with a positive grade, cut at the same rank.
    """
    ideal = _dcg(sorted(judged.grades, reverse=True)[:cutoff], gain)
    return _dcg([grade or 0 for grade in islice(judged.ranked, cutoff)], gain) / ideal if ideal else 0.0


def average_precision(judged: Judged, cutoff: int | None, rel: int = 1, norm: str = "all") -> float:
    """The precision at the rank of each relevant document, summed and divided by R.

    Source: Buckley & Voorhees, "Retrieval System Evaluation" (2005). With a cutoff the divisor stays R, as in
    trec_eval's map_cut; ``norm="min"`` divides by min(R, cutoff), so that a perfect list reaches 1.
    """
    found, total = 0, 0.0
    for rank, hit in enumerate(judged.hits(rel, cutoff), start=1):
        found += hit
        total += found / rank if hit else 0.0
    relevant = judged.relevant(rel)
    divisor = relevant if norm == "all" or cutoff is None else min(relevant, cutoff)
    return total / divisor if divisor else 0.0


def reciprocal_rank(judged: Judged, cutoff: int | None, rel: int = 1) -> float:
    """1 / rank of the first relevant document, 0 without one."""
    return next((1 / rank for rank, hit in enumerate(judged.hits(rel, cutoff), start=1) if hit), 0.0)


def precision(judged: Judged, cutoff: int | None, rel: int = 1) -> float:
    """Relevant documents among the first ``cutoff``, divided by ``cutoff`` even when fewer were returned."""
    return sum(judged.hits(rel, cutoff)) / cutoff if cutoff else 0.0


def recall(judged: Judged, cutoff: int | None, rel: int = 1) -> float:
    """Relevant documents among the first ``cutoff``, divided by R."""
    relevant = judged.relevant(rel)
    return sum(judged.hits(rel, cutoff)) / relevant if relevant else 0.0


def success(judged: Judged, cutoff: int | None, rel: int = 1) -> float:
    """1 when a relevant document stands among the first ``cutoff``, else 0."""
    return float(any(judged.hits(rel, cutoff)))


def r_precision(judged: Judged, cutoff: int | None, rel: int = 1) -> float:
    """Precision at rank R."""
    relevant = judged.relevant(rel)
    return sum(judged.hits(rel, relevant)) / relevant if relevant else 0.0


def bpref(judged: Judged, cutoff: int | None, rel: int = 1) -> float:
    """Binary preference: how rarely a judged non-relevant document stands above a relevant one.

    Source: Buckley & Voorhees, "Retrieval Evaluation with Incomplete Information" (2004), with trec_eval's bound
    min(R, N). A negative grade counts as unjudged, as in trec_eval.
    """
    relevant = judged.relevant(rel)
    bound = min(relevant, sum(0 <= grade < rel for grade in judged.grades))
    above, total = 0, 0.0
    for grade in judged.ranked:
        if grade is None or grade < 0:
            continue
        if grade >= rel:
            total += 1 - min(above, bound) / bound if above else 1.0
        else:
            above += 1
    return total / relevant if relevant else 0.0


def expected_reciprocal_rank(judged: Judged, cutoff: int | None, top: int = 0) -> float:
    """1 / rank at which a reader stops, who is satisfied by grade g with probability (2^g - 1) / 2^top.

    Source: Chapelle, Metzler, Zhang & Grinspan, "Expected Reciprocal Rank for Graded Relevance" (2009), equation 4.
    """
    highest = top or judged.highest
    value, still_reading = 0.0, 1.0
    for rank, grade in enumerate(islice(judged.ranked, cutoff), start=1):
        satisfied = (2.0 ** min(positive(grade), highest) - 1) / 2.0**highest
        value += still_reading * satisfied / rank
        still_reading *= 1 - satisfied
    return value


def rank_biased_precision(judged: Judged, cutoff: int | None, p: float = 0.8, rel: int = 1) -> float:
    """Expected rate of relevant documents for a reader who goes on to the next rank with probability ``p``.

    Source: Moffat & Zobel, "Rank-Biased Precision for Measurement of Retrieval Effectiveness" (2008), equation 2. It is
    a lower bound: ``rbp_residual`` says by how much unjudged and unseen documents could raise it.
    """
    return (1 - p) * math.fsum(p**i for i, hit in enumerate(judged.hits(rel, cutoff)) if hit)


def rank_biased_residual(judged: Judged, cutoff: int | None, p: float = 0.8, rel: int = 1) -> float:
    """The weight that rank-biased precision gives to unjudged documents and to ranks below the end of the list."""
    ranked = list(islice(judged.ranked, cutoff))
    return (1 - p) * math.fsum(p**i for i, grade in enumerate(ranked) if grade is None) + p ** len(ranked)


def judged_share(judged: Judged, cutoff: int | None) -> float:
    """Judged documents among the first ``cutoff`` returned; 0 for an empty list."""
    ranked = list(islice(judged.ranked, cutoff))
    return sum(grade is not None for grade in ranked) / len(ranked) if ranked else 0.0


def positive(grade: int | None) -> int:
    """The gain of a grade: unjudged and negative grades are worth nothing."""
    return max(grade or 0, 0)


def _dcg(grades: Sequence[int], gain: str) -> float:
    gains = (2.0 ** positive(g) - 1 if gain == "exp" else float(positive(g)) for g in grades)
    return math.fsum(g / math.log2(rank + 1) for rank, g in enumerate(gains, start=1))


@dataclass(frozen=True, slots=True)
class _Definition:
    function: Callable[..., float]
    cutoff: Literal["needed", "allowed", "none"]
    options: Mapping[str, Callable[[Option], bool]] = field(default_factory=dict)


def _at_least_one(value: Option) -> bool:
    return isinstance(value, int) and value >= 1


def _probability(value: Option) -> bool:
    return isinstance(value, float) and 0 < value < 1


_REL: Mapping[str, Callable[[Option], bool]] = {"rel": _at_least_one}
_RBP: Mapping[str, Callable[[Option], bool]] = {"p": _probability, **_REL}
_DEFINITIONS: Mapping[str, _Definition] = {
    "ndcg": _Definition(ndcg, "allowed", {"gain": ("linear", "exp").__contains__}),
    "map": _Definition(average_precision, "allowed", {**_REL, "norm": ("all", "min").__contains__}),
    "rr": _Definition(reciprocal_rank, "allowed", _REL),
    "p": _Definition(precision, "needed", _REL),
    "recall": _Definition(recall, "needed", _REL),
    "success": _Definition(success, "needed", _REL),
    "rprec": _Definition(r_precision, "none", _REL),
    "bpref": _Definition(bpref, "none", _REL),
    "err": _Definition(expected_reciprocal_rank, "allowed", {"top": _at_least_one}),
    "rbp": _Definition(rank_biased_precision, "allowed", _RBP),
    "rbp_residual": _Definition(rank_biased_residual, "allowed", _RBP),
    "judged": _Definition(judged_share, "allowed"),
}
_SYNONYMS = {
    "ap": "map", "mrr": "rr", "recip_rank": "rr", "precision": "p", "r": "recall", "hit": "success",
    "r_precision": "rprec", "judged_share": "judged",
}  # fmt: skip
_SPELLING = re.compile(r"(?P<name>[A-Za-z][A-Za-z_0-9]*)\s*(\(\s*(?P<arguments>[^()]*)\))?\s*(@\s*(?P<cutoff>\d+))?")


def _option(measure: str, text: str) -> tuple[str, Option]:
    key, _, value = (part.strip() for part in text.partition("="))
    if key == "dcg":  # ir_measures' word for the gain of nDCG
        key, value = "gain", {"log2": "linear", "exp-log2": "exp"}.get(value.strip("'\""), value)
    known = _DEFINITIONS[measure].options
    if key not in known:
        hint = did_you_mean(key, list(known)) if known else f"; {measure} has no options"
        raise UsageError(f"{measure}: unknown option {key!r}{hint}")
    try:
        parsed: Option = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        parsed = value
    if not known[key](parsed):
        raise UsageError(f"{measure}: {value!r} is not a value of {key}")
    return key, parsed
