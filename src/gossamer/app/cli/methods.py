"""``gossamer methods``: what is implemented, from which paper, and where it stands in the taxonomy of the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.app.cli.frame import Command, Group, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, table
from gossamer.errors import UsageError

if TYPE_CHECKING:
    from gossamer.catalog import Method

group = typer.Typer(cls=Group, rich_markup_mode=None, invoke_without_command=True)


@group.callback()
def methods(
    context: typer.Context,
    axis: Annotated[
        list[str] | None, typer.Option("--axis", metavar="K=V", help="Only methods at this place; may be repeated.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """List the methods that are implemented, with their papers.

    Several values of one axis: one must hold. Several axes: all must.

    Examples:
        gossamer methods --axis traversal=exact
        gossamer methods show bm25

    See also: gossamer bench, gossamer evaluate
    """
    from gossamer.catalog import methods as known

    if context.invoked_subcommand is not None:
        return
    out = Output(json, quiet, no_color)
    found = known(**_places(axis or ()))
    if out.is_json:
        out.document([method.to_dict() for method in found])
        return
    rows = [(one.id, one.name, *_paper(one)) for one in found]
    out.show(table("id", "method", "year", "paper", rows=rows))
    if not found:
        out.note("no method stands there")


@group.command(cls=Command)
def show(
    method: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.", show_default=False)],
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Show one method: its paper, its place on every axis, its neighbours.

    Examples:
        gossamer methods show rrf
        gossamer methods show rrf --json

    See also: gossamer methods
    """
    from gossamer.catalog import get, nearest

    out = Output(json, quiet, no_color)
    found = get(method)
    if out.is_json:
        near = [{"id": one.method.id, "differs": list(one.differs)} for one in nearest(method)]
        out.document({**found.to_dict(), "nearest": near, "trained": _trained(method)})
        return
    out.line(f"{found.name} ({found.id})")
    out.line(found.summary)
    if found.paper is not None:
        paper = found.paper
        out.line(f"\n{paper.title}\n{', '.join(paper.authors)}, {paper.year}\n{paper.url or paper.identifier}")
    arguments = ", ".join(f"{key}={value!r}" for key, value in found.arguments.items())
    out.line(f"\n{found.entry_point}({arguments})\n")
    out.show(table("axis", "place", rows=[(axis, ", ".join(values)) for axis, values in found.axes.items()]))
    settings = _trained(method)
    if settings:
        out.line(f"\ngossamer train lsr --method {method}\n")
        out.show(table("part", "as published", rows=settings.items()))
    rows = [(one.method.id, ", ".join(one.differs) or "nothing on these axes") for one in nearest(method)]
    out.line()
    out.show(table("nearest", "differs in", rows=rows))


def _trained(name: str) -> dict[str, str]:
    """Heads, losses and penalty of a method that can be trained by its name; of others nothing."""
    from gossamer.retrieval.encoders.methods import METHODS

    method = METHODS.get(name)
    if method is None:
        return {}
    penalty, curve = method.penalty, f"{method.norm}({method.activation}(x))"
    said = {
        "heads": f"queries {method.query}, documents {method.document}, {'one network' if method.shared else 'apart'}",
        "weights": f"{curve}, {method.pool} over positions" if "mlm" in (method.query, method.document) else curve,
        "documents read": {"queries": "with generated queries", "tilde": "with TILDE's words"}.get(
            method.expansion or "", "as they are"
        ),
        "words added by": "neither side" if method.expands == "none" else method.expands,
        "loss": " + ".join(f"{weight:g} {loss}" for loss, weight in method.losses.items()),
        "penalty": "none",
        "negatives": str(method.negatives),
    }
    if penalty is not None:
        of_queries = f"{penalty.query:g} {penalty.of_queries or penalty.kind} of queries, " if penalty.query else ""
        spared = f", documents of up to {penalty.l0} words spared" if penalty.l0 else ""
        said["penalty"] = (
            f"{of_queries}{penalty.document:g} {penalty.kind} of documents, rising over {penalty.ramp:,} steps{spared}"
        )
    if method.top_k is not None or method.prune:
        said["kept when indexing"] = (
            f"the {method.top_k} largest" if method.top_k else f"above {method.prune:g} of the largest"
        )
    return said


def _places(words: Sequence[str]) -> dict[str, list[str]]:
    """``["traversal=exact"]`` as the catalogue takes it."""
    places: dict[str, list[str]] = {}
    for word in words:
        axis, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--axis {word}: write an axis and a value, such as traversal=exact")
        places.setdefault(axis.strip(), []).append(value.strip())
    return places


def _paper(method: Method) -> tuple[str, str]:
    return (str(method.paper.year), method.paper.title) if method.paper else ("", "no paper: a baseline")
