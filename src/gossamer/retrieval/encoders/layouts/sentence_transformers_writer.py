"""Writes the layout of sentence-transformers' SparseEncoder, as 6.2 does."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from gossamer.retrieval.encoders import heads
from gossamer.retrieval.encoders.layouts.files import write_json
from gossamer.retrieval.encoders.layouts.sentence_transformers import MODULES, NORMS, ROUTER
from gossamer.retrieval.encoders.learned import LearnedEncoder, Side

_ROOT = "sentence_transformers."
_TYPES = {
    "Transformer": _ROOT + "base.modules.transformer.Transformer",
    "SpladePooling": _ROOT + "sparse_encoder.modules.splade_pooling.SpladePooling",
    "SparseStaticEmbedding": _ROOT + "sparse_encoder.modules.sparse_static_embedding.SparseStaticEmbedding",
    "Router": _ROOT + "base.modules.router.Router",
}


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
    write_json(
        folder / MODULES,
        [
            {"idx": at, "name": name, "path": path, "type": _TYPES[kind]}
            for at, (name, path, kind) in enumerate(modules)
        ],
    )
    write_json(
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
        write_json(at / "config.json", {"frozen": not any(one.requires_grad for one in query.head.parameters())})
        query.backbone.tokenizer.save_pretrained(at)
    else:
        _save_network(query, folder / names[0], folder / names[1])
    of_document = ["document_0_Transformer", "document_1_SpladePooling"]
    _save_network(document, folder / of_document[0], folder / of_document[1])
    write_json(
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
    write_json(
        network / "sentence_bert_config.json",
        {
            "transformer_task": "fill-mask",
            "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
            "module_output_name": "token_embeddings",
            **({"max_seq_length": side.limits.longest} if side.limits.longest else {}),
        },
    )
    norms = {norm: name for name, norm in NORMS.items()}
    write_json(
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
        if side.head.curve.activation != "relu" or side.head.curve.norm not in NORMS.values():
            said.append(f"sentence-transformers has no {side.head.curve.activation}/{side.head.curve.norm} for {name}")
        if side.head.quality is not None:
            said.append(f"sentence-transformers leaves out the importance of positions and the quality of {name}")
    elif isinstance(side.head, heads.Static) and side.head.counts:
        said.append(f"sentence-transformers counts a repeated word of {name} once")
    if limits.top_k is not None or limits.prune:
        said.append(f"sentence-transformers keeps all weights of {name}; this encoder drops the small ones")
    return said
