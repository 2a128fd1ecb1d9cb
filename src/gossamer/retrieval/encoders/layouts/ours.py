"""Our own folder: every part by name in ``gossamer.json``, and the heads' weights beside the networks.

It lies on top of what sentence-transformers reads, and wins over it where both are.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gossamer.errors import UsageError
from gossamer.retrieval.encoders import expansion, heads
from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.base import CONFIG, FORMAT, LEARNED
from gossamer.retrieval.encoders.layouts.sentence_transformers import read_json
from gossamer.retrieval.encoders.learned import LearnedEncoder, Limits, Side

HEADS, EXPANDER = "heads.safetensors", "expander"
_NAMES: dict[type[heads.Head], str] = {
    heads.Binary: "binary", heads.Static: "static", heads.Mlp: "mlp", heads.Mlm: "mlm", heads.ClsMlm: "cls-mlm",
}  # fmt: skip


def fits(folder: Path) -> bool:
    """Is it this layout?"""
    path = folder / CONFIG
    return path.exists() and read_json(path).get("encoder", {}).get("type") == LEARNED


def save(encoder: LearnedEncoder, folder: Path) -> None:
    """Write the parts; a network that sentence-transformers' layout already holds is not written twice."""
    query, document = encoder.query, encoder.document
    places: dict[int, str] = {}
    for side, name in ((document, "document"), (query, "query")):
        if id(side.backbone) not in places:
            places[id(side.backbone)] = _place(folder, side, name)
    settings = {
        name: {
            "network": places[id(side.backbone)],
            "repeats": side.repeats,
            "limits": asdict(side.limits),
            **_head(side.head),
        }
        for name, side in (("query", query), ("document", document))
    }
    one = query.head is document.head
    tensors = {f"document.{name}": one_.detach().contiguous() for name, one_ in document.head.named_parameters()}
    if not one:
        tensors |= {f"query.{name}": one_.detach().contiguous() for name, one_ in query.head.named_parameters()}
    save_file(tensors, folder / HEADS)
    about: dict[str, Any] = {"type": LEARNED, "one_head": one, **settings}
    if encoder.expander is not None:
        encoder.expander.save(folder / EXPANDER)
        about["expander"] = encoder.expander.settings()
    whole = {"format": FORMAT, "encoder": about}
    (folder / CONFIG).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


def _place(folder: Path, side: Side, name: str) -> str:
    """Where the network lies, written unless it is there."""
    for place in (f"{name}_0_Transformer", "") if name == "document" else (f"{name}_0_Transformer",):
        if (folder / place / "config.json").exists() and (folder / place / "model.safetensors").exists():
            return place
    side.backbone.save(folder / f"{name}_network")
    return f"{name}_network"


def _head(head: heads.Head) -> dict[str, Any]:
    settings: dict[str, Any] = {"head": _NAMES[type(head)]}
    if isinstance(head, (heads.Mlp, heads.Mlm, heads.ClsMlm)):
        settings |= {"activation": head.curve.activation, "norm": head.curve.norm}
    if isinstance(head, heads.Mlm):
        settings |= {"pool": head.pool, "quality": head.quality is not None}
    if isinstance(head, heads.Static):
        settings |= {"learned": head.table.requires_grad, "counts": head.counts}
    return settings


def load(folder: Path) -> LearnedEncoder:
    """Read a folder.

    Raises:
        UsageError: A newer format, or files that are missing or do not fit.
    """
    path = folder / CONFIG
    whole = read_json(path)
    if whole.get("format", 0) > FORMAT:
        raise UsageError(f"{path}: format {whole['format']}; this gossamer reads up to {FORMAT}. Upgrade gossamer.")
    settings = whole["encoder"]
    try:
        tensors = load_file(folder / HEADS)
        networks = {
            name: Backbone.load(folder / name) for name in {settings[side]["network"] for side in ("query", "document")}
        }
        document = _side(settings["document"], networks)
        query = _side(settings["query"], networks, document.head if settings["one_head"] else None)
        for name, side in (("document", document), *((("query", query),) if not settings["one_head"] else ())):
            side.head.load_state_dict(
                {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
            )
        expander = expansion.load(settings["expander"], folder / EXPANDER) if "expander" in settings else None
    except (SafetensorError, OSError, KeyError, TypeError, RuntimeError) as error:
        raise UsageError(f"{folder}: the encoder's files do not fit together: {error}") from error
    return LearnedEncoder(query, document, expander)


def _side(settings: dict[str, Any], networks: dict[str, Backbone], head: heads.Head | None = None) -> Side:
    backbone = networks[settings["network"]]
    return Side(backbone, head or _made(settings, backbone), settings["repeats"], Limits(**settings["limits"]))


def _made(settings: dict[str, Any], backbone: Backbone) -> heads.Head:
    import torch

    curve = heads.Curve(settings.get("activation", "relu"), settings.get("norm", "log1p"))
    match settings["head"]:
        case "binary":
            return heads.Binary()
        case "static":
            return heads.Static(torch.zeros(backbone.size), learned=settings["learned"], counts=settings["counts"])
        case "mlp":
            return heads.Mlp(backbone.width, curve)
        case "mlm":
            return heads.Mlm(curve, settings["pool"], backbone.width if settings["quality"] else None)
        case "cls-mlm":
            return heads.ClsMlm(curve)
    raise KeyError(f"head {settings['head']!r}")
