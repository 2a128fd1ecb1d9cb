"""Between a folder's parts and the encoder that torch runs: the only module of the layouts that imports it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import expansion, heads, onnx_graph
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.layouts import ours, sentence_transformers_writer
from gossamer.retrieval.encoders.learned import LearnedEncoder, Side
from gossamer.retrieval.encoders.parts import HeadParts, Parts, SideParts
from gossamer.retrieval.encoders.transformer.checkpoint import Checkpoint


def load(parts: Parts) -> LearnedEncoder:
    """The encoder of these parts.

    Raises:
        UsageError: Files are missing or do not fit.
    """
    networks = {folder: Backbone.load(folder) for folder in {parts.query.network, parts.document.network}}
    document = _side(parts.document, networks[parts.document.network])
    below = networks[parts.query.network]
    if parts.one_head:
        query = Side(below, document.head, parts.query.repeats, parts.query.limits)
    else:
        query = _side(parts.query, below)
    encoder = LearnedEncoder(query, document, None if parts.expander is None else expansion.load(*parts.expander))
    encoder.card, encoder.fusion_weight = dict(parts.card), parts.fusion_weight
    return encoder


def with_query(encoder: LearnedEncoder, query: SideParts) -> LearnedEncoder:
    """The same with another side of queries over the network of its documents."""
    made = LearnedEncoder(_side(query, encoder.document.backbone), encoder.document, encoder.expander)
    made.card, made.fusion_weight = encoder.card, encoder.fusion_weight
    return made


def save(encoder: LearnedEncoder, folder: Path, *, onnx: bool = False) -> list[str]:
    """Write an encoder so that sentence-transformers reads what it can of it, and we all of it.

    Args:
        encoder: Any.
        folder: Made if missing.
        onnx: Write each network as an ONNX graph, too.

    Returns:
        What sentence-transformers will do otherwise than this encoder, in words; empty when nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = sentence_transformers_writer.save(encoder, folder)
    places: dict[int, Path] = {}
    for side, name in ((encoder.document, "document"), (encoder.query, "query")):
        if id(side.backbone) not in places:
            places[id(side.backbone)] = _place(folder, side, name)
    if onnx:
        for place in places.values():
            onnx_graph.write(Checkpoint.from_folder(place), place / onnx_graph.PLACE)
    query, document = (
        SideParts(places[id(side.backbone)], _parts_of(side.head), side.repeats, side.limits, _arrays(side.head))
        for side in (encoder.query, encoder.document)
    )
    expander = None
    if encoder.expander is not None:
        expander = (encoder.expander.settings(), folder / ours.EXPANDER)
        encoder.expander.save(expander[1])
    one = encoder.query.head is encoder.document.head
    ours.write(Parts(query, document, one, encoder.card, encoder.fusion_weight, expander), folder)
    return said


def _place(folder: Path, side: Side, name: str) -> Path:
    """Where the network lies: that of sentence-transformers' layout is not written twice."""
    for place in (f"{name}_0_Transformer", "") if name == "document" else (f"{name}_0_Transformer",):
        if (folder / place / "config.json").exists() and (folder / place / "model.safetensors").exists():
            return folder / place
    side.backbone.save(folder / f"{name}_network")
    return folder / f"{name}_network"


def _parts_of(head: heads.Head) -> HeadParts:
    match head:
        case heads.Binary():
            return HeadParts("binary")
        case heads.Static():
            return HeadParts("static", learned=head.table.requires_grad, counts=head.counts)
        case heads.Mlp():
            return HeadParts("mlp", head.curve.activation, head.curve.norm)
        case heads.Mlm():
            return HeadParts("mlm", head.curve.activation, head.curve.norm, head.pool, head.quality is not None)
        case heads.ClsMlm():
            return HeadParts("cls-mlm", head.curve.activation, head.curve.norm)
    raise UsageError(f"{type(head).__name__} cannot be saved: gossamer.json has no name for it")


def _arrays(head: heads.Head) -> dict[str, np.ndarray]:
    return {name: one.detach().cpu().numpy() for name, one in head.named_parameters()}


def _side(parts: SideParts, backbone: Backbone) -> Side:
    head = _head(parts, backbone)
    if parts.weights and parts.head.head != "static":
        try:
            head.load_state_dict({name: _tensor(array) for name, array in parts.weights.items()})
        except RuntimeError as error:
            raise UsageError(f"{parts.network}: the encoder's files do not fit together: {error}") from error
    return Side(backbone, head, parts.repeats, parts.limits)


def _head(parts: SideParts, backbone: Backbone) -> heads.Head:
    settings = parts.head
    curve = heads.Curve(settings.activation, settings.norm)
    match settings.head:
        case "binary":
            return heads.Binary()
        case "static":
            columns = backbone.tokenizer.get_vocab()
            table = _tensor(parts.table(columns, backbone.size))
            return heads.Static(table, learned=settings.learned, counts=settings.counts)
        case "mlp":
            return heads.Mlp(backbone.width, curve)
        case "mlm":
            return heads.Mlm(curve, settings.pool, backbone.width if settings.quality else None)
        case "cls-mlm":
            return heads.ClsMlm(curve)
    raise UsageError(f"{parts.network}: head {settings.head!r} is unknown; a newer gossamer may know it")


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))
