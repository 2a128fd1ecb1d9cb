"""A small encoder from files of text to a folder that can be searched with; every stage is kept and gone on from."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.transformer.encoder import NativeEncoder
from gossamer.retrieval.mixing import choose_weight
from gossamer.retrieval.training.groups import Group, read_groups
from gossamer.retrieval.training.kept import Watch
from gossamer.retrieval.training.named_teachers import teacher
from gossamer.retrieval.training.pairs import make_pairs
from gossamer.retrieval.training.run import base_model, of_file
from gossamer.retrieval.training.teachers import DenseTeacher, SparseTeacher
from gossamer.retrieval.training.tiny import Recipe, steps_in, student, train_tiny
from gossamer.retrieval.training.trainer import Step
from gossamer.text import Document, read
from gossamer.text.passages import split

PLAN, WORK = "training.json", "work"
_HELD_OUT = 0.05  # share of the passages that nothing is trained on, to choose the weight beside BM25
_MOST_HELD_OUT = 500
_FEWEST = 4  # batches' worth of pairs that a training needs


@dataclass(frozen=True)
class TinyPlan:
    """All that decides what comes out.

    Args:
        corpus: Files, folders or globs.
        dense, sparse: Teachers' folders or ids.
        base: What to begin from.
        steps: Batches; None = as many as there is time for.
        minutes: The time for them.
        pairs: A file of real queries with their answers.
        words: Words with weight that a document is to have.
        exclude: Files of texts that must not be learned from.
        text_field: Where records hold their text.
        seed: Of everything drawn by chance.
    """

    corpus: tuple[str, ...]
    dense: str
    sparse: str
    base: str
    steps: int | None
    minutes: float | None
    pairs: str | None = None
    words: float = 130.0
    exclude: tuple[str, ...] = ()
    text_field: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Args:
        steps, passages, pairs: How many of each.
        document_words: Words with weight in a document, at the end.
        held_out: Queries that nothing was trained on.
        weight: What the encoder counts beside BM25: the best for those queries.
        bm25, together: Their nDCG@10 by BM25 alone, and with the encoder.
        bytes: Size of the encoder.
    """

    steps: int
    passages: int
    pairs: int
    document_words: float
    held_out: int
    weight: float
    bm25: float
    together: float
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


class TinyRun:
    """A folder and the plan that fills it; call the stages in the order in which they stand here.

    Args:
        folder: Made if missing.
        plan: Of a run that is there already it has to be the same.

    Raises:
        UsageError: The folder holds another run, or something else.
    """

    def __init__(self, folder: Path, plan: TinyPlan) -> None:
        self._folder, self._plan = folder, plan
        self._steps: int | None = plan.steps
        self.outcome: Outcome | None = None
        self.passages = 0
        self.groups: list[Group] = []
        self._held_out: list[Group] = []
        kept = self._known()
        if kept is not None:
            self._steps = kept["steps"]
            self.outcome = Outcome(**kept["outcome"]) if kept["outcome"] else None

    @property
    def begun(self) -> bool:
        """A checkpoint to go on from is there."""
        return (self._folder / WORK / "checkpoint").exists()

    def read(self) -> None:
        """Read the corpus and make its queries.

        Raises:
            UsageError: Too little text.
        """
        documents = [
            Document(f"{one.id}#{at}", one.text[part.start : part.end], " ".join(part.headings) or one.title)
            for one in self._documents(self._plan.corpus)
            for at, part in enumerate(split(one, words=180))
        ]
        self.passages = len(documents)
        rng = np.random.default_rng([self._plan.seed, 9])
        apart = set(rng.permutation(len(documents))[: min(_MOST_HELD_OUT, int(_HELD_OUT * len(documents)))].tolist())
        exclude = [one.text for one in self._documents(self._plan.exclude)]
        self.groups = make_pairs(
            [one for at, one in enumerate(documents) if at not in apart], each=2, exclude=exclude, seed=self._plan.seed
        )
        if self._plan.pairs is not None:
            self.groups += read_groups(self._plan.pairs)
        self._held_out = make_pairs(
            [one for at, one in enumerate(documents) if at in apart],
            kinds=["title", "cloze", "question"],
            seed=self._plan.seed,
        )
        recipe = self._recipe
        if len(self.groups) < _FEWEST * recipe.batch or not self._held_out:
            raise UsageError(
                f"{', '.join(self._plan.corpus)}: {len(self.groups)} pairs of query and answer, and at least "
                f"{_FEWEST * recipe.batch} are needed; give more text, or a ready encoder: --encoder gossamer"
            )
        self._texts = list(dict.fromkeys(group.documents[0] for group in self.groups))
        self._queries = list(dict.fromkeys(group.query for group in self.groups))

    def ask_dense(self, watch: Watch | None = None) -> None:
        """Vectors of the dense teacher."""
        self._dense = teacher(f"dense:{self._plan.dense}", self._texts, keep=self._kept("dense"))
        assert isinstance(self._dense, DenseTeacher)
        self._dense.prepare([*self._texts, *self._queries], watch)

    def ask_sparse(self, watch: Watch | None = None) -> None:
        """Vectors of the sparse teacher and of BM25."""
        self._sparse = teacher(f"sparse:{self._plan.sparse}", self._texts, keep=self._kept("sparse"))
        self._lexical = teacher("bm25", self._texts)
        assert isinstance(self._sparse, SparseTeacher)
        assert isinstance(self._lexical, SparseTeacher)
        self._sparse.prepare(self._queries, self._texts, watch)

    def settle_steps(self) -> int:
        """How many steps there will be; kept, so that a run that goes on has as many."""
        import torch

        torch.manual_seed(self._plan.seed)
        self._encoder = student(base_model(self._plan.base), self._texts)
        if self._steps is None:
            assert self._plan.minutes is not None
            self._steps = steps_in(self._plan.minutes, self._encoder, *self._given(), self._recipe)
        self._write()
        return self._steps

    def train(self, watch: Callable[[Step], None] | None = None) -> None:
        """The training itself."""
        work = self._folder / WORK / "checkpoint"
        self._made = train_tiny(self._encoder, *self._given(), self._recipe, folder=work, watch=watch)

    def finish(self) -> Outcome:
        """Choose the weight beside BM25, write the encoder, and drop what was kept in between."""
        trained = self._folder / WORK / "trained"
        self._encoder.save_pretrained(trained)
        native = SparseEncoder.from_pretrained(trained, runtime="native")
        assert isinstance(native, NativeEncoder)
        shipped = native.quantise("int8")
        queries = {str(at): group.query for at, group in enumerate(self._held_out)}
        answers = {str(at): group.documents[0] for at, group in enumerate(self._held_out)}
        everything = answers | {f"t{at}": text for at, text in enumerate(self._texts)}
        choice = choose_weight(queries, everything, {one: {one: 1} for one in queries}, None, shipped)
        shipped.fusion_weight = choice.weight
        shipped.card = {"made_by": "gossamer train tiny", "plan": asdict(self._plan), "recipe": asdict(self._recipe)}
        shipped.save_pretrained(self._folder)
        size = sum(path.stat().st_size for path in self._folder.iterdir() if path.is_file())
        last = self._made[-50:]
        self.outcome = Outcome(
            len(self._made), self.passages, len(self.groups), float(np.mean([one.document_words for one in last])),
            len(queries), choice.weight, choice.quality[0.0], choice.quality[choice.weight], size,
        )  # fmt: skip
        self._write()
        shutil.rmtree(self._folder / WORK, ignore_errors=True)
        return self.outcome

    @property
    def _recipe(self) -> Recipe:
        return Recipe(self._steps or Recipe.steps, words=self._plan.words, seed=self._plan.seed)

    def _given(self) -> tuple[list[Group], DenseTeacher, SparseTeacher, SparseTeacher]:
        assert isinstance(self._dense, DenseTeacher)
        assert isinstance(self._sparse, SparseTeacher)
        assert isinstance(self._lexical, SparseTeacher)
        return self.groups, self._dense, self._sparse, self._lexical

    def _documents(self, paths: tuple[str, ...]) -> Iterator[Document]:
        return iter(read(list(paths), text_field=self._plan.text_field)) if paths else iter(())

    def _kept(self, kind: str) -> Path:
        """A folder of one teacher's vectors; another teacher has another."""
        name = hashlib.sha256(getattr(self._plan, kind).encode()).hexdigest()[:12]
        return self._folder / WORK / f"{kind}-{name}"

    def _known(self) -> dict[str, Any] | None:
        path = self._folder / PLAN
        if not path.exists():
            strange = next(self._folder.iterdir(), None) if self._folder.is_dir() else None
            if strange is not None and strange.name != WORK:
                raise UsageError(f"{self._folder} is not empty ({strange.name}), and no training; name a new folder")
            return None
        try:
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            other = sorted(key for key, value in self._described().items() if kept["plan"].get(key) != value)
            kept["steps"], kept["outcome"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}: not the record of such a training ({error}); name a new folder") from error
        if other:
            raise UsageError(
                f"{self._folder} holds a training of other settings ({', '.join(other)}); name a new one, or remove it"
            )
        return kept

    def _described(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads(json.dumps(asdict(self._plan)))
        if self._plan.pairs is not None:
            described["pairs"] = of_file(self._plan.pairs)
        return described

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = {
            "plan": self._described(), "steps": self._steps,
            "outcome": self.outcome.to_dict() if self.outcome is not None else None,
        }  # fmt: skip
        part = (self._folder / PLAN).with_suffix(".part")
        part.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(self._folder / PLAN)
