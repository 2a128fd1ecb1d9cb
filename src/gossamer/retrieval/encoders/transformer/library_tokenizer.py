"""Any tokeniser that the `tokenizers` package reads, where :class:`WordPiece` does not; with the same methods."""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.transformer.wordpiece import VOCABULARY, WordPiece
from gossamer.retrieval.vectors import SparseVectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def read_tokenizer(path: str | PathLike[str]) -> WordPiece | LibraryTokenizer:
    """The tokeniser in ``tokenizer.json`` or ``vocab.txt``: native if it is BERT's WordPiece, else by the package.

    Raises:
        UsageError: It is neither, or the package is not installed; the message names the part that needs it.
    """
    try:
        return WordPiece.from_file(path)
    except UsageError as error:
        if Path(path).suffix != ".json" or not Path(path).exists():
            raise
        try:
            import tokenizers
        except ModuleNotFoundError:
            raise error from None
        try:
            return LibraryTokenizer(tokenizers.Tokenizer.from_file(str(path)))
        except Exception as unread:  # the package raises bare exceptions
            raise UsageError(f"{error}; the package says: {unread}") from error


def tokenizer_in(folder: str | PathLike[str]) -> WordPiece | LibraryTokenizer:
    """The tokeniser in a folder of `transformers`, or in one of ours.

    Raises:
        UsageError: There is none, or one of another kind.
    """
    path = Path(folder)
    if (path / "tokenizer.json").exists():
        return read_tokenizer(path / "tokenizer.json")
    if (path / VOCABULARY).exists():
        return WordPiece.from_folder(path)
    raise UsageError(f"{path}: no tokenizer; looked for tokenizer.json, {VOCABULARY}")


class LibraryTokenizer:
    """Text to ids by the `tokenizers` package.

    Args:
        tokenizer: Its truncation and padding are switched off.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        added = json.loads(tokenizer.to_str()).get("added_tokens") or []
        self.special_ids: list[int] = sorted(token["id"] for token in added if token["special"])
        self.vocabulary: dict[str, int] = tokenizer.get_vocab()
        bare, whole = (self.encode(["a"], around=around)[0].tolist() for around in (False, True))
        start = next((at for at in range(len(whole) + 1) if whole[at : at + len(bare)] == bare), 0)
        self.before, self.after = whole[:start], whole[start + len(bare) :]

    @property
    def terms(self) -> list[str]:
        """Id to piece; an id that no piece has is ``[unused:ID]``."""
        terms = [f"[unused:{id_}]" for id_ in range(max(self.vocabulary.values()) + 1)]
        for piece, id_ in self.vocabulary.items():
            terms[id_] = piece
        return terms

    def word(self, piece: str) -> str:
        """How a piece that begins a word is written."""
        written: str = self._tokenizer.decode([self.vocabulary[piece]]) if piece in self.vocabulary else piece
        return written.strip()

    def save(self, directory: str | PathLike[str]) -> None:
        """Write ``tokenizer.json``."""
        self._tokenizer.save(str(Path(directory) / "tokenizer.json"))

    def encode(
        self, texts: Sequence[str], *, longest: int | None = None, around: bool = True, threads: int = 1
    ) -> list[npt.NDArray[np.uint32]]:
        """As :meth:`WordPiece.encode`; the package has its own threads."""
        if longest is not None:
            self._tokenizer.enable_truncation(longest)
        found: list[Any] = self._tokenizer.encode_batch(list(texts), add_special_tokens=around)
        self._tokenizer.no_truncation()
        return [np.array(one.ids, np.uint32) for one in found]

    def weigh(
        self, texts: Sequence[str], weights: npt.NDArray[np.float32], *, counts: bool = False, threads: int = 1
    ) -> SparseVectors:
        """As :meth:`WordPiece.weigh`."""
        found = [np.unique(ids[ids < len(weights)], return_counts=True) for ids in self.encode(texts, around=False)]
        columns = np.concatenate([np.empty(0, np.uint32), *(ids for ids, _ in found)])
        values = weights[columns]
        if counts:
            values = values * np.concatenate([np.empty(0, np.int64), *(times for _, times in found)])
        return SparseVectors(np.cumsum([0, *(len(ids) for ids, _ in found)]), columns, values, len(weights))
