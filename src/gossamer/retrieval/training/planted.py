"""A small world with planted synonyms, in which it is known what each part of a sparse retriever can win.

Concepts have three words each. A document is about some concepts (mostly announced by marker A) and mentions others
(announced by marker B); a query asks for some of the former, half the time in another word. Weighting therefore has to
read the markers, and expansion has to know the synonyms. The claims it tests are those of Nguyen, MacAvaney & Yates,
"A Unified Framework for Learned Sparse Retrieval" (2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gossamer.retrieval.training.groups import Group

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.backbone import Backbone

CONCEPTS, SURFACES, NOISE = 400, 3, 200
ABOUT, MENTIONED, LENGTH = 6, 18, 48  # concepts that a document is about, that it mentions; its words
ASKED, STRAY, ASKING = 4, 2, 8  # concepts that a query asks for, holds by chance; its words
ANNOUNCED, OTHER_WORD = 0.7, 0.5  # probability of marker A before a salient concept; of another word in the query
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class World:
    """Training data, and a collection to measure on."""

    train: list[Group]
    documents: list[str]
    queries: list[str]
    relevant: list[int]  # row of the one document that each query asks for
    additions: list[str]  # what an ideal generator of queries would append to each document; empty without any

    def qrels(self) -> dict[str, Mapping[str, int]]:
        """Judgements for :func:`gossamer.retrieval.evaluate`; ids are row numbers."""
        return {str(query): {str(document): 1} for query, document in enumerate(self.relevant)}


def world(
    *,
    train: int = 20_000,
    documents: int = 5_000,
    queries: int = 500,
    zipf: float = 0.0,
    generated: int = 0,
    seed: int = 0,
) -> World:
    """Draw a world.

    Args:
        train: Pairs to learn from; their documents are not in the collection.
        documents: Of the collection.
        queries: Each about one of them.
        zipf: Exponent of the concepts' frequencies; 0 = all alike.
        generated: Queries in the additions of a document, drawn as those that ask for it are.
        seed: Of everything.
    """
    draw, more = (_Draw(np.random.default_rng(one), zipf) for one in (seed, [seed, 1]))

    def added(made: _Made) -> tuple[str, ...]:
        return (" ".join(more.query(*made) for _ in range(generated)),) if generated else ()

    pairs = []
    for _ in range(train):
        made = draw.document()
        pairs.append(Group(draw.query(*made), (_text(made[1]),), additions=added(made)))
    collection = [draw.document() for _ in range(documents)]
    asked = draw.rng.choice(documents, queries, replace=queries > documents).tolist()
    return World(
        pairs,
        [_text(words) for _, words in collection],
        [draw.query(*collection[row]) for row in asked],
        asked,
        [text for made in collection for text in added(made)],
    )


def words() -> list[str]:
    """Every word of the world."""
    surfaces = [_surface(concept, form) for concept in range(CONCEPTS) for form in range(SURFACES)]
    return [*surfaces, *(f"n{one}" for one in range(NOISE)), "A", "B"]


def backbone(*, layers: int = 2, width: int = 64, longest: int = LENGTH + 16, seed: int = 0) -> Backbone:
    """A BERT over the world's words, not trained."""
    return untrained(words(), layers=layers, width=width, longest=longest, seed=seed)


def untrained(
    words: Sequence[str], *, layers: int = 1, width: int = 32, longest: int = LENGTH + 16, seed: int = 0
) -> Backbone:
    """A BERT over these words and no others, its weights by chance; it reads ``longest`` words at a time.

    The transform before the vocabulary matrix begins as the identity, so that a word's own logit stands out from the
    start as it does in a model that was trained to fill masks.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    from gossamer.retrieval.encoders.backbone import Backbone

    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(one, vocabulary[one]) for one in ("[CLS]", "[SEP]")]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    torch.manual_seed(seed)
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=len(vocabulary), hidden_size=width, num_hidden_layers=layers, num_attention_heads=2,
            intermediate_size=4 * width, max_position_embeddings=longest,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        )
    )  # fmt: skip
    torch.nn.init.eye_(model.cls.predictions.transform.dense.weight)
    fast: Any = PreTrainedTokenizerFast
    return Backbone(model, fast(tokenizer_object=tokenizer, model_max_length=longest, **names))


def _surface(concept: int, form: int) -> str:
    return f"c{concept}{'xyz'[form]}"


def _text(words: list[tuple[int, str]]) -> str:
    return " ".join(word for _, word in words)


_Made = tuple[NDArray[np.int64], list[tuple[int, str]]]  # the concepts of a document, and its words


class _Draw:
    """Documents and queries by chance."""

    def __init__(self, rng: np.random.Generator, zipf: float) -> None:
        self.rng = rng
        weights = np.arange(1, CONCEPTS + 1, dtype=np.float64) ** -zipf
        self._often: NDArray[np.float64] = weights / weights.sum()

    def document(self) -> _Made:
        """The concepts it is about, and its words, each with the concept it names (-1 for none)."""
        concepts = self.rng.choice(CONCEPTS, ABOUT + MENTIONED, replace=False, p=self._often)
        parts: list[list[tuple[int, str]]] = []
        for place, concept in enumerate(concepts.tolist()):
            word = (concept, _surface(concept, int(self.rng.integers(SURFACES))))
            marker = "A" if place < ABOUT and self.rng.random() < ANNOUNCED else "B" if place >= ABOUT else ""
            parts.append([(-1, marker), word] if marker else [word])
        rest = LENGTH - sum(map(len, parts))
        parts += [[(-1, f"n{one}")] for one in self.rng.integers(0, NOISE, max(0, rest)).tolist()]
        return concepts[:ABOUT], [word for at in self.rng.permutation(len(parts)) for word in parts[at]][:LENGTH]

    def query(self, concepts: NDArray[np.int64], words: list[tuple[int, str]]) -> str:
        """Salient concepts of the document, some in another word than there, beside concepts by chance."""
        there = dict(words)
        parts = []
        for concept in self.rng.permutation(concepts)[:ASKED].tolist():
            form = "xyz".index(there[concept][-1]) if concept in there else 0
            if self.rng.random() < OTHER_WORD:
                form = (form + int(self.rng.integers(1, SURFACES))) % SURFACES
            parts.append(f"A {_surface(concept, form)}")
        for concept in self.rng.choice(CONCEPTS, STRAY, replace=False).tolist():
            parts.append(f"B {_surface(concept, int(self.rng.integers(SURFACES)))}")
        noise = [f"n{one}" for one in self.rng.integers(0, NOISE, ASKING - ASKED - STRAY).tolist()]
        return " ".join(self.rng.permutation([*parts, *noise]).tolist())
