"""A network and its tokeniser as they lie in a folder: what the sides of an encoder share, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.encoding import Pieces
from gossamer.retrieval.encoders.transformer.checkpoint import Checkpoint
from gossamer.retrieval.encoders.transformer.library_tokenizer import LibraryTokenizer, tokenizer_in
from gossamer.retrieval.encoders.transformer.network import Network
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece


class NativeBackbone:
    """A masked language model of the native core, and its tokeniser.

    Args:
        checkpoint: Its weights; the network is made of them when it first runs.
        tokenizer: Of the same vocabulary.

    Raises:
        UsageError: The tokeniser has words beyond the network's.
    """

    def __init__(self, checkpoint: Checkpoint, tokenizer: WordPiece | LibraryTokenizer) -> None:
        most = max(tokenizer.vocabulary.values()) + 1
        if most > checkpoint.shape.vocabulary:
            raise UsageError(
                f"the tokenizer knows {most} words, the model {checkpoint.shape.vocabulary}; they do not belong "
                "together"
            )
        self.checkpoint, self.tokenizer = checkpoint, tokenizer

    @staticmethod
    def load(folder: str | PathLike[str]) -> NativeBackbone:
        """From a folder of ours or of `transformers`.

        Raises:
            UsageError: Files are missing, damaged or do not fit.
            Inexpressible: A model or a tokeniser that only torch and transformers run.
        """
        path = Path(folder)
        tokenizer = tokenizer_in(path)
        try:
            return NativeBackbone(Checkpoint.from_folder(path), tokenizer)
        except UsageError as error:
            raise error if str(path) in str(error) else type(error)(f"{path}: {error}") from error

    def save(self, folder: str | PathLike[str]) -> None:
        """Write the weights as they are, float32 or int8, and the tokeniser."""
        self.checkpoint.save(folder)
        self.tokenizer.save(folder)

    def quantise(self) -> NativeBackbone:
        """The same in int8."""
        return NativeBackbone(self.checkpoint.quantise(), self.tokenizer)

    @cached_property
    def network(self) -> Network:
        """What runs the weights."""
        return Network(self.checkpoint)

    def logits(
        self, ids: Sequence[npt.NDArray[np.uint32]], words: Sequence[list[int]] | None, threads: int
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Of each text what the language-model head gives some words, or all, at its positions, (length, words)."""
        states = self.network.transformed(ids, threads=threads)
        ends = np.cumsum([len(one) for one in ids])[:-1]
        if words is None:
            matrix = self.checkpoint.words(slice(None))
            yield from (of_text @ matrix[0].T + matrix[1] for of_text in np.split(states, ends))
            return
        for of_text, some in zip(np.split(states, ends), words, strict=True):
            rows, bias = self.checkpoint.words(some)
            yield of_text @ rows.T + bias

    @property
    def size(self) -> int:
        """|V|: the number of columns."""
        return self.checkpoint.shape.vocabulary

    @property
    def width(self) -> int:
        """Of the last layer's states."""
        return self.checkpoint.shape.width

    @property
    def longest(self) -> int:
        """Positions that the model can tell apart."""
        return self.checkpoint.shape.positions

    @property
    def has_head(self) -> bool:
        """Whether it gives weights to words."""
        return self.checkpoint.has_head

    @cached_property
    def terms(self) -> list[str]:
        """Column to word piece; columns beyond the tokeniser are ``[column N]``."""
        return column_names(self.tokenizer, self.size)

    @property
    def special(self) -> list[int]:
        """Columns of tokens that are no words: padding, mask, unknown and those around a text."""
        return self.tokenizer.special_ids

    def room(self, longest: int | None) -> int:
        """Pieces of text that fit between the special tokens."""
        return min(longest or self.longest, self.longest) - len(self.tokenizer.before) - len(self.tokenizer.after)

    def word(self, term: str) -> str:
        """How a term that begins a word is written."""
        return self.tokenizer.word(term)

    def pieces(self, texts: Sequence[str], threads: int = 1) -> list[npt.NDArray[np.uint32]]:
        """Word pieces of each text, without special tokens and of any length."""
        return self.tokenizer.encode(texts, around=False, threads=threads)

    def around(self, pieces: Pieces) -> list[npt.NDArray[np.uint32]]:
        """The special tokens put around each row of pieces."""
        before, after = (np.array(ids, np.uint32) for ids in (self.tokenizer.before, self.tokenizer.after))
        return [np.concatenate([before, row, after]) for row in pieces]


def column_names(tokenizer: WordPiece | LibraryTokenizer, size: int) -> list[str]:
    """Column to word piece of ``size`` columns; those beyond the tokeniser are ``[column N]``."""
    terms = [f"[column {column}]" for column in range(size)]
    for piece, column in tokenizer.vocabulary.items():
        terms[column] = piece
    return terms
