"""Our own folder: every part by name in ``gossamer.json``, and the heads' weights beside the networks.

It lies on top of what sentence-transformers reads, and wins over it where both are.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.base import CONFIG, FORMAT, LEARNED
from gossamer.retrieval.encoders.layouts.files import read_arrays, read_json, write_json
from gossamer.retrieval.encoders.parts import HeadParts, Limits, Parts, SideParts

HEADS, EXPANDER = "heads.safetensors", "expander"


def fits(folder: Path) -> bool:
    """Is it this layout?"""
    path = folder / CONFIG
    return path.exists() and read_json(path).get("encoder", {}).get("type") == LEARNED


def write(parts: Parts, folder: Path) -> None:
    """Write the parts of an encoder whose networks, and expander, lie in this folder already."""
    from safetensors.numpy import save_file

    sides = {"query": parts.query, "document": parts.document}
    settings = {
        name: {
            "network": side.network.relative_to(folder).as_posix(),
            "repeats": side.repeats,
            "limits": asdict(side.limits),
            **side.head.to_dict(),
        }
        for name, side in sides.items()
    }
    if parts.one_head:
        del sides["query"]
    arrays = {
        f"{name}.{key}": np.array(array, order="C")
        for name, side in sides.items()
        for key, array in side.weights.items()
    }
    save_file(arrays, folder / HEADS)
    about: dict[str, Any] = {"type": LEARNED, "one_head": parts.one_head, **settings}
    if parts.expander is not None:
        about["expander"] = dict(parts.expander[0])
    whole: dict[str, Any] = {"format": FORMAT, "encoder": about}
    if parts.fusion_weight is not None:
        whole["fusion_weight"] = parts.fusion_weight
    if parts.card:
        whole["card"] = dict(parts.card)
    write_json(folder / CONFIG, whole)


def read(folder: Path) -> Parts:
    """Read a folder.

    Raises:
        UsageError: A newer format, or files that are missing or do not fit.
    """
    path = folder / CONFIG
    whole = read_json(path)
    if whole.get("format", 0) > FORMAT:
        raise UsageError(f"{path}: format {whole['format']}; this gossamer reads up to {FORMAT}. Upgrade gossamer.")
    arrays = read_arrays(folder / HEADS)
    try:
        settings = whole["encoder"]
        one = bool(settings["one_head"])
        sides = {
            name: _side(folder, dict(settings[name]), arrays, "document" if one else name)
            for name in ("query", "document")
        }
        weight = whole.get("fusion_weight")
        expander = (dict(settings["expander"]), folder / EXPANDER) if "expander" in settings else None
        return Parts(**sides, one_head=one, card=whole.get("card", {}), fusion_weight=weight, expander=expander)
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path}: not the settings of an encoder: {error!r}") from error


def _side(folder: Path, settings: dict[str, Any], arrays: dict[str, Any], of: str) -> SideParts:
    network, repeats = folder / settings.pop("network"), settings.pop("repeats")
    limits = Limits(**settings.pop("limits"))
    weights = {name.removeprefix(f"{of}."): array for name, array in arrays.items() if name.startswith(f"{of}.")}
    return SideParts(network, HeadParts(**settings), repeats, limits, weights)
