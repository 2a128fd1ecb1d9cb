"""What a query looks for beside its own words: corrections of typing errors, and synonyms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gossamer.retrieval.index.corrections import Corrector, put_right
from gossamer.retrieval.index.snapshot import naming_damage
from gossamer.retrieval.index.words import bare_words, live_terms

if TYPE_CHECKING:
    from gossamer import _native
    from gossamer.retrieval.index.columns import Mask
    from gossamer.retrieval.index.language import Parsed
    from gossamer.retrieval.index.selection import Selection
    from gossamer.retrieval.index.snapshot import Snapshot
    from gossamer.retrieval.index.synonyms import Synonyms


class Widening:
    """Widens the queries of one search.

    Only words without an operator are widened: quoted, ``+`` and ``-`` mean what they say. A word with a synonym counts
    as right.

    Args:
        snapshot: What is searched.
        parser: Of its index.
        understand: Parses a query.
        typos: As ``Corrector.corrections`` has it.
        synonyms: None for none.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        parser: _native.QueryParser,
        understand: Callable[[str], Parsed],
        typos: int | None,
        synonyms: Synonyms | None,
    ) -> None:
        self._snapshot, self._parser, self._understand = snapshot, parser, understand
        self._typos, self._synonyms = typos, synonyms
        self._corrector = Corrector(snapshot, parser)

    def widen(self, selection: Selection, query: str, parsed: Parsed) -> Selection:
        """A query with what joins it; terms that are there already keep their weight."""
        if self._synonyms is None and (self._typos == 0 or not self._may_need_correction(selection)):
            return selection
        with naming_damage(self._snapshot.segments):
            words = bare_words(self._parser, query, parsed.bare)
            joining: Counter[str] = Counter()
            for match in self._synonyms.matches(self._parser, words) if self._synonyms else ():
                joining.update(match.terms)
                words[match.first : match.last] = [replace(word, letters=0) for word in words[match.first : match.last]]
            corrections = self._corrector.corrections(query, words, self._typos)
            for correction in corrections:
                joining.update(self._corrector.terms(correction, self._typos))
            typed = dict(selection.terms)
            terms = typed | {term: weight for term, weight in joining.items() if term not in typed}
            return replace(
                selection,
                terms=list(terms.items()),
                text=self._understand(put_right(query, corrections)).words if corrections else selection.text,
                corrections=corrections,
                first=self._as_typed(parsed) if corrections and self._typos else None,
            )

    def _may_need_correction(self, selection: Selection) -> bool:
        if self._typos is not None:
            return True
        with naming_damage(self._snapshot.segments):
            return len(live_terms(self._snapshot, [term for term, _ in selection.terms])) < len(selection.terms)

    def _as_typed(self, parsed: Parsed) -> list[Mask]:
        """For each segment the documents that hold every word of the query as it was typed."""
        typed = self._parser.parse(parsed.words)
        segments = range(len(self._snapshot.segments))
        return [np.frombuffer(self._snapshot.native.matching(typed, s, True), np.bool_) for s in segments]
