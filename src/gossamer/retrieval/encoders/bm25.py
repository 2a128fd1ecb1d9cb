"""The BM25 family as a sparse encoder: document values are raw term frequencies, idf and length enter when searching.

Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); the variants as
compared by Kamphuis et al., "Which BM25 Do You Mean?" (2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.vectors import SparseVectors
from gossamer.text.analysis import Analyzer, analyzer

if TYPE_CHECKING:
    from gossamer import _native

Variant = Literal["robertson", "lucene", "atire", "bm25l", "bm25plus", "tfidf", "ql_dirichlet"]
_DELTA = {"bm25l": 0.5}


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
    ============  ===========================  =======================================

    ``robertson`` may score below zero and ``ql_dirichlet`` has a part that only depends on the length, so both are
    searched exhaustively; the others by the pruned traversal, with the same result.

    Args:
        k1: How soon repetition of a word stops counting; >= 0.
        b: How much length counts, in [0, 1].
        variant: A row of the table.
        delta: Of bm25l (default 0.5), bm25plus and tfidf (default 1, and at least 1 for tfidf).
        mu: Of ql_dirichlet, in words.
        compat: ``"lucene"`` rounds L as Lucene's one-byte norms do.

    Raises:
        UsageError: A parameter is outside its range.
    """

    k1: float = 1.2
    b: float = 0.75
    variant: Variant = "lucene"
    delta: float | None = None
    mu: float = 1000.0
    compat: Literal["lucene"] | None = None

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

    def native(self) -> _native.Bm25:
        """The same for the native core."""
        from gossamer import _native

        assert self.delta is not None
        return _native.Bm25(self.variant, self.k1, self.b, self.delta, self.mu, self.compat == "lucene")


class BM25Encoder(SparseEncoder):
    """Counts terms; the index turns counts into BM25 scores.

    Args:
        k1, b, variant, delta, mu, compat: See :class:`BM25`.
        analyzer: Preset name, settings or :class:`~gossamer.text.analysis.Analyzer`.

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
    ) -> None:
        self.scoring: BM25 = BM25(k1, b, variant, delta, mu, compat)
        self.analyzer = _analyzer(analyzer)
        self._columns: dict[str, int] = {}

    @property
    def terms(self) -> list[str]:
        """Column number to term, of every term met so far."""
        return list(self._columns)

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """Raw term frequencies, shape ``(len(texts), len(self.terms))``."""
        return self._count(texts)

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """How often each query holds each term, shape ``(len(texts), len(self.terms))``."""
        return self._count(texts)

    def _count(self, texts: Sequence[str]) -> SparseVectors:
        counts = [Counter(self.analyzer.terms(text)) for text in texts]
        for count in counts:
            for term in count:
                self._columns.setdefault(term, len(self._columns))
        return SparseVectors.from_dicts(counts, vocabulary=self.terms)

    def to_dict(self) -> dict[str, Any]:
        """Settings as JSON values."""
        return {"type": "bm25", **asdict(self.scoring), "analyzer": self.analyzer.to_dict()}

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> BM25Encoder:
        """The encoder that :meth:`to_dict` described."""
        rest = {k: v for k, v in settings.items() if k != "type"}
        return cls(rest.pop("k1"), rest.pop("b"), rest.pop("variant"), **rest)


_analyzer = analyzer
