"""The layout of sentence-transformers' SparseEncoder, as 5.0 to 6.x write it.

``modules.json`` names a transformer and a SpladePooling, or a Router with modules for queries and for documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.layouts.files import read_arrays, read_json
from gossamer.retrieval.encoders.parts import HeadParts, Limits, Norm, Parts, Repeats, SideParts

MODULES, ROUTER = "modules.json", "router_config.json"
NORMS: Mapping[str, Norm] = {"relu": "log1p", "log1p_relu": "log1p_log1p"}
_AS_TRAINED = {"special_positions": True, "special_columns": True}  # what SpladePooling does


def fits(folder: Path) -> bool:
    """Is it this layout?"""
    return (folder / MODULES).exists()


def read(folder: Path) -> Parts:
    """Read a folder.

    Raises:
        UsageError: A module that no sparse encoder of ours has, or a file that is missing or does not fit.
    """
    modules = [(_class(one["type"]), folder / one.get("path", "")) for one in read_json(folder / MODULES)]
    if [name for name, _ in modules] == ["Router"]:
        at = modules[0][1]
        config = read_json(at / ROUTER)
        routes = {
            route: [(_class(config["types"][name]), at / name) for name in names]
            for route, names in config["structure"].items()
        }
    else:
        routes = {"query": modules, "document": modules}
    missing = {"query", "document"} - set(routes)
    if missing:
        raise UsageError(f"{folder / ROUTER}: no modules for {' and '.join(sorted(missing))}")
    document = _side(folder, routes["document"], "max", None)
    query = _side(folder, routes["query"], "sum", document.network)
    return Parts(query, document, one_head=routes["query"] == routes["document"])


def _side(folder: Path, modules: list[tuple[str, Path]], repeats: Repeats, other: Path | None) -> SideParts:
    names = [name for name, _ in modules]
    if names == ["SparseStaticEmbedding"]:
        if other is None:
            raise UsageError(f"{folder}: a static table for documents; an encoder needs a network on one side")
        return static(modules[0][1], other, repeats, Limits(special_columns=True))
    if names not in (["Transformer", "SpladePooling"], ["MLMTransformer", "SpladePooling"]):
        raise UsageError(
            f"{folder}: modules {', '.join(names)}; a sparse encoder has a transformer and a SpladePooling, or a "
            "SparseStaticEmbedding"
        )
    at, config = modules[0][1], read_json(modules[1][1] / "config.json")
    norm = NORMS.get(config.get("activation_function", "relu"))
    if norm is None:
        raise UsageError(f"{modules[1][1]}: activation {config['activation_function']!r} is unknown")
    head = HeadParts("mlm", norm=norm, pool=config.get("pooling_strategy", "max"))
    return SideParts(at, head, repeats, Limits(longest=_longest(at), **_AS_TRAINED))


def static(folder: Path, network: Path, repeats: Repeats, limits: Limits, *, named: bool = False) -> SideParts:
    """A side that weighs words by a table: the array in ``model.safetensors``, or the ``named`` ones of ``idf.json``.

    Raises:
        UsageError: Neither is there, or it is no table.
    """
    path, head = folder / "model.safetensors", HeadParts("static")
    if named or not path.exists():
        return SideParts(network, head, repeats, limits, by_word=_weights(folder / "idf.json"))
    arrays = read_arrays(path)
    if "weight" not in arrays:
        raise UsageError(f"{path}: not a table of weights: it holds {', '.join(arrays) or 'nothing'}")
    return SideParts(network, head, repeats, limits, {"table": arrays["weight"]})


def _weights(path: Path) -> dict[str, float]:
    found: Any = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(one, (int, float)) for one in found.values()):
        raise UsageError(f"{path}: not a table of weights, which is {{word: number}}")
    return {str(word): float(weight) for word, weight in found.items()}


def _longest(folder: Path) -> int | None:
    config = folder / "sentence_bert_config.json"
    found = read_json(config).get("max_seq_length") if config.exists() else None
    if found is None and (folder / "tokenizer_config.json").exists():
        found = read_json(folder / "tokenizer_config.json").get("model_max_length")
    return int(found) if found and found < 1 << 30 else None  # transformers writes 1e30 for "no limit"


def _class(name: str) -> str:
    """The class of a module; releases have moved it from one module to another."""
    return name.rpartition(".")[2]
