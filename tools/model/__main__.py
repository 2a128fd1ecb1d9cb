"""`make model`: gather the texts, ask the teachers, train, choose w, round to int8, write the model and its card.

About an hour on two cores. Everything is kept below benchmarks/out/model/, and a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from benchmarks.report import OUT
from benchmarks.teachers import fetched
from tools.model import card
from tools.model.texts import Texts, gather, questions

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder
from gossamer.retrieval.mixing import Choice, choose_weight, common_weight
from gossamer.retrieval.training.kept import Watch
from gossamer.retrieval.training.named_teachers import teacher
from gossamer.retrieval.training.teachers import DenseTeacher, SparseTeacher
from gossamer.retrieval.training.tiny import Recipe, student, train_tiny
from gossamer.retrieval.training.trainer import Step

NAME = "gossamer-doc-tiny"
PLACE = Path(__file__).resolve().parents[2] / "src" / "gossamer" / "models" / NAME
WEIGHTS = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)  # of the encoder beside BM25
_LARGEST = 10_000_000  # bytes of the whole folder


def main() -> None:
    """Make the model."""
    given = argparse.ArgumentParser(prog="make model", description=__doc__)
    given.add_argument("--work", type=Path, default=OUT / "model", help="Where everything in between is kept.")
    given.add_argument("--output", type=Path, default=PLACE, help="Where the model goes.")
    given.add_argument("--steps", type=int, default=Recipe().steps)
    given.add_argument("--threads", type=int, default=2)
    given.add_argument("--version", default="1", help="Of the model; a new model has a new one.")
    args = given.parse_args()
    torch.set_num_threads(args.threads)
    recipe = Recipe(steps=args.steps)

    said("gathering texts")
    texts = gather(args.work, seed=recipe.seed)
    print(f"{len(texts.passages):,} passages, {len(texts.groups):,} pairs; dropped: {dict(texts.removed)}")
    documents = list(dict.fromkeys(group.documents[0] for group in texts.groups))
    dense, sparse, lexical = teachers(args.work, documents)
    prepare(texts, documents, dense, sparse, lexical)

    said("training")
    encoder = student(fetched("splade"), texts.of_idf())
    steps = train_tiny(
        encoder, texts.groups, dense, sparse, lexical, recipe, folder=args.work / "checkpoint", watch=watched(recipe)
    )
    encoder.save_pretrained(args.work / "trained")

    said("choosing w on pairs that were held out")
    trained = SparseEncoder.from_pretrained(args.work / "trained", runtime="native")
    assert isinstance(trained, NativeEncoder)
    shipped = trained.quantise("int8")
    choice, of_each = chosen_weight(shipped, texts)
    shipped.fusion_weight = choice.weight
    shipped.card = card.of(args.version, recipe, texts, steps, choice, of_each)
    write(shipped, args.output)
    print(json.dumps({"w": choice.weight, "held out": {name: dict(one.quality) for name, one in of_each.items()}}))


def teachers(work: Path, documents: list[str]) -> tuple[DenseTeacher, SparseTeacher, SparseTeacher]:
    """The dense one, the sparse one, and BM25 over the training documents."""
    dense = teacher(f"dense:{fetched('minilm')}", documents, keep=work / "teachers" / "dense")
    sparse = teacher(f"sparse:{fetched('splade')}", documents, keep=work / "teachers" / "sparse")
    lexical = teacher("bm25", documents)
    assert isinstance(dense, DenseTeacher)
    assert isinstance(sparse, SparseTeacher)
    assert isinstance(lexical, SparseTeacher)
    return dense, sparse, lexical


def prepare(
    texts: Texts, documents: list[str], dense: DenseTeacher, sparse: SparseTeacher, lexical: SparseTeacher
) -> None:
    """Ask the teachers everything that they will be asked."""
    queries = list(dict.fromkeys(group.query for group in texts.groups))
    said("asking the dense teacher")
    dense.prepare([*documents, *queries], counted())
    said("asking the sparse teacher")
    sparse.prepare(queries, documents, counted())
    lexical.prepare(queries, documents)


def chosen_weight(encoder: SparseEncoder, texts: Texts) -> tuple[Choice, dict[str, Choice]]:
    """The w that is best on held-out claims and held-out abstracts together, each kind counting alike."""
    queries, documents = questions(texts.held_out)
    asked = {name: text for name, (text, _) in texts.claims.items()}
    cited = {name: of for name, (_, of) in texts.claims.items()}
    of_each = {
        "claims": choose_weight(asked, texts.abstracts, cited, None, encoder, WEIGHTS),
        "abstracts": choose_weight(queries, documents, {one: {one: 1} for one in queries}, None, encoder, WEIGHTS),
    }
    return common_weight(list(of_each.values())), of_each


def write(encoder: NativeEncoder, folder: Path) -> None:
    """Put the model in its place, whole or not at all.

    Raises:
        UsageError: It is larger than what may be shipped.
    """
    beside = folder.with_name(f"{folder.name}.next")
    shutil.rmtree(beside, ignore_errors=True)
    encoder.save_pretrained(beside)
    card.write(encoder.card, beside / "README.md")
    size = sum(path.stat().st_size for path in beside.rglob("*") if path.is_file())
    if size > _LARGEST:
        raise UsageError(f"{beside}: {size:,} bytes, and {_LARGEST:,} may be shipped")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    print(f"{folder}: {size:,} bytes")


def said(what: str) -> None:
    """Say what comes now."""
    print(f"{what} ...", file=sys.stderr, flush=True)


def counted() -> Watch:
    """A line for every tenth of the texts."""
    last = [-1]

    def seen(done: int, of: int) -> None:
        if 10 * done // of != last[0]:
            last[0] = 10 * done // of
            print(f"  {done:,}/{of:,}", file=sys.stderr, flush=True)

    return seen


def watched(recipe: Recipe) -> Any:
    """A line for every fiftieth step."""

    def seen(step: Step) -> None:
        if (step.number + 1) % 50 == 0:
            print(f"  {step.number + 1}/{recipe.steps} {asdict(step)}", file=sys.stderr, flush=True)

    return seen


if __name__ == "__main__":
    main()
