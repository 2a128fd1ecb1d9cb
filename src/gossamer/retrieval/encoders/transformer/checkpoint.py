"""The weights of a BERT-like encoder under one set of names, in float32 or int8, checked before anything runs on them.

Reads the arrays of `transformers` checkpoints (BERT with or without its language-model head, DistilBERT, MiniLM), by
their names. int8 is symmetric: a weight is code x scale, with one float16 scale a row; biases, norms and positions stay
float32. Dettmers et al., "LLM.int8()" (2022), without its outliers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.parts import Inexpressible
from gossamer.retrieval.encoders.transformer import names

FORMAT = 1
WEIGHTS, CONFIG = "transformer.safetensors", "transformer.json"
_LARGEST_CODE = 127
_WORDS = ("embeddings.words", "head.words")  # the head's transform is small, and its errors reach every word
_SIZES = ("layers", "width", "heads", "inner", "vocabulary", "positions")

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an encoder.

    Args:
        layers, width, heads, inner: Layers; states' width; attention heads, which divide it; feed-forward width.
        vocabulary: Ids.
        positions: The most ids of a text.
        epsilon: Of layer normalisation.
        activation: ``"gelu"`` (by erf) or ``"relu"``.
    """

    layers: int
    width: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    epsilon: float = 1e-12
    activation: str = "gelu"

    def __post_init__(self) -> None:
        for name in _SIZES:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < (name != "layers"):
                raise UsageError(f"the model's {name} is {value!r}, which is no size")
        if self.width % self.heads:
            raise UsageError(f"the model's width {self.width} is not a multiple of its {self.heads} heads")
        if self.activation not in ("gelu", "relu"):
            raise Inexpressible(f"activation {self.activation!r} is not supported without torch; gelu and relu are")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Shape:
        """From the ``config.json`` of `transformers`, of BERT or of DistilBERT.

        Raises:
            UsageError: A size is missing or wrong, or the model is of another kind.
        """
        settings = names.settings_of(config)
        missing = [theirs for ours, theirs in settings.items() if theirs not in config and ours in _SIZES]
        if missing:
            raise UsageError(f"the model's config lacks {', '.join(missing)}")
        return cls(**{ours: config[theirs] for ours, theirs in settings.items() if theirs in config})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Arrays and sizes of an encoder.

    Args:
        shape: Its sizes.
        arrays: By our names; ``NAME.weight`` is int8 where there is ``NAME.scale``.

    Raises:
        UsageError: An array is missing, has another shape or holds NaN; the message names it.
    """

    shape: Shape
    arrays: Arrays

    def __post_init__(self) -> None:
        for name, shape in _expected(self.shape, self.has_head, "head.words.weight" in self.arrays):
            self._check(name, shape)

    @property
    def has_head(self) -> bool:
        """Whether it gives weights to the words of its vocabulary."""
        return "head.words.bias" in self.arrays

    @property
    def rounded(self) -> bool:
        """Whether its weights are int8."""
        return "embeddings.words.scale" in self.arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.ArrayLike], config: Mapping[str, Any]) -> Checkpoint:
        """From what a checkpoint of `transformers` holds, by its names.

        Args:
            arrays: Name to array, as ``safetensors.numpy.load_file`` gives them.
            config: Its ``config.json``.

        Raises:
            UsageError: An array is missing, has another shape or holds NaN, or the model is of another kind.
        """
        shape = Shape.from_config(config)
        found = names.arrays_of(arrays, config, shape.layers)
        made = {name: np.ascontiguousarray(array, np.float32) for name, array in found}
        if "head.words.bias" not in made:  # an encoder alone, whatever else the file holds
            made = {name: array for name, array in made.items() if not name.startswith("head.")}
        elif np.array_equal(made.get("head.words.weight", ()), made.get("embeddings.words.weight", ())):
            del made["head.words.weight"]
        return cls(shape, made)

    @classmethod
    def from_folder(cls, folder: str | PathLike[str]) -> Checkpoint:
        """From a folder of ours, or one of `transformers` with its weights in safetensors.

        Raises:
            UsageError: Files are missing, damaged or do not fit.
            Inexpressible: Weights in another kind of file, or a model of another kind.
        """
        path = Path(folder)
        if (path / CONFIG).exists():
            return cls.load(path)
        files = sorted(path.glob("model*.safetensors"))
        if not files:
            if any(path.glob("pytorch_model*.bin")):
                raise Inexpressible(f"{path}: weights in pytorch_model.bin, which only torch reads")
            raise UsageError(f"{path}: no weights; looked for model.safetensors")
        arrays: Arrays = {}
        for file in files:
            arrays |= _read_arrays(file)
        try:
            config = json.loads((path / "config.json").read_text(encoding="utf-8"))
            return cls.from_arrays(arrays, config)
        except (UsageError, OSError, ValueError, TypeError) as error:
            kind = Inexpressible if isinstance(error, Inexpressible) else UsageError
            raise kind(f"{path}: not a model that can be loaded: {error}") from error

    def quantise(self, *, layers: bool = True) -> Checkpoint:
        """The same in int8: a quarter of the size, and of the time where the processor multiplies int8.

        Args:
            layers: Whether the layers are int8 too, or the words alone. In a small model the words are most of the
                size and of the time, and without int8 layers the error is about half.
        """
        made: Arrays = {}
        for name, array in self.arrays.items():
            of, part = name.rsplit(".", 1)
            if part != "weight" or array.dtype == np.int8 or not (of in _WORDS or (layers and _is_map(of))):
                made[name] = array
                continue
            made[name], made[f"{of}.scale"] = _round_rows(array, name)
        return Checkpoint(self.shape, made)

    def head_alone(self) -> Checkpoint:
        """The same without its layers: what makes weights of states that come from elsewhere."""
        arrays = {name: array for name, array in self.arrays.items() if not name.startswith("layers.")}
        return Checkpoint(replace(self.shape, layers=0), arrays)

    def words(self, words: list[int] | slice) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What a language-model head multiplies with transformed states for some words, and what it adds.

        Args:
            words: Ids.

        Returns:
            Shapes ``(words, width)`` and ``(words,)``.
        """
        name = "head.words" if "head.words.weight" in self.arrays else "embeddings.words"
        rows = self.arrays[f"{name}.weight"][words].astype(np.float32, copy=False)
        if f"{name}.scale" in self.arrays:
            rows = rows * self.arrays[f"{name}.scale"][words].astype(np.float32)[:, None]
        return rows, self.arrays["head.words.bias"][words]

    def to_bert(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[np.float32]]]:
        """The settings and float32 arrays of `transformers`' ``BertForMaskedLM``, without a head if there is none."""
        config = {
            theirs: getattr(self.shape, ours) for ours, theirs in names.settings_of({"model_type": "bert"}).items()
        }
        found = {name: array for name, array in self.arrays.items() if not name.endswith(".scale")}
        for name, array in found.items():
            if array.dtype == np.int8:
                found[name] = array * self.arrays[name.removesuffix("weight") + "scale"].astype(np.float32)[:, None]
        found.setdefault("embeddings.types.weight", np.zeros((1, self.shape.width), np.float32))
        if self.has_head:
            found.setdefault("head.words.weight", found["embeddings.words.weight"])
        config |= {
            "type_vocab_size": len(found["embeddings.types.weight"]),
            "tie_word_embeddings": "head.words.weight" not in self.arrays,
        }
        return config, {names.of_bert(name): array for name, array in found.items()}

    def save(self, directory: str | PathLike[str]) -> None:
        """Write it to a directory (made if missing): ``transformer.safetensors`` and ``transformer.json``."""
        from safetensors.numpy import save_file

        path = Path(directory)
        path.mkdir(parents=True, exist_ok=True)
        save_file(self.arrays, path / WEIGHTS)
        settings = {"format": FORMAT, "shape": asdict(self.shape)}
        (path / CONFIG).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: str | PathLike[str]) -> Checkpoint:
        """What :meth:`save` wrote.

        Raises:
            UsageError: A file is missing or not ours, or the format is newer.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = Path(directory)
        try:
            settings = json.loads((path / CONFIG).read_text(encoding="utf-8"))
            if settings["format"] > FORMAT:
                raise UsageError(
                    f"{path / CONFIG}: format {settings['format']}; this gossamer reads up to {FORMAT}. "
                    "Upgrade gossamer."
                )
            return cls(Shape(**settings["shape"]), load_file(path / WEIGHTS))
        except UsageError:
            raise
        except FileNotFoundError as error:
            raise UsageError(
                f"{error.filename or path / WEIGHTS}: not found; an encoder has {WEIGHTS} and {CONFIG}"
            ) from None
        except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
            raise UsageError(f"{path}: not an encoder that gossamer saved: {error}") from error

    def _check(self, name: str, shape: tuple[int, ...]) -> None:
        array = self.arrays.get(name)
        if array is None:
            raise UsageError(f"the checkpoint lacks {name}, of shape {shape}")
        if array.shape != shape:
            raise UsageError(f"{name} has shape {array.shape}; the config makes it {shape}")
        scale = self.arrays.get(name.removesuffix("weight") + "scale") if name.endswith(".weight") else None
        if scale is None:
            kinds: tuple[Any, ...] = (np.float32,)
        else:
            kinds = (np.int8,)
            if scale.dtype != np.float16 or scale.shape != shape[:1] or not np.isfinite(scale).all():
                raise UsageError(f"{name} is int8, and its scales are not {shape[0]} finite float16 numbers")
        if array.dtype not in kinds:
            raise UsageError(f"{name} is {array.dtype}; float32, or int8 with scales, is expected")
        if array.dtype == np.float32 and not np.isfinite(array).all():
            row = np.argwhere(~np.isfinite(array))[0].tolist()
            raise UsageError(
                f"{name} holds {array[tuple(row)]} at {row}: the checkpoint is damaged or its training diverged"
            )


def _read_arrays(path: Path) -> Arrays:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            stored = list(file.keys())
            for name in stored:
                kind = file.get_slice(name).get_dtype()
                if kind not in ("F32", "F16", "F64", "I64", "I32", "I8", "BOOL", "U8"):
                    raise Inexpressible(f"{path}: {name} is {kind}, which numpy does not have")
            return {name: file.get_tensor(name) for name in stored}
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{path}: not a model that can be loaded: {error}") from error


def _expected(shape: Shape, head: bool, untied: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of what must be there."""
    width, inner = shape.width, shape.inner
    yield "embeddings.words.weight", (shape.vocabulary, width)
    yield "embeddings.positions.weight", (shape.positions, width)
    outputs: dict[str, tuple[int, ...]] = {"embeddings.norm": (width,)}
    for i in range(shape.layers):
        for name in ("query", "key", "value", "attention"):
            outputs[f"layers.{i}.{name}"] = (width, width)
        outputs |= {f"layers.{i}.up": (inner, width), f"layers.{i}.down": (width, inner)}
        outputs |= {f"layers.{i}.attention_norm": (width,), f"layers.{i}.output_norm": (width,)}
    if head:
        outputs |= {"head.transform": (width, width), "head.norm": (width,)}
        yield "head.words.bias", (shape.vocabulary,)
    if untied:
        yield "head.words.weight", (shape.vocabulary, width)
    for name, sizes in outputs.items():
        yield f"{name}.weight", sizes
        yield f"{name}.bias", sizes[:1]


def _is_map(name: str) -> bool:
    return name.startswith("layers.") and not name.endswith("norm")


def _round_rows(array: npt.NDArray[np.float32], name: str) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float16]]:
    largest = np.abs(array).max(axis=1, initial=0)
    with np.errstate(over="ignore"):
        scale = (largest / _LARGEST_CODE).astype(np.float16)
        # A scale that was rounded down would cut the largest weight.
        scale = np.where(
            scale.astype(np.float32) * _LARGEST_CODE < largest, np.nextafter(scale, np.float16(np.inf)), scale
        )
    if not np.isfinite(scale).all():
        raise UsageError(f"{name} has weights above 8 million, which int8 with float16 scales cannot hold")
    steps = np.where(scale > 0, scale.astype(np.float32), 1)
    return np.rint(array / steps[:, None]).astype(np.int8), scale.astype(np.float16)
