"""The network below the heads: a masked language model of transformers, its vocabulary matrix taken off.

Every model of ``AutoModelForMaskedLM`` ends in a product of transformed states with a (tied) vocabulary matrix. The
product is taken out, so that a head can pool it word by word (:mod:`gossamer.retrieval.encoders.pooling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gossamer.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from gossamer.retrieval.encoders.transformer.checkpoint import Checkpoint


_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)


@dataclass(frozen=True)
class Tokens:
    """A batch of texts as word pieces; all of shape (n, length)."""

    ids: Tensor
    attention: Tensor  # 1 where the text is, 0 where it is filled up
    kept: Tensor  # 1 where a position may contribute to the vector

    def to(self, device: torch.device) -> Tokens:
        """The same on another device."""
        return Tokens(self.ids.to(device), self.attention.to(device), self.kept.to(device))


@dataclass(frozen=True)
class States:
    """What the network says of every position; both (n, length, width)."""

    hidden: Tensor  # after the last layer
    transformed: Tensor  # after the transform of the language-model head: what the vocabulary matrix multiplies


class Backbone(nn.Module):
    """A masked language model and its tokenizer.

    Args:
        model: From ``AutoModelForMaskedLM``; its output matrix is taken off and kept as :attr:`vocabulary`.
        tokenizer: Of the same vocabulary, with a padding token.

    Raises:
        UsageError: The model has no vocabulary matrix, or the tokenizer has words beyond it or nothing to pad with.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__()
        vocabulary: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
        if not isinstance(vocabulary, nn.Linear):
            raise UsageError(f"{type(model).__name__} has no masked-language-model head; a sparse encoder needs one")
        if len(tokenizer) > vocabulary.out_features:
            raise UsageError(
                f"the tokenizer knows {len(tokenizer)} words, the model {vocabulary.out_features}; they do not belong "
                "together"
            )
        if tokenizer.pad_token_id is None:
            raise UsageError("the tokenizer has no padding token; set tokenizer.pad_token first")
        self.vocabulary = vocabulary
        self._ends = _take_off(model, vocabulary)
        self.model, self.tokenizer = model, tokenizer
        self._before, self._after = _around(tokenizer)

    @staticmethod
    def load(folder: str | PathLike[str]) -> Backbone:
        """From a folder in the layout of transformers, or an id on a model hub.

        Raises:
            UsageError: No model there, or none that can be read; weights are read from safetensors only, or by
                ``torch.load(weights_only=True)``: nothing pickled is run.
        """
        from safetensors import SafetensorError
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        from gossamer.retrieval.encoders.transformer.checkpoint import CONFIG, Checkpoint

        name = str(folder)
        if Path(name).is_dir() and not any((Path(name) / one).exists() for one in _TOKENIZERS):
            raise UsageError(f"{name}: no tokenizer; looked for {', '.join(_TOKENIZERS)}")
        try:
            tokenizer = AutoTokenizer.from_pretrained(name)
            if (Path(name) / CONFIG).exists():
                return Backbone(_of_checkpoint(Checkpoint.load(name)), tokenizer)
            model, loading = AutoModelForMaskedLM.from_pretrained(name, output_loading_info=True)
        except UsageError:
            raise
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise UsageError(f"{name}: not a model that can be loaded: {_first_line(error)}") from error
        missing = sorted(key for key in loading["missing_keys"] if "position_ids" not in key)
        if missing:
            raise UsageError(f"{name}: the weights lack {', '.join(missing[:3])}" + (" and more" * (len(missing) > 3)))
        try:
            found = Backbone(model, tokenizer)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from error
        found.refuse_nan(name)
        return found

    def save(self, folder: str | PathLike[str]) -> None:
        """Write network, vocabulary matrix and tokenizer as transformers does."""
        for parent, name in self._ends:
            setattr(parent, name, self.vocabulary)
        try:
            self.model.save_pretrained(folder)
        finally:
            for parent, name in self._ends:
                setattr(parent, name, nn.Identity())
        self.tokenizer.save_pretrained(folder)

    def refuse_nan(self, where: str | Path) -> None:
        """Nothing, unless a weight is not a finite number.

        Raises:
            UsageError: Naming the tensor.
        """
        for key, tensor in self.state_dict().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise UsageError(f"{where}: {key} holds weights that are not finite numbers; the file is damaged")

    @property
    def size(self) -> int:
        """|V|: the number of columns."""
        return self.vocabulary.out_features

    @property
    def width(self) -> int:
        """Of :attr:`States.hidden`."""
        return int(self.model.config.hidden_size)

    @property
    def longest(self) -> int:
        """Positions that the model can tell apart."""
        return int(getattr(self.model.config, "max_position_embeddings", 512))

    @property
    def terms(self) -> list[str]:
        """Column to word piece; columns beyond the tokenizer are ``[column N]``."""
        names = {number: term for term, number in self.tokenizer.get_vocab().items()}
        return [names.get(column, f"[column {column}]") for column in range(self.size)]

    @property
    def special(self) -> list[int]:
        """Columns of tokens that are no words: padding, mask, unknown and those around a text."""
        return sorted({one for one in self.tokenizer.all_special_ids if one < self.size})

    def forward(self, tokens: Tokens) -> States:
        """The states of every position."""
        found: Any = self.model(input_ids=tokens.ids, attention_mask=tokens.attention, output_hidden_states=True)
        return States(found.hidden_states[-1], found.logits)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Word pieces of each text, without special tokens and of any length."""
        if not texts:
            return []
        found: list[list[int]] = self.tokenizer(
            list(texts), add_special_tokens=False, truncation=False, return_attention_mask=False, verbose=False
        )["input_ids"]
        return found

    def tokens(self, pieces: Sequence[Sequence[int]], *, special_positions: bool) -> Tokens:
        """A padded batch, the model's special tokens put around each row of pieces."""
        rows = [[*self._before, *row, *self._after] for row in pieces]
        length = max(map(len, rows), default=1)
        ids = torch.full((len(rows), length), int(self.tokenizer.pad_token_id))
        attention = torch.zeros(len(rows), length)
        kept = torch.zeros(len(rows), length)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = torch.tensor(row)
            attention[at, : len(row)] = 1
            kept[at, : len(row)] = 1
        if not special_positions:
            kept[:, : len(self._before)] = 0
            for at, row in enumerate(rows):
                kept[at, len(row) - len(self._after) : len(row)] = 0
        return Tokens(ids, attention, kept)

    def word(self, term: str) -> str:
        """How a term that begins a word is written."""
        written: str = self.tokenizer.convert_tokens_to_string([term])
        return written.strip()

    @property
    def before(self) -> int:
        """How many special tokens precede a text."""
        return len(self._before)

    @property
    def room(self) -> int:
        """Pieces of text that fit between the special tokens of the longest input."""
        return self.longest - len(self._before) - len(self._after)


def _of_checkpoint(checkpoint: Checkpoint) -> PreTrainedModel:
    """The model of a folder that the native core wrote, in float32."""
    from transformers import BertConfig, BertForMaskedLM

    settings, arrays = checkpoint.to_bert()
    model: PreTrainedModel = BertForMaskedLM(BertConfig(**settings))
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, strict=False)
    model.eval()  # type: ignore[no-untyped-call]
    return model


def _take_off(model: PreTrainedModel, vocabulary: nn.Linear) -> list[tuple[nn.Module, str]]:
    """Let the model end in the states that the vocabulary matrix would multiply; where the matrix was."""
    ends = [
        (parent, name) for parent in model.modules() for name, child in parent.named_children() if child is vocabulary
    ]
    for parent, name in ends:
        setattr(parent, name, nn.Identity())
    return ends


def _around(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    bare: list[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole: list[int] = tokenizer("a")["input_ids"]
    start = next((at for at in range(len(whole) + 1) if whole[at : at + len(bare)] == bare), 0)
    return whole[:start], whole[start + len(bare) :]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
