"""``gossamer search``: the best documents for a query, with the words found and why they scored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from gossamer.app.cli.frame import EncoderPlace, IndexPath, Json, NoColor, Quiet
from gossamer.app.cli.output import Output, printable
from gossamer.errors import UsageError

NOTHING_FOUND = 3


def search(
    index: IndexPath,
    query: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY", help="Words to find; - reads standard input.", show_default=False),
    ] = None,
    k: Annotated[int | None, typer.Option("-k", "--k", metavar="N", help="How many documents; 10 by default.")] = None,
    where: Annotated[
        str | None, typer.Option("--where", metavar="EXPR", help="Only documents whose fields match: year >= 1980.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="FIELD", help="Order by a field; -FIELD for descending.")
    ] = None,
    facet: Annotated[
        list[str] | None, typer.Option("--facet", metavar="FIELD", help="Count the values of a field; repeatable.")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option("--like", metavar="ID", help="Find what is like this document; repeatable.")
    ] = None,
    typos: Annotated[
        str | None,
        typer.Option("--typos", metavar="T", help="auto corrects words that occur nowhere; 0 none; 1, 2 all words."),
    ] = None,
    synonyms: Annotated[
        str | None, typer.Option("--synonyms", metavar="FILE", help="Words that also find others: car, automobile.")
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option("--recall", metavar="R", help="Mean share of the best documents to find: 0.95; 1 is exact."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", metavar="S=W", help="Weigh a space in another way: learned=0.5; 0 leaves it out."),
    ] = None,
    encoder: EncoderPlace = None,
    context: Annotated[
        int, typer.Option("--context", metavar="N", min=0, help="Show passages with N sentences before and after.")
    ] = 0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how the query was run, and what each term added to the score.")
    ] = False,
    fail_if_empty: Annotated[bool, typer.Option("--fail-if-empty", help="Exit 3 when nothing is found.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Search an index and print the best documents.

    Examples:
        gossamer search notes.gossamer how do wings lift
        gossamer search notes.gossamer wings --where "modified >= 2024-03 and size < 100000" --sort=-modified

    See also: gossamer index, gossamer tune, gossamer serve
    """
    from gossamer.app.answers import answer
    from gossamer.app.cli.query import read_query
    from gossamer.app.cli.showing import show_hit, show_plan
    from gossamer.app.config import Configuration
    from gossamer.retrieval.index import Index, Synonyms

    out = Output(json, quiet, no_color)
    settings = Configuration()
    rules = settings.get("search.synonyms", synonyms).value
    if not (query or like or where or sort):
        raise UsageError("nothing to search for: give words, --like ID, or --where EXPR")
    words = read_query(query or [])
    with Index.open(index, encoder=encoder) as opened:
        found = answer(
            opened, words, settings.get("search.k", k).value, where=where, sort=sort, like=like or (),
            facets=facet or (), explain=explain, context=context, typos=settings.get("search.typos", typos).value,
            synonyms=Synonyms.read(rules) if rules else None, recall=recall,
            weights=_weights(weight or ()),
        )  # fmt: skip
        if out.is_json:
            out.document(found.to_dict())
        else:
            for rank, hit in enumerate(found.hits, start=1):
                show_hit(out, rank, hit, explain, context)
            for name, values in found.facets.items():
                shown = ", ".join(f"{printable(_value(value))} ({count:,})" for value, count in values)
                out.line(f"{printable(name)}: {shown}")
            if found.plan is not None:
                show_plan(out, found.plan)
    if found.recall is not None and found.recall.why_exact is not None:
        out.note(f"searched exactly: no approximate search is proven {found.recall.why_exact} (gossamer tune)")
    if found.corrections:
        also = "; ".join(f"{', '.join(w for w, _ in one.replacements)} for {one.word}" for one in found.corrections)
        out.note(f"also searched: {also} (--typos 0 searches only what you typed)")
    if found.did_you_mean is not None:
        out.note(f"did you mean: {found.did_you_mean}")
    if not found.hits:
        out.note(f"nothing found for: {words[:200]}" if words else "nothing found")
        for one in found.without:
            out.note(f"without {one.condition}: {one.total:,} document{'' if one.total == 1 else 's'}")
        if fail_if_empty:
            raise typer.Exit(NOTHING_FOUND)


def _weights(said: Iterable[str]) -> dict[str, float]:
    """Weights of spaces, by name."""
    weights = {}
    for one in said:
        name, _, number = one.partition("=")
        try:
            weights[name] = float(number)
        except ValueError:
            raise UsageError(f"--weight {one}: write the name of a space and a number, such as learned=0.5") from None
    return weights


def _value(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
