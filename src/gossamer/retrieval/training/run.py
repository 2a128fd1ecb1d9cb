"""One training from a file of data to a folder with an encoder: what it needs, whether that fits, and how it ended.

The folder says how the encoder came about: ``training.json`` holds the plan and the outcome, ``log.jsonl`` a line a
step; teachers' vectors and checkpoints lie there until it is done. A run that was broken off goes on from its last
checkpoint when it is started again with the same plan.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders import expansion, learned, methods
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.methods import LearnedMethod, Penalty
from gossamer.retrieval.training import checkpoint
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.idf import idf_table
from gossamer.retrieval.training.trainer import Settings, Step, Teacher, Trainer

PLAN, LOG, CHECKPOINT, TAUGHT = "training.json", "log.jsonl", "checkpoint", "teachers"
FORMAT = 1
_TAUGHT = ("margin_mse", "kl", "ensemble")
_COMPARES_OWN = ("cross_entropy", "negative_likelihood", "infonce", "margin_mse", "kl")


@dataclass(frozen=True)
class Plan:
    """All that decides what comes out, as JSON values.

    Args:
        method: Name of a published method (:mod:`gossamer.retrieval.encoders.methods`).
        backbone: Folder or id of the masked language model to begin from.
        settings: How long and how fast.
        penalty: In place of the method's; None = the method's.
        longest: Word pieces of a text that are read.
        teachers: What scores on line, in words.
        expander: What lengthens documents, in words.
        additions: Queries or words that it appends to each; None = as its kind has it.
        mine: Negatives are mined from the data's documents.
        data: SHA-256 of each file that was read, by what it was read for.
    """

    method: str
    backbone: str
    settings: Settings
    penalty: Penalty | None = None
    longest: int | None = None
    teachers: tuple[str, ...] = ()
    expander: str | None = None
    additions: int | None = None
    mine: bool = False
    data: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON gives it back."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found


def of_file(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    return digest.hexdigest()


def refuse_unfit(plan: Plan, groups: Sequence[Group]) -> None:
    """Nothing, unless the data cannot teach the plan's method.

    Raises:
        UsageError: Saying what is missing, and where to get it.
    """
    method, settings, taught = methods.get(plan.method), plan.settings, bool(plan.teachers)
    if not groups:
        raise UsageError("no training data: not one query with a document")
    _refuse_without_expansion(plan, method, groups)
    needs = [loss for loss in method.losses if loss in _TAUGHT]
    silent = next((group for group in groups if not group.scores or plan.mine), None)
    if needs and not taught and silent is not None:
        raise UsageError(
            f'{method.name} learns from a teacher ({needs[0]}), and query {silent.query[:60]!r} has no "scores"; name '
            "a teacher (dense:DIR, sparse:DIR or bm25), or put scores of all documents into the data"
        )
    if taught and not needs and not plan.mine:
        raise UsageError(
            f"{method.name} ({', '.join(method.losses)}) learns from no teacher; leave --teacher out, or let teachers "
            "judge the negatives of --mine"
        )
    own = [loss for loss in method.losses if loss in _COMPARES_OWN]
    if own and settings.negatives < 1:
        raise UsageError(f"{method.name} ({own[0]}) compares documents of one query: at least one negative is needed")
    many = min(settings.batch, len(groups)) * (settings.negatives + 1)
    if many < 2 and "contrastive" in method.losses:
        raise UsageError("contrastive with a batch of one query and no negatives has nothing to compare with")
    if many < 3 and taught and "ensemble" in method.losses:
        raise UsageError("an ensemble needs three documents in a batch: its scores are brought to 0..1 among them")
    short = next((group for group in groups if len(group.documents) <= settings.negatives), None)
    if short is not None and not plan.mine:
        raise UsageError(
            f"query {short.query[:60]!r} has {len(short.documents) - 1} negatives, {settings.negatives} are wanted; "
            "mine them from BM25 (--mine), or let the other queries' documents do (--negatives 0)"
        )


def _refuse_without_expansion(plan: Plan, method: LearnedMethod, groups: Sequence[Group]) -> None:
    if plan.expander is not None:
        return
    given = sum(bool(group.additions) for group in groups)
    if 0 < given < len(groups):
        raise UsageError(
            f'{given} of {len(groups)} groups have "additions"; all documents are lengthened, or none: others would be '
            "told apart by their length"
        )
    if given and plan.mine:
        raise UsageError('mined negatives have no "additions"; name an --expander, or bring negatives of your own')
    if method.expansion is not None and not given:
        kind = "queries:DIR" if method.expansion == "queries" else "tilde:DIR"
        raise UsageError(
            f"{method.name} reads lengthened documents; name what lengthens them (--expander {kind}, or pairs), or put "
            '"additions" for all documents into the data'
        )


class Run:
    """A folder and the plan that fills it.

    Args:
        folder: Made if missing.
        plan: Of a run that is there already it has to be the same.

    Raises:
        UsageError: The folder holds a run of another plan, or something else.
    """

    def __init__(self, folder: str | Path, plan: Plan) -> None:
        self.folder, self.plan = Path(folder), plan
        known = _read(self.folder / PLAN)
        if known is None:
            strange = next(self.folder.iterdir(), None) if self.folder.is_dir() else None
            if strange is not None:
                raise UsageError(f"{self.folder} is not empty ({strange.name}), and no training; name a new folder")
        elif other := _different(known["plan"], plan.to_dict()):
            raise UsageError(
                f"{self.folder} holds a training of other settings ({', '.join(other)}); name a new one, or remove it"
            )
        self.outcome: dict[str, Any] | None = known.get("outcome") if known else None

    @property
    def begun(self) -> bool:
        """A checkpoint to go on from is there."""
        return (self.folder / CHECKPOINT / checkpoint.NAME).exists()

    def begin(self) -> None:
        """Make the folder, and write the plan into it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(None)

    def train(
        self,
        groups: Sequence[Group],
        teachers: Sequence[Teacher] = (),
        *,
        encoder: learned.LearnedEncoder,
        watch: Callable[[Step], None] | None = None,
    ) -> list[Step]:
        """Train, and write the encoder and the log.

        Raises:
            UsageError: Data that does not fit.
            GossamerError: A loss that is no number, or vectors that became all zero.
        """
        method = methods.get(self.plan.method)
        self.begin()
        penalty = self.plan.penalty or method.penalty
        trainer = Trainer(encoder, method.losses, penalty, teachers)
        steps = trainer.fit(groups, self.plan.settings, folder=self.folder / CHECKPOINT, watch=watch)
        encoder.save_pretrained(self.folder)
        lines = "".join(json.dumps(asdict(step)) + "\n" for step in steps)
        (self.folder / LOG).write_text(lines, encoding="utf-8")
        return steps

    def finish(self, outcome: dict[str, Any]) -> None:
        """Keep what came of it, and remove what only served to get there."""
        self._write(outcome)
        self.outcome = outcome
        for name in (CHECKPOINT, TAUGHT):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _write(self, outcome: dict[str, Any] | None) -> None:
        whole = {"format": FORMAT, "plan": self.plan.to_dict(), "outcome": outcome}
        part = (self.folder / PLAN).with_suffix(".part")
        part.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(self.folder / PLAN)


def begin(
    plan: Plan, groups: Sequence[Group], *, table: torch.Tensor | None = None, **parts: Any
) -> learned.LearnedEncoder:
    """The plan's encoder, not yet trained; the same for the same seed.

    Args:
        plan: Names method and backbone.
        groups: idf of a ``static`` head is taken from their documents.
        table: In place of that idf.
        parts: Replace some of the method's parts.

    Raises:
        UsageError: A backbone that cannot be loaded.
    """
    method = methods.get(plan.method)
    backbone = base_model(plan.backbone)
    if method.query == "static" and table is None:
        table = idf_table(backbone, dict.fromkeys(text for group in groups for text in group.documents))
    if table is not None:
        parts["table"] = table
    if plan.expander is not None:
        parts["expander"] = expansion.named(plan.expander, additions=plan.additions, seed=plan.settings.seed)
    torch.manual_seed(plan.settings.seed)  # heads begin by chance
    return learned.preset(plan.method, backbone, **{"longest": plan.longest, **parts})


def base_model(name: str) -> Backbone:
    """A masked language model by folder or id, or the one below the documents of an encoder in a folder."""
    folder = Path(name)
    if any((folder / one).exists() for one in ("gossamer.json", "modules.json")):
        encoder = SparseEncoder.from_pretrained(folder, runtime="torch")
        if not isinstance(encoder, learned.LearnedEncoder):
            raise UsageError(f"{name}: an encoder without a network is nothing to begin from")
        return encoder.document.backbone
    return Backbone.load(name)


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        whole: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if whole["format"] > FORMAT:
            raise UsageError(f"{path}: format {whole['format']}; this gossamer reads up to {FORMAT}. Upgrade gossamer.")
        whole["plan"]["settings"]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, UsageError):
            raise
        raise GossamerError(f"{path}: not the record of a training ({error}); name a new folder") from error
    return whole


def _different(one: Mapping[str, Any], other: Mapping[str, Any], below: str = "") -> list[str]:
    """Names of the settings that two plans do not share."""
    found = []
    for key in sorted({*one, *other}):
        a, b = one.get(key), other.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += _different(a, b, f"{below}{key}.")
        elif a != b:
            found.append(f"{below}{key}")
    return found
