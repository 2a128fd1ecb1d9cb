"""Where a training stands: weights and the optimiser's memory in safetensors, the steps so far in JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from gossamer.errors import GossamerError, UsageError

if TYPE_CHECKING:
    from gossamer.retrieval.training.trainer import Settings, Step

NAME = "training.safetensors"


class Remembers(Protocol):
    """A part of a training that has a memory of its own."""

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint has to keep."""

    def restore(self, state: dict[str, Tensor]) -> None:
        """What :meth:`state` gave."""


class Checkpoint:
    """One file in a folder, replaced whole.

    Args:
        folder: Made if missing.
        settings: A checkpoint of other settings is refused.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._settings = folder / NAME, _plain(asdict(settings))

    def save(
        self,
        encoder: nn.Module,
        optimizer: torch.optim.Optimizer,
        parts: Mapping[str, Remembers],
        steps: list[Step],
    ) -> None:
        """Replace what was there, in one rename."""
        tensors = {f"weight.{name}": one.detach() for name, one in encoder.named_parameters()}
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
        for of, part in parts.items():
            tensors |= {f"{of}.{name}": value for name, value in part.state().items()}
        about = {"settings": json.dumps(self._settings), "steps": json.dumps([asdict(step) for step in steps])}
        new = self._path.with_suffix(".part")
        save_file({name: one.contiguous().cpu() for name, one in tensors.items()}, new, about)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(self._path)

    def restore(
        self, encoder: nn.Module, optimizer: torch.optim.Optimizer, parts: Mapping[str, Remembers]
    ) -> list[Step]:
        """The steps done so far, everything else put back; no steps without a checkpoint.

        Raises:
            UsageError: It belongs to other settings or another encoder.
            GossamerError: It cannot be read.
        """
        from gossamer.retrieval.training.trainer import Step

        if not self._path.exists():
            return []
        try:
            with safe_open(self._path, "pt") as file:
                about = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
            settings, steps = json.loads(about["settings"]), json.loads(about["steps"])
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise GossamerError(
                f"{self._path}: not a checkpoint that can be read ({error}); remove it to begin anew"
            ) from error
        other = sorted(key for key in {*settings, *self._settings} if settings.get(key) != self._settings.get(key))
        if other:
            raise UsageError(
                f"{self._path} was begun with other settings ({', '.join(other)}); remove it or use another folder"
            )
        _put(self._path, encoder, tensors)
        _remember(optimizer, tensors)
        for name, part in parts.items():
            part.restore(_below(f"{name}.", tensors))
        return [Step(**step) for step in steps]


def _put(path: Path, encoder: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    kept = _below("weight.", tensors)
    own = dict(encoder.named_parameters())
    strange = sorted(
        name for name in {*kept, *own} if name not in own or name not in kept or kept[name].shape != own[name].shape
    )
    if strange:
        raise UsageError(f"{path} belongs to another encoder ({strange[0]} differs); remove it or use another folder")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(kept[name])


def _remember(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _below("optimizer.", tensors).items():
        number, part = name.split(".", 1)
        state.setdefault(int(number), {})[part] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _plain(settings: dict[str, Any]) -> Any:
    """As JSON gives it back."""
    return json.loads(
        json.dumps({key: dict(value) if isinstance(value, Mapping) else value for key, value in settings.items()})
    )
