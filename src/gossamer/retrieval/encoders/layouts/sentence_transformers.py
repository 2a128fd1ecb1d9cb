"""The layout of sentence-transformers' SparseEncoder: read as 5.0 to 6.x write it, written as 6.2 does.

``modules.json`` names a transformer and a SpladePooling, or a Router with modules for queries and for documents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import heads
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.learned import LearnedEncoder, Limits, Side

MODULES, ROUTER = "modules.json", "router_config.json"
_AS_TRAINED = {"special_positions": True, "special_columns": True}  # what SpladePooling and the static table do
_NORMS: Mapping[str, heads.Norm] = {"relu": "log1p", "log1p_relu": "log1p_log1p"}
_ROOT = "sentence_transformers."
_TYPES = {
    "Transformer": _ROOT + "base.modules.transformer.Transformer",
    "SpladePooling": _ROOT + "sparse_encoder.modules.splade_pooling.SpladePooling",
    "SparseStaticEmbedding": _ROOT + "sparse_encoder.modules.sparse_static_embedding.SparseStaticEmbedding",
    "Router": _ROOT + "base.modules.router.Router",
}


def fits(folder: Path) -> bool:
    """Is it this layout?"""
    return (folder / MODULES).exists()


def load(folder: Path) -> LearnedEncoder:
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
    if routes["query"] == routes["document"]:
        return LearnedEncoder(Side(document.backbone, document.head, "sum", document.limits), document)
    return LearnedEncoder(_side(folder, routes["query"], "sum", document.backbone), document)


def _side(folder: Path, modules: list[tuple[str, Path]], repeats: heads.Repeats, other: Backbone | None) -> Side:
    names = [name for name, _ in modules]
    if names == ["SparseStaticEmbedding"]:
        if other is None:
            raise UsageError(f"{folder}: a static table for documents; an encoder needs a network on one side")
        return Side(other, heads.Static(table(modules[0][1], other)), repeats, Limits(special_columns=True))
    if names not in (["Transformer", "SpladePooling"], ["MLMTransformer", "SpladePooling"]):
        raise UsageError(
            f"{folder}: modules {', '.join(names)}; a sparse encoder has a transformer and a SpladePooling, or a "
            "SparseStaticEmbedding"
        )
    at, config = modules[0][1], read_json(modules[1][1] / "config.json")
    norm = _NORMS.get(config.get("activation_function", "relu"))
    if norm is None:
        raise UsageError(f"{modules[1][1]}: activation {config['activation_function']!r} is unknown")
    head = heads.Mlm(heads.Curve("relu", norm), config.get("pooling_strategy", "max"))
    return Side(Backbone.load(at), head, repeats, Limits(longest=_longest(at), **_AS_TRAINED))


def table(folder: Path, backbone: Backbone, *, named: bool = False) -> torch.Tensor:
    """A static table's weights, one for each word of the vocabulary; from ``idf.json`` if they are ``named``.

    Raises:
        UsageError: Neither is there, or it does not fit the vocabulary.
    """
    path = folder / "model.safetensors"
    try:
        found = _named(folder / "idf.json", backbone) if named or not path.exists() else load_file(path)["weight"]
    except (SafetensorError, KeyError) as error:
        raise UsageError(f"{path}: not a table of weights: {error}") from error
    if len(found) > backbone.size:
        raise UsageError(f"{folder}: weights for {len(found)} words, and the vocabulary has {backbone.size}")
    whole = torch.zeros(backbone.size)
    whole[: len(found)] = found.float()
    if not bool(torch.isfinite(whole).all()):
        raise UsageError(f"{folder}: weights that are not finite numbers; the file is damaged")
    return whole


def _named(path: Path, backbone: Backbone) -> torch.Tensor:
    columns = backbone.tokenizer.get_vocab()
    found = torch.zeros(backbone.size)
    for term, weight in read_json(path).items():
        if term in columns:
            found[columns[term]] = weight
    return found


def _longest(folder: Path) -> int | None:
    config = folder / "sentence_bert_config.json"
    found = read_json(config).get("max_seq_length") if config.exists() else None
    if found is None and (folder / "tokenizer_config.json").exists():
        found = read_json(folder / "tokenizer_config.json").get("model_max_length")
    return int(found) if found and found < 1 << 30 else None  # transformers writes 1e30 for "no limit"


def _class(name: str) -> str:
    """The class of a module; releases have moved it from one module to another."""
    return name.rpartition(".")[2]


def read_json(path: Path) -> Any:
    """The values of a JSON file.

    Raises:
        UsageError: It is missing, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: not found; the encoder's folder is incomplete") from None
    except (ValueError, OSError) as error:
        raise UsageError(f"{path}: not readable as JSON: {error}") from error


def save(encoder: LearnedEncoder, folder: Path) -> list[str]:
    """Write what the layout can express of an encoder; what it cannot, in words."""
    query, document = encoder.query, encoder.document
    one = query.backbone is document.backbone and query.head is document.head
    if not isinstance(document.head, heads.Mlm):
        return [
            f"sentence-transformers has no {type(document.head).__name__} head for documents; only gossamer reads this"
        ]
    said = _unsaid("documents", document)
    if encoder.expander is not None:
        said.append("sentence-transformers does not lengthen documents before it encodes them; this encoder does")
    if one:
        _save_network(document, folder, folder / "1_SpladePooling")
        modules = [("0", "", "Transformer"), ("1", "1_SpladePooling", "SpladePooling")]
    elif isinstance(query.head, (heads.Static, heads.Binary, heads.Mlm)):
        said += _unsaid("queries", query)
        _save_router(query, document, folder)
        modules = [("0", "", "Router")]
    else:
        said.append(
            f"sentence-transformers has no {type(query.head).__name__} head for queries: it encodes them as documents"
        )
        _save_network(document, folder, folder / "1_SpladePooling")
        modules = [("0", "", "Transformer"), ("1", "1_SpladePooling", "SpladePooling")]
    _write(
        folder / MODULES,
        [
            {"idx": at, "name": name, "path": path, "type": _TYPES[kind]}
            for at, (name, path, kind) in enumerate(modules)
        ],
    )
    _write(
        folder / "config_sentence_transformers.json",
        {
            "__version__": {}, "default_prompt_name": None, "model_type": "SparseEncoder",
            "prompts": {"document": "", "query": ""}, "similarity_fn_name": "dot",
        },
    )  # fmt: skip
    return said


def _save_router(query: Side, document: Side, folder: Path) -> None:
    names = ["query_0_Transformer", "query_1_SpladePooling"]
    if isinstance(query.head, (heads.Static, heads.Binary)):
        names = ["query_0_SparseStaticEmbedding"]
        at = folder / names[0]
        at.mkdir(exist_ok=True)
        save_file({"weight": query.head.weights(query.backbone.size)}, at / "model.safetensors")
        _write(at / "config.json", {"frozen": not any(one.requires_grad for one in query.head.parameters())})
        query.backbone.tokenizer.save_pretrained(at)
    else:
        _save_network(query, folder / names[0], folder / names[1])
    of_document = ["document_0_Transformer", "document_1_SpladePooling"]
    _save_network(document, folder / of_document[0], folder / of_document[1])
    _write(
        folder / ROUTER,
        {
            "types": {name: _TYPES[name.rpartition("_")[2]] for name in [*names, *of_document]},
            "structure": {"query": names, "document": of_document},
            "parameters": {"default_route": "document", "allow_empty_key": True, "route_mappings": {}},
        },
    )


def _save_network(side: Side, network: Path, pooling: Path) -> None:
    assert isinstance(side.head, heads.Mlm)
    network.mkdir(exist_ok=True)
    pooling.mkdir(exist_ok=True)
    side.backbone.save(network)
    _write(
        network / "sentence_bert_config.json",
        {
            "transformer_task": "fill-mask",
            "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
            "module_output_name": "token_embeddings",
            **({"max_seq_length": side.limits.longest} if side.limits.longest else {}),
        },
    )
    norms = {norm: name for name, norm in _NORMS.items()}
    _write(
        pooling / "config.json",
        {
            "pooling_strategy": side.head.pool,
            "activation_function": norms.get(side.head.curve.norm, "relu"),
            "embedding_dimension": side.backbone.size,
        },
    )


def _unsaid(name: str, side: Side) -> list[str]:
    """What the layout has no word for."""
    limits, said = side.limits, []
    if isinstance(side.head, heads.Mlm):
        if not (limits.special_positions and limits.special_columns):
            said.append(f"sentence-transformers lets special tokens count in {name}; this encoder does not")
        if side.head.curve.activation != "relu" or side.head.curve.norm not in _NORMS.values():
            said.append(f"sentence-transformers has no {side.head.curve.activation}/{side.head.curve.norm} for {name}")
        if side.head.quality is not None:
            said.append(f"sentence-transformers leaves out the importance of positions and the quality of {name}")
    elif isinstance(side.head, heads.Static) and side.head.counts:
        said.append(f"sentence-transformers counts a repeated word of {name} once")
    if limits.top_k is not None or limits.prune:
        said.append(f"sentence-transformers keeps all weights of {name}; this encoder drops the small ones")
    return said


def _write(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
