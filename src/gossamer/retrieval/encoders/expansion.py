"""Document expansion by outside models: what is appended to a document before an encoder reads it.

Queries that a generator expects (Nogueira & Lin, "From doc2query to docTTTTTquery", 2019), words that TILDE finds
likely (Zhuang & Zuccon, "Fast Passage Re-ranking with Contextualized Exact Term Matching and Efficient Passage
Expansion", 2021), or queries made of the document itself. Heads that cannot expand weigh what was appended, too.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gossamer.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from gossamer.retrieval.encoders.base import SparseEncoder
    from gossamer.retrieval.training.groups import Group

Watch = Callable[[int, int], None]
_TOGETHER = 64  # texts between two words about how far it is


class Expander(ABC):
    """Texts to what is appended to each; a part of an encoder, saved and loaded with it."""

    kind: ClassVar[str]

    @abstractmethod
    def __call__(self, texts: Sequence[str]) -> list[str]:
        """What to append to each text; the same for the same text, whatever stands beside it."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """JSON values, with ``kind``."""

    def save(self, folder: Path) -> None:  # noqa: B027  (most have no files)
        """Write the files that it needs."""

    def lengthened(self, texts: Sequence[str]) -> list[str]:
        """The texts with what is appended."""
        return [f"{text} {more}" if more else text for text, more in zip(texts, self(texts), strict=True)]

    def lengthen(self, groups: Sequence[Group], watch: Watch | None = None) -> list[Group]:
        """Groups with additions, each distinct document expanded once; groups that have some keep them."""
        waiting = list(dict.fromkeys(text for group in groups if not group.additions for text in group.documents))
        known: dict[str, str] = {}
        for start in range(0, len(waiting), _TOGETHER):
            part = waiting[start : start + _TOGETHER]
            known.update(zip(part, self(part), strict=True))
            if watch is not None:
                watch(start + len(part), len(waiting))
        return [
            group if group.additions else replace(group, additions=tuple(known[text] for text in group.documents))
            for group in groups
        ]


class GeneratedQueries(Expander):
    """Queries that a sequence-to-sequence model expects for a document, sampled among its likeliest words.

    What is drawn depends on the seed, the text and the number of the query alone: noise of Gumbel's distribution is
    added to the logits of the ``top_k`` likeliest words, and the largest taken, which is the same as drawing by their
    probabilities (Maddison, Tarlow & Minka, "A* Sampling", 2014).

    Args:
        model: A model of ``AutoModelForSeq2SeqLM``, docT5query for instance.
        tokenizer: Its tokeniser.
        queries: How many for a document.
        top_k: Words to draw from.
        longest: Word pieces of a query.
        read: Word pieces of a document that are read.
        seed: Of what is drawn.
        batch: Documents at a time.
    """

    kind = "queries"

    def __init__(
        self, model: Any, tokenizer: Any, *, queries: int = 10, top_k: int = 10, longest: int = 32, read: int = 512,
        seed: int = 0, batch: int = 8,
    ) -> None:  # fmt: skip
        if min(queries, top_k, longest, read, batch) < 1:
            raise UsageError("queries, top_k, longest, read and batch of generated queries are at least 1")
        self._model, self._tokenizer, self._batch = model.eval(), tokenizer, batch
        self._settings = {"queries": queries, "top_k": top_k, "longest": longest, "read": read, "seed": seed}

    @classmethod
    def load(cls, folder: str | Path, **settings: Any) -> GeneratedQueries:
        """With the model in a folder in transformers' layout, or on a hub.

        Raises:
            UsageError: There is none, or none that can be read.
        """
        from safetensors import SafetensorError
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = AutoModelForSeq2SeqLM.from_pretrained(folder)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UsageError(f"{folder}: not a sequence-to-sequence model that can be loaded: {reason}") from error
        return cls(model, tokenizer, **settings)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The queries of each text, one after the other."""
        import torch

        found = [""] * len(texts)
        by_length = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        with torch.inference_mode():
            for start in range(0, len(texts), self._batch):
                members = by_length[start : start + self._batch]
                for at, queries in zip(members, self._generated([texts[at] for at in members]), strict=True):
                    found[at] = " ".join(query for query in queries if query)
        return found

    def _generated(self, texts: Sequence[str]) -> Iterator[list[str]]:
        said = self._settings
        many = said["queries"]
        tokens = self._tokenizer(
            [text for text in texts for _ in range(many)],
            padding=True, truncation=True, max_length=said["read"], return_tensors="pt",
        ).to(self._model.device)  # fmt: skip
        rngs = [
            np.random.default_rng([said["seed"], number, *_digest(text)]) for text in texts for number in range(many)
        ]
        made = self._model.generate(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"],
            do_sample=False, num_beams=1, max_new_tokens=said["longest"],
            logits_processor=[_Gumbel(rngs, said["top_k"])],
        )  # fmt: skip
        lines = [line.strip() for line in self._tokenizer.batch_decode(made, skip_special_tokens=True)]
        for at in range(len(texts)):
            yield lines[at * many : (at + 1) * many]

    def settings(self) -> dict[str, Any]:
        """How queries are drawn."""
        return {"kind": self.kind, **self._settings}

    def save(self, folder: Path) -> None:
        """A copy of the model and its tokeniser."""
        self._model.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)


class _Gumbel:
    """Logits to noisy logits of the likeliest words; row i is drawn by generator i."""

    def __init__(self, rngs: Sequence[np.random.Generator], top_k: int) -> None:
        self._rngs, self._top_k = rngs, top_k

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        import torch

        values, places = scores.topk(min(self._top_k, scores.shape[1]), 1)
        noise = np.stack([rng.gumbel(size=values.shape[1]) for rng in self._rngs])
        noisy = values + torch.as_tensor(noise, dtype=values.dtype, device=values.device)
        return torch.full_like(scores, float("-inf")).scatter_(1, places, noisy)


class LikelyWords(Expander):
    """The words that a trained encoder (TILDE for instance) gives the most weight, of those the text does not hold.

    Only whole words are appended, no pieces of words and no stop words, as TILDEv2 does.

    Args:
        encoder: Its documents have weight on words that they do not hold.
        words: The most that are appended.
    """

    kind = "tilde"

    def __init__(self, encoder: SparseEncoder, *, words: int = 100) -> None:
        if words < 1:
            raise UsageError(f"words={words} must be at least 1")
        self._encoder, self._words = encoder, words

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The likeliest words of each text, the likeliest first."""
        return [" ".join(words) for words in self.words(texts)]

    def words(self, texts: Sequence[str]) -> list[list[str]]:
        """The same as lists."""
        vectors = self._encoder.encode_documents(texts)
        pieces = self._pieces(texts)
        found = []
        for row, there in enumerate(pieces):
            vector = vectors[row]
            order = np.lexsort((vector.indices, -vector.values))
            likely = (int(vector.indices[at]) for at in order)
            new = (self._whole[column] for column in likely if column in self._whole and column not in there)
            found.append([word for word, _ in zip(new, range(self._words), strict=False)])
        return found

    def _pieces(self, texts: Sequence[str]) -> list[set[int]]:
        return [set(row) for row in self._backbone.pieces(texts)]

    @property
    def _backbone(self) -> Any:
        side = getattr(self._encoder, "document", None)
        if side is None or not hasattr(side, "backbone"):
            raise UsageError(f"{type(self._encoder).__name__} knows only a text's own words; expansion needs TILDE")
        return side.backbone

    @cached_property
    def _whole(self) -> dict[int, str]:
        """Columns that are whole words, each the one piece that its word is read as."""
        from gossamer.text import analyzer

        backbone = self._backbone
        stop = set(analyzer("english").to_dict()["stop_words"])
        special = set(backbone.special)
        words = [backbone.word(term) for term in self._encoder.terms]
        read = backbone.pieces(words)
        return {
            column: word
            for column, (word, pieces) in enumerate(zip(words, read, strict=True))
            if word.isalnum() and word.lower() not in stop and column not in special and list(pieces) == [column]
        }

    def settings(self) -> dict[str, Any]:
        """How many."""
        return {"kind": self.kind, "words": self._words}

    def save(self, folder: Path) -> None:
        """A copy of the encoder."""
        self._encoder.save_pretrained(folder)


class MadeQueries(Expander):
    """Queries made of the document's own words, without a model: keywords and crops, which repeat what matters.

    No word is added that the text does not hold, so weights change and the vocabulary of a document does not.

    Args:
        queries: How many for a document.
        seed: Of what is drawn.
    """

    kind = "pairs"

    def __init__(self, *, queries: int = 3, seed: int = 0) -> None:
        if queries < 1:
            raise UsageError(f"queries={queries} must be at least 1")
        self._queries, self._seed = queries, seed

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The queries of each text; none for a text that is too short for them."""
        from gossamer.retrieval.training.pairs import make_pairs
        from gossamer.text import Document

        found = []
        for text in texts:
            seed = int(np.random.SeedSequence([self._seed, *_digest(text)]).generate_state(1)[0])
            made = make_pairs([Document("", text)], kinds=("keywords", "crop"), each=self._queries, seed=seed)
            found.append(" ".join(pair.query for pair in made))
        return found

    def settings(self) -> dict[str, Any]:
        """How many."""
        return {"kind": self.kind, "queries": self._queries, "seed": self._seed}


def load(settings: dict[str, Any], folder: Path) -> Expander:
    """The expander that :meth:`Expander.settings` and :meth:`Expander.save` described.

    Raises:
        UsageError: An unknown kind, or files that are missing.
    """
    from gossamer.retrieval.encoders.base import SparseEncoder

    rest = {key: value for key, value in settings.items() if key != "kind"}
    match settings.get("kind"):
        case "queries":
            return GeneratedQueries.load(folder, **rest)
        case "tilde":
            return LikelyWords(SparseEncoder.from_pretrained(folder), **rest)
        case "pairs":
            return MadeQueries(**rest)
    raise UsageError(f"{folder}: expander {settings.get('kind')!r} is unknown; known: queries, tilde, pairs")


def named(spec: str, *, additions: int | None = None, seed: int = 0) -> Expander:
    """The expander of a name: ``queries:DIR``, ``tilde:DIR`` or ``pairs``.

    Args:
        spec: As the command line takes it.
        additions: Queries, or words, for a document; None = as the kind has it.
        seed: Of what is drawn.

    Raises:
        UsageError: Another name, or a folder without such a model.

    Example:
        >>> named("pairs").settings()
        {'kind': 'pairs', 'queries': 3, 'seed': 0}
    """
    from gossamer.retrieval.encoders.base import SparseEncoder

    kind, _, name = spec.partition(":")
    many = {} if additions is None else {"words" if kind == "tilde" else "queries": additions}
    if kind == "queries" and name:
        return GeneratedQueries.load(name, seed=seed, **many)
    if kind == "tilde" and name:
        return LikelyWords(SparseEncoder.from_pretrained(name), **many)
    if kind == "pairs" and not name:
        return MadeQueries(seed=seed, **many)
    raise UsageError(f"expander {spec!r}: write queries:DIR, tilde:DIR or pairs")


def _digest(text: str) -> list[int]:
    """A text as numbers that seed a generator."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return [int(part) for part in np.frombuffer(digest, np.uint32)]
