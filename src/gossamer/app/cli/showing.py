"""An answer on the terminal: hits with what was found in them, the sum of each score, and how the query was run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gossamer.app.cli.output import Output, printable, table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from gossamer.app.hits import Piece
    from gossamer.retrieval.index import Hit, Plan

_BAR_WIDTH = 24
_STYLES = ("underline", "dim underline", "underline", "bold", "bold underline")  # by intensity; 0 is not known


def show_hit(out: Output, rank: int, hit: Hit, explain: bool, sentences: int) -> None:
    """Rank, score and title; where; the snippet, or the passage between its neighbours; the sum of the score."""
    from rich.text import Text

    from gossamer.app.hits import whereabouts

    title, where = hit.title or hit.id, " · ".join(whereabouts(hit))
    out.show(Text.assemble(f"{rank:>3}  ", (f"{hit.score:.4f}", "cyan"), "  ", (printable(title), "bold")))
    if where:
        out.show(Text(printable(where), "dim"), indent=5)
    out.show(_in_context(hit, sentences) if sentences else _snippet(hit), indent=5)
    if explain:
        out.show(_explanation(hit), indent=5)
    out.line()


def show_plan(out: Output, plan: Plan) -> None:
    """How the query was understood and run, a line each."""
    from gossamer.app.plans import planned

    for name, said in planned(plan):
        out.line(f"{name:<9} {said}")


def _snippet(hit: Hit) -> Text:
    """The windows on one line, whatever white space the document has."""
    from rich.text import Text

    from gossamer.app.hits import windows

    result = Text()
    for window in windows(hit):
        result.append(" … " if window.gap and result else "… " if window.gap else "")
        result.append_text(_styled(window.pieces))
        result.append(" …" if window.gap_after else "")
    return result


def _in_context(hit: Hit, sentences: int) -> Text:
    """The passage between its neighbours, which are dim."""
    from rich.text import Text

    from gossamer.app.hits import marked, neighbours

    before, after = (re.sub(r"\s+", " ", printable(text)) for text in neighbours(hit, sentences))
    return Text.assemble((before, "dim"), _styled(marked(hit)), (after, "dim"))


def _styled(pieces: Iterable[Piece]) -> Text:
    """Highlights underlined or bold, the more they counted."""
    from rich.text import Text

    result = Text()
    for piece in pieces:
        result.append(re.sub(r"\s+", " ", printable(piece.text)), _STYLES[piece.intensity] if piece.marked else "")
    return result


def _explanation(hit: Hit) -> Table:
    """The contributions, greatest first, with bars; the last row is their sum, which is the score."""
    terms = sorted(hit.explanation, key=lambda one: -one.contribution)
    most = max((abs(one.contribution) for one in terms), default=1.0) or 1.0
    several = len({one.space for one in terms}) > 1
    rows = [
        (
            ", ".join(filter(None, (one.term, one.origin))) + (f" ({one.space})" if several else ""),
            f"{one.query_weight:.4f}", f"{one.document_weight:.4f}", f"{one.contribution:.4f}",
            "█" * max(1, round(_BAR_WIDTH * abs(one.contribution) / most)),
        )
        for one in terms
    ]  # fmt: skip
    total = ("score", "", "", f"{sum(one.contribution for one in terms):.4f}", "")
    return table("term", "in query", "in passage", "adds", "", rows=[*rows, total], right=(1, 2, 3))
