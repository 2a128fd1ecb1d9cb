"""WordPiece for models: text to the ids that BERT and its kin read, without the `tokenizers` package.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019). Reads the
`tokenizer.json` of an uncased or cased BERT, DistilBERT or MiniLM, or a plain `vocab.txt`. Ids equal those of the
`tokenizers` package; its tables of categories are those of Unicode 8, ours of a later version, so characters that came
after it may differ. What the file says on truncation and padding is the caller's to decide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gossamer import _native
from gossamer.errors import UsageError
from gossamer.retrieval.vectors import SparseVectors

VOCABULARY, CONFIG = "vocab.txt", "tokenizer_config.json"
_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SWITCHES = {  # of tokenizer_config.json
    "lowercase": "do_lower_case", "strip_accents": "strip_accents", "chinese": "tokenize_chinese_chars",
}  # fmt: skip
_OTHERS = "pip install 'gossamer[tokenizers]' reads any tokenizer.json"


class WordPiece:
    """Text to ids of word pieces.

    Args:
        vocabulary: Piece to id; ids are unique.
        special: Tokens of the vocabulary that are found in a text as they stand, before anything else.
        before, after: Ids put around a text, as ``[CLS]`` and ``[SEP]`` are.
        unknown: The piece that stands for a word that no pieces make up.
        prefix: What precedes a piece that continues a word.
        longest_word: In code points; a longer word is unknown.
        clean_text: Whether control characters are dropped.
        chinese: Whether each ideograph is a word.
        strip_accents: Whether letters lose their accents; None = as `lowercase`.
        lowercase: Whether letters are lower-cased.

    Raises:
        UsageError: A token is missing in the vocabulary, or two have one id.

    Example:
        >>> pieces = WordPiece({"[UNK]": 0, "wing": 1, "##s": 2})
        >>> [ids.tolist() for ids in pieces.encode(["Wings", "lift"])]
        [[1, 2], [0]]
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        *,
        special: Sequence[str] = (),
        before: Sequence[int] = (),
        after: Sequence[int] = (),
        unknown: str = "[UNK]",
        prefix: str = "##",
        longest_word: int = 100,
        clean_text: bool = True,
        chinese: bool = True,
        strip_accents: bool | None = None,
        lowercase: bool = True,
    ) -> None:
        for token in (unknown, *special):
            if token not in vocabulary:
                raise UsageError(f"the vocabulary lacks {token!r}")
        ids = set(vocabulary.values())
        if len(ids) != len(vocabulary) or min(ids) < 0 or max(ids) >= 1 << 31:
            raise UsageError("the vocabulary gives one id to two pieces, or an id below 0 or above 2^31")
        self.vocabulary = dict(vocabulary)
        self.special = list(special)
        self.before, self.after = list(before), list(after)
        options = {
            "vocabulary": list(vocabulary.items()), "special": [(token, vocabulary[token]) for token in special],
            "prefix": prefix, "unknown": vocabulary[unknown], "longest_word": longest_word, "clean": clean_text,
            "chinese": chinese, "strip": lowercase if strip_accents is None else strip_accents, "lower": lowercase,
        }  # fmt: skip
        self._native = _native.WordPiece(options)
        self._options = {name: value for name, value in options.items() if name not in ("vocabulary", "special")}

    @property
    def terms(self) -> list[str]:
        """Id to piece; an id that no piece has is ``[unused:ID]``."""
        terms = [f"[unused:{id_}]" for id_ in range(max(self.vocabulary.values()) + 1)]
        for piece, id_ in self.vocabulary.items():
            terms[id_] = piece
        return terms

    def word(self, piece: str) -> str:
        """How a piece that begins a word is written."""
        return piece

    @property
    def special_ids(self) -> list[int]:
        """The ids of the special tokens, ascending."""
        return sorted(self.vocabulary[token] for token in self.special)

    def encode(
        self, texts: Sequence[str], *, longest: int | None = None, around: bool = True, threads: int = 1
    ) -> list[npt.NDArray[np.uint32]]:
        """The ids of every text.

        Args:
            texts: Any texts.
            longest: Most ids of a text, those around it counted; what is beyond is left out.
            around: Whether `before` and `after` go around each text.
            threads: How many texts are read at a time.
        """
        before, after = (self.before, self.after) if around else ([], [])
        indptr, ids = self._native.encode(list(texts), before, after, _longest(longest), threads)
        return [ids[start:stop] for start, stop in pairwise(indptr.tolist())]

    def weigh(
        self, texts: Sequence[str], weights: npt.NDArray[np.float32], *, counts: bool = False, threads: int = 1
    ) -> SparseVectors:
        """Each different piece of a text with its weight: the query side of inference-free models.

        Geng et al., "Towards Competitive Search Relevance For Inference-Free Learned Sparse Retrievers" (2024).

        Args:
            texts: Queries.
            weights: By id, finite, such as idf; pieces of weight 0, as special tokens have, are left out.
            counts: Whether a piece weighs so many times what it occurs, or once.
            threads: How many texts are read at a time.

        Returns:
            Shape ``(len(texts), len(weights))``.
        """
        arrays = self._native.weigh(list(texts), np.ascontiguousarray(weights, np.float32), counts, threads)
        return SparseVectors.trusted(*arrays, len(weights))

    @classmethod
    def from_file(cls, path: str | PathLike[str], **settings: Any) -> WordPiece:
        """The tokeniser in ``tokenizer.json``, or of an uncased BERT with the pieces in ``vocab.txt``, one a line.

        Args:
            path: The file.
            settings: For ``vocab.txt``: arguments of the class, such as ``lowercase=False`` for a cased model.

        Raises:
            UsageError: It is no such file, or a tokeniser of another kind; the message names the part.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: cannot be read: {error}") from error
        if file.suffix != ".json":
            return cls._from_lines(text, file, settings)
        try:
            return cls.from_json(json.loads(text))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            what = error if isinstance(error, ValueError) else f"not a tokenizer.json ({type(error).__name__}: {error})"
            raise UsageError(f"{file}: {what}") from error

    @classmethod
    def from_folder(cls, folder: str | PathLike[str]) -> WordPiece:
        """The tokeniser of a BERT in ``vocab.txt``, with the switches of ``tokenizer_config.json`` if that is there.

        Raises:
            UsageError: A file is missing or is another thing.
        """
        path = Path(folder)
        try:
            config = json.loads((path / CONFIG).read_text(encoding="utf-8")) if (path / CONFIG).exists() else {}
            settings = {ours: config[theirs] for ours, theirs in _SWITCHES.items() if theirs in config}
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{path / CONFIG}: not readable as JSON: {error}") from error
        return cls.from_file(path / VOCABULARY, **settings)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``vocab.txt`` and ``tokenizer_config.json``, or ``tokenizer.json`` where those cannot say all."""
        path = Path(folder)
        pieces = self.terms
        plain = (
            sorted(self.vocabulary.values()) == list(range(len(pieces)))
            and not any("\n" in piece or "\r" in piece for piece in pieces)
            and sorted(self.special) == sorted(_BERT_SPECIAL)
            and [pieces[id_] for id_ in (*self.before, *self.after)] == ["[CLS]", "[SEP]"]
            and (self._options["unknown"], self._options["prefix"]) == (self.vocabulary["[UNK]"], "##")
            and (self._options["longest_word"], self._options["clean"]) == (100, True)
        )
        if not plain:
            text = json.dumps(self._to_json(), ensure_ascii=False, separators=(",", ":"))
            (path / "tokenizer.json").write_text(text, encoding="utf-8")
            named = {f"{token.strip('[]').lower()}_token": token for token in _BERT_SPECIAL if token in self.special}
            self._write_config(path, {"tokenizer_class": "PreTrainedTokenizerFast", **named})
            return
        (path / VOCABULARY).write_text("\n".join(pieces) + "\n", encoding="utf-8", newline="\n")
        ours = {"lowercase": "lower", "strip_accents": "strip", "chinese": "chinese"}
        settings = {theirs: self._options[ours[name]] for name, theirs in _SWITCHES.items()}
        self._write_config(path, {"tokenizer_class": "BertTokenizer", **settings})

    @staticmethod
    def _write_config(path: Path, settings: Mapping[str, Any]) -> None:
        (path / CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    def _to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        options: Any = self._options
        pieces = self.terms
        part = lambda id_: {"SpecialToken": {"id": pieces[id_], "type_id": 0}}  # noqa: E731
        return {
            "version": "1.0",
            "added_tokens": [
                {
                    "id": self.vocabulary[token], "content": token, "single_word": False, "lstrip": False,
                    "rstrip": False, "normalized": False, "special": True,
                }
                for token in self.special
            ],
            "normalizer": {
                "type": "BertNormalizer", "clean_text": options["clean"], "handle_chinese_chars": options["chinese"],
                "strip_accents": options["strip"], "lowercase": options["lower"],
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [
                    *map(part, self.before), {"Sequence": {"id": "A", "type_id": 0}}, *map(part, self.after),
                ],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {
                    pieces[id_]: {"id": pieces[id_], "ids": [id_], "tokens": [pieces[id_]]}
                    for id_ in (*self.before, *self.after)
                },
            },
            "model": {
                "type": "WordPiece", "unk_token": pieces[options["unknown"]],
                "continuing_subword_prefix": options["prefix"], "max_input_chars_per_word": options["longest_word"],
                "vocab": self.vocabulary,
            },
        }  # fmt: skip

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> WordPiece:
        """The tokeniser that a parsed ``tokenizer.json`` describes.

        Raises:
            UsageError: A part is not BERT's; the message names it.
        """
        model, normaliser = settings["model"], settings["normalizer"]
        for part, kind in (
            ("model", "WordPiece"),
            ("normalizer", "BertNormalizer"),
            ("pre_tokenizer", "BertPreTokenizer"),
        ):
            found = (settings[part] or {}).get("type")
            if found != kind:
                raise UsageError(f"{part} is {found}, and only {kind} is read without a package; {_OTHERS}")
        vocabulary = dict(model["vocab"])
        special = [_special(token, vocabulary) for token in settings.get("added_tokens", ())]
        before, after = _around(settings.get("post_processor"), vocabulary)
        return cls(
            vocabulary, special=special, before=before, after=after, unknown=model["unk_token"],
            prefix=model["continuing_subword_prefix"], longest_word=model["max_input_chars_per_word"],
            clean_text=normaliser["clean_text"], chinese=normaliser["handle_chinese_chars"],
            strip_accents=normaliser["strip_accents"], lowercase=normaliser["lowercase"],
        )  # fmt: skip

    @classmethod
    def _from_lines(cls, text: str, file: Path, settings: Mapping[str, Any]) -> WordPiece:
        pieces = text.removesuffix("\n").split("\n")
        vocabulary = {piece.rstrip("\r"): id_ for id_, piece in enumerate(pieces)}
        missing = [token for token in _BERT_SPECIAL if token not in vocabulary]
        if missing:
            raise UsageError(f"{file}: not a vocabulary of BERT: it lacks {', '.join(missing)}")
        around = {"before": [vocabulary["[CLS]"]], "after": [vocabulary["[SEP]"]]}
        return cls(vocabulary, special=_BERT_SPECIAL, **{**around, **settings})


def _longest(longest: int | None) -> int:
    return (1 << 62) if longest is None else longest


def _special(token: Mapping[str, Any], vocabulary: dict[str, int]) -> str:
    """The text of an added token, which `vocabulary` then has. White space that it takes in gives no ids anyway."""
    content: str = token["content"]
    if token.get("normalized") or token.get("single_word"):
        flag = "normalized" if token.get("normalized") else "single_word"
        raise UsageError(f"added token {content!r} is {flag}, which is not supported; {_OTHERS}")
    vocabulary[content] = token["id"]
    return content


def _around(processor: Mapping[str, Any] | None, vocabulary: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """The ids before and after a text."""
    if processor is None:
        return [], []
    if processor["type"] == "BertProcessing":
        return [processor["cls"][1]], [processor["sep"][1]]
    if processor["type"] != "TemplateProcessing":
        raise UsageError(
            f"post_processor is {processor['type']}, and only TemplateProcessing and BertProcessing are read without a "
            f"package; {_OTHERS}"
        )
    before: list[int] = []
    after: list[int] = []
    seen = 0
    for part in processor["single"]:
        if "Sequence" in part:
            seen += 1
        else:
            name = part["SpecialToken"]["id"]
            (after if seen else before).extend(processor["special_tokens"][name]["ids"])
    if seen != 1:
        raise UsageError(f"post_processor repeats the text {seen} times, which is not supported; {_OTHERS}")
    return before, after
