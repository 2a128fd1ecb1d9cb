"""What the catalogue holds: a paper, a method, and the closed lists of the taxonomy's axes.

The taxonomy answers the questions of Liu & Wang, "Ten Lessons We Have Learned in the New Sparseland" (2023).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any

AXES: Mapping[str, tuple[str, ...]] = {
    # what becomes sparse, when, from what start, by which rule
    "what": (
        "weights", "units/channels", "attention", "activations", "experts/gates", "representations", "features",
        "coefficients", "codes", "passages/tokens", "architecture", "none",
    ),
    "when": (
        "before training", "during training", "fine-tuning", "after training (with data)", "after training (data-free)",
        "at inference per input", "none",
    ),
    "start": ("dense-to-sparse", "sparse-to-sparse", "sparse-to-dense", "none"),
    "mask": ("static", "shrinking", "dynamic", "continuous", "per input", "none"),
    "pattern": (
        "unstructured", "n:m", "block", "constant fan-in", "group", "channel", "row top-k", "vertical/slash", "page",
        "none",
    ),
    "allocation": (
        "uniform", "uniform+", "er", "erk", "erk+", "global", "snip ratio", "grasp ratio", "learned",
        "per-layer budget", "none",
    ),
    "criterion": (
        "random", "magnitude", "gradient", "snip", "grasp", "synflow", "wanda", "second-order", "movement",
        "learned score", "similarity", "tf-idf-like", "none",
    ),
    "schedule": ("one-shot", "iterative", "cubic", "constant", "cosine", "decay", "annealed penalty", "none"),
    "growth": ("random", "gradient", "momentum", "dsnot", "none"),
    # of an index
    "traversal": ("exact", "approximate", "none"),
    "quantisation": ("8-bit bounds", "8-bit values", "8-bit summaries", "none"),
    "summary": ("term maximum", "block maximum", "superblock maximum", "random-block maximum", "none"),
    # of a learned sparse retriever
    "query head": ("binary", "static", "mlp", "mlm", "none"),
    "document head": ("mlp", "expanded mlp", "mlm", "mlm with importance", "cls-mlm", "static", "none"),
    "regulariser": ("flops", "idf-aware flops", "l0-masked flops", "df-flops", "l1", "top-k", "none"),
    "supervision": (
        "contrastive", "cross-entropy", "negative likelihood", "term recall", "margin mse", "kl", "ensemble", "none",
    ),
    # what it takes and what it gives
    "needs": ("nothing", "calibration data", "gradients", "full training", "teacher"),
    "buys": (
        "inference time", "training time", "memory", "storage", "quality", "robustness", "interpretability", "none",
    ),
    "runs_on": ("our kernel", "dense hardware", "only theoretical"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a method comes from.

    Args:
        title: In full.
        authors: In the order of the paper.
        year: Of publication.
        identifier: ``doi:...``, ``arXiv:...``, or the report number of a paper that has neither.
    """

    title: str
    authors: tuple[str, ...]
    year: int
    identifier: str

    @property
    def url(self) -> str:
        """A web address of the paper; empty when its identifier has no resolver."""
        scheme, _, name = self.identifier.partition(":")
        resolvers = {"doi": "https://doi.org/", "arXiv": "https://arxiv.org/abs/"}
        return resolvers[scheme] + name if scheme in resolvers else ""


@dataclass(frozen=True, slots=True)
class Method:
    """One implemented method.

    Args:
        id: Short name, unique.
        name: As people call it.
        paper: Its source; None for a trivial baseline that has none.
        axes: Axis to values from ``AXES``; an axis that is left out does not apply.
        summary: One sentence, at most 200 characters.
        entry_point: ``"module:attribute"`` that implements it.
        arguments: Keyword arguments that make the entry point this method.
        baselines: Ids of the methods it has to beat, a naive one among them.
        naive: A random or trivial baseline itself.
        card: The page of the documentation that explains it.
        benchmark: The file that measures it; empty when none does yet.
        tests: The files that test it.
        lessons: Numbers of the handbook's lessons that use it.
        since: The version that brought it.
    """

    id: str
    name: str
    paper: Paper | None
    axes: Mapping[str, tuple[str, ...]]
    summary: str
    entry_point: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    baselines: tuple[str, ...] = ()
    naive: bool = False
    card: str = ""
    benchmark: str = ""
    tests: tuple[str, ...] = ()
    lessons: tuple[int, ...] = ()
    since: str = "0.1.0"

    def load(self) -> Any:
        """Import the entry point and return what it names.

        Example:
            >>> from gossamer.catalog import get
            >>> rrf = get("rrf")
            >>> rrf.load()([{"q": {"a": 2.0, "b": 1.0}}], **rrf.arguments)["q"].keys()
            dict_keys(['a', 'b'])
        """
        module, _, path = self.entry_point.partition(":")
        found: Any = importlib.import_module(module)
        for attribute in path.split("."):
            found = getattr(found, attribute)
        return found

    def to_dict(self) -> dict[str, Any]:
        """This record as JSON values, the paper's address included."""
        record = {**asdict(self), "axes": {axis: list(values) for axis, values in self.axes.items()}}
        if self.paper is not None:
            record["paper"] = {**asdict(self.paper), "authors": list(self.paper.authors), "url": self.paper.url}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in record.items()}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A method and how it differs from another one: axis to (values there, values here)."""

    method: Method
    differs: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

    @classmethod
    def of(cls, method: Method, other: Method) -> Neighbour:
        """``other`` as a neighbour of ``method``."""
        places = {axis: (method.axes.get(axis, ("none",)), other.axes.get(axis, ("none",))) for axis in AXES}
        return cls(other, {axis: pair for axis, pair in places.items() if set(pair[0]) != set(pair[1])})


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """A message that names the nearest known word, or all of them."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"unknown {what} {name!r}" + (f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}")
