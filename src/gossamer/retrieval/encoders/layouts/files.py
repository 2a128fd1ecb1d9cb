"""Reading the files of a folder, with errors that name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy.typing as npt
from safetensors import SafetensorError

from gossamer.errors import UsageError


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


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a safetensors file.

    Raises:
        UsageError: It is missing, or not such a file.
    """
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: not found; the encoder's folder is incomplete") from None
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UsageError(f"{path}: not a file of arrays: {error}") from error


def write_json(path: Path, values: Any) -> None:
    """Write values as people read them."""
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
