"""The BM25 family as a sparse encoder: document values are raw term frequencies, idf and length enter when searching.

Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the variants as
compared by Kamphuis et al., "Which BM25 Do You Mean?" (2020); fields after Robertson, Zaragoza & Taylor,
"Simple BM25 Extension to Multiple Weighted Fields" (2004).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.vectors import SparseVectors
from gossamer.text.analysis import Analyzer, analyzer

if TYPE_CHECKING:
    from gossamer import _native

Variant = Literal["robertson", "lucene", "atire", "bm25l", "bm25plus", "tfidf", "ql_dirichlet", "bm25f"]
OWN_FIELDS = ("title", "headings", "body")  # that every document has; they share the index's analyser
MOST_FIELDS = 32
_DELTA = {"bm25l": 0.5}


@dataclass(frozen=True, slots=True)
class TextField:
    """A field that BM25F weighs apart.

    Args:
        weight: What an occurrence counts, beside 1 for the body; >= 0.
        b: How much the field's own length counts, in [0, 1]; None = as the rest.
        analyzer: Of a declared field; None = the index's.

    Raises:
        UsageError: A number is outside its range.
    """

    weight: float = 1.0
    b: float | None = None
    analyzer: str | dict[str, Any] | Analyzer | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weight < float("inf"):
            raise UsageError(f"a field's weight is a number >= 0, not {self.weight}")
        if self.b is not None and not 0 <= self.b <= 1:
            raise UsageError(f"a field's b={self.b} must lie in [0, 1]")


@dataclass(frozen=True, slots=True)
class BM25:
    r"""How term frequencies become scores.

    With f = term frequency, L = length of the passage, A = mean length, N passages, n of them holding the term, and
    B = 1 - b + b L / A, a passage scores the sum over query words of

    ============  ===========================  =======================================
    variant       idf                          tf part
    ============  ===========================  =======================================
    robertson     ln((N-n+.5)/(n+.5))          f (k1+1) / (f + k1 B)
    lucene        ln(1 + (N-n+.5)/(n+.5))      f / (f + k1 B)
    atire         ln(N/n)                      f (k1+1) / (f + k1 B)
    bm25l         ln((N+1)/(n+.5))             (k1+1)(c+delta) / (k1+c+delta), c = f/B
    bm25plus      ln((N+1)/n)                  delta + f (k1+1) / (f + k1 B)
    tfidf         ln((N+1)/n)                  1 + ln(1 + ln(delta + f/B))
    ql_dirichlet  1                            ln(1 + f/(mu cf/C)), plus |q| ln(mu/(L+mu)) once
    bm25f         as lucene                    F / (F + k1)
    ============  ===========================  =======================================

    where F is the sum over fields of weight x f / B, with f, L and B of the field alone and A over the passages that
    have it.

    ``robertson`` may score below zero and ``ql_dirichlet`` has a part that only depends on the length, so both are
    searched exhaustively; the others by the pruned traversal, with the same result.

    Args:
        k1: How soon repetition of a word stops counting; >= 0.
        b: How much length counts, in [0, 1].
        variant: A row of the table.
        delta: Of bm25l (default 0.5), bm25plus and tfidf (default 1, and at least 1 for tfidf).
        mu: Of ql_dirichlet, in words.
        compat: ``"lucene"`` rounds L as Lucene's one-byte norms do.
        fields: Of bm25f: (name, weight, b) of each field; the last three are title, headings and body.

    Raises:
        UsageError: A parameter is outside its range.
    """

    k1: float = 1.2
    b: float = 0.75
    variant: Variant = "lucene"
    delta: float | None = None
    mu: float = 1000.0
    compat: Literal["lucene"] | None = None
    fields: tuple[tuple[str, float, float], ...] = ()

    def __post_init__(self) -> None:
        known = get_args(Variant)
        if self.variant not in known:
            raise UsageError(f"variant={self.variant!r} is not a BM25 variant; known: {', '.join(known)}")
        if not self.k1 >= 0 or self.k1 == float("inf"):
            raise UsageError(f"k1={self.k1} must be a number >= 0")
        if not 0 <= self.b <= 1:
            raise UsageError(f"b={self.b} must lie in [0, 1]")
        if not self.mu > 0:
            raise UsageError(f"mu={self.mu} must be > 0")
        if self.compat not in (None, "lucene"):
            raise UsageError(f"compat={self.compat!r} must be 'lucene' or None")
        if self.delta is None:
            object.__setattr__(self, "delta", _DELTA.get(self.variant, 1.0))
        assert self.delta is not None
        if not self.delta >= (1 if self.variant == "tfidf" else 0):
            raise UsageError(f"delta={self.delta} is too small for {self.variant}")
        if (self.variant == "bm25f") != bool(self.fields):
            raise UsageError(f"variant={self.variant!r}: bm25f scores fields, and nothing else does")
        if len(self.fields) > MOST_FIELDS:
            raise UsageError(
                f"{len(self.fields)} fields of text, title, headings and body included; the limit is {MOST_FIELDS}"
            )

    def field(self, name: str) -> int | None:
        """The number of a field that is scored apart, or None."""
        return next((number for number, (own, _, _) in enumerate(self.fields) if own == name), None)

    def native(self) -> _native.Bm25:
        """The same for the native core."""
        from gossamer import _native

        assert self.delta is not None
        fields = [(weight, b) for _, weight, b in self.fields]
        return _native.Bm25(self.variant, self.k1, self.b, self.delta, self.mu, self.compat == "lucene", fields)


class BM25Encoder(SparseEncoder):
    """Counts terms; the index turns counts into BM25 scores.

    Args:
        k1, b, variant, delta, mu, compat: See :class:`BM25`.
        analyzer: Preset name, settings or :class:`~gossamer.text.analysis.Analyzer`.
        fields: Names of fields that weigh apart, with their weights or as :class:`TextField`; those of ``title``,
            ``headings`` and ``body`` that are left out weigh 1. The variant is then ``bm25f``.

    Example:
        >>> encoder = BM25Encoder(k1=0.9, b=0.4)
        >>> encoder.encode_documents(["wings and wings"]).to_dicts()
        [{'wing': 2.0}]
    """

    def __init__(
        self,
        k1: float = 1.2,
        b: float = 0.75,
        variant: Variant = "lucene",
        *,
        delta: float | None = None,
        mu: float = 1000.0,
        compat: Literal["lucene"] | None = None,
        analyzer: str | dict[str, Any] | Analyzer = "english",
        fields: Mapping[str, float | TextField] | None = None,
    ) -> None:
        if fields and variant == "lucene":
            variant = "bm25f"
        if variant == "bm25f":
            fields = dict.fromkeys(OWN_FIELDS, 1.0) | dict(fields or {})
        ordered = _ordered(fields or {})
        weights = tuple((name, field.weight, b if field.b is None else field.b) for name, field in ordered.items())
        self.scoring: BM25 = BM25(k1, b, variant, delta, mu, compat, weights)
        self.analyzer = _analyzer(analyzer)
        self.field_analyzers: dict[str, Analyzer] = {
            name: self.analyzer if field.analyzer is None else _analyzer(field.analyzer)
            for name, field in ordered.items()
            if name not in OWN_FIELDS
        }
        self._columns: dict[str, int] = {}

    @property
    def terms(self) -> list[str]:
        """Column number to term, of every term met so far."""
        return list(self._columns)

    def meet(self, terms: Iterable[str]) -> None:
        """Number terms as if texts with them had been encoded."""
        for term in terms:
            self._columns.setdefault(term, len(self._columns))

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """Raw term frequencies, shape ``(len(texts), len(self.terms))``."""
        return self._count(texts)

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """How often each query holds each term, shape ``(len(texts), len(self.terms))``."""
        return self._count(texts)

    def _count(self, texts: Sequence[str]) -> SparseVectors:
        counts = [Counter(self.analyzer.terms(text)) for text in texts]
        for count in counts:
            self.meet(count)
        return SparseVectors(
            [0, *accumulate(map(len, counts))], [self._columns[term] for count in counts for term in count],
            [value for count in counts for value in count.values()], len(self._columns), self.terms,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Settings as JSON values."""
        settings = {"type": "bm25", **asdict(self.scoring), "analyzer": self.analyzer.to_dict()}
        del settings["fields"]
        if self.scoring.fields:
            own = {name: a.to_dict() for name, a in self.field_analyzers.items() if a != self.analyzer}
            settings["fields"] = {
                name: {"weight": weight, "b": b, "analyzer": own.get(name)} for name, weight, b in self.scoring.fields
            }
        return settings

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> BM25Encoder:
        """The encoder that :meth:`to_dict` described."""
        rest = {k: v for k, v in settings.items() if k != "type"}
        fields = {name: TextField(**field) for name, field in rest.pop("fields", {}).items()}
        return cls(rest.pop("k1"), rest.pop("b"), rest.pop("variant"), **rest, fields=fields)


def _ordered(fields: Mapping[str, float | TextField]) -> dict[str, TextField]:
    """Declared fields by name, then title, headings and body."""
    known = {name: field if isinstance(field, TextField) else TextField(field) for name, field in fields.items()}
    for name in OWN_FIELDS:
        if name in known and known[name].analyzer is not None:
            raise UsageError(f"field {name}: it shares the index's analyzer; declare another field, or set that one")
    return {name: known[name] for name in (*sorted(known.keys() - set(OWN_FIELDS)), *OWN_FIELDS) if name in known}


_analyzer = analyzer
