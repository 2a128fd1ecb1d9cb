"""Where a learned encoder was loaded from, and a fingerprint that tells whether its files are still the same.

An index keeps this and not the model; :mod:`gossamer.retrieval.encoders.remembered` finds the model again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import gossamer
from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders.base import CONFIG, LEARNED

OURS = "gossamer"
"""The name of the model that comes with this package."""

_OUR_FOLDER = Path(gossamer.__file__).parent / "models" / "gossamer-doc-tiny"
_COUNTED = (".json", ".safetensors", ".txt", ".model")  # settings, weights, vocabularies
_LEFT_OUT = "checkpoint"  # folders of a training that begin so
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Origin:
    """Where an encoder was loaded from.

    Args:
        name: ``gossamer``, an absolute path, or an id on a model hub.
        folder: Where its files are.
    """

    name: str
    folder: Path

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names and contents of settings, weights and vocabulary, in hexadecimal; the files are read.

        Raises:
            GossamerError: A file cannot be read.
        """
        digest = sha256()
        try:
            for path in sorted(_files(self.folder)):
                digest.update(f"{path.relative_to(self.folder).as_posix()}\0{path.stat().st_size}\0".encode())
                with path.open("rb") as file:
                    while chunk := file.read(_CHUNK):
                        digest.update(chunk)
        except OSError as error:
            raise GossamerError(f"{error.filename}: {error.strerror or error}; the encoder cannot be read") from error
        return digest.hexdigest()

    @property
    def is_learned(self) -> bool:
        """Whether the folder holds an encoder that is more than its settings, as BM25 is."""
        config = self._config
        return config is None or config.get("encoder", {}).get("type") != "bm25"

    @property
    def fusion_weight(self) -> float | None:
        """What its scores are multiplied by beside BM25, where its training has found that out."""
        found = (self._config or {}).get("fusion_weight")
        return None if found is None else float(found)

    @property
    def _config(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder / CONFIG).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def to_dict(self) -> dict[str, Any]:
        """What an index keeps, as JSON values: the fingerprint counts, the rest is for people."""
        kept = {"type": LEARNED, "name": self.name, "fingerprint": self.fingerprint}
        version = (self._config or {}).get("card", {}).get("version")
        return kept | ({"version": str(version)} if version is not None else {})


def find(name: str | PathLike[str], *, fresh: bool = True, onnx: bool = False) -> Origin:
    """A folder, the model that comes with this package (``gossamer``), or one of a model hub, which is fetched.

    Args:
        name: As people say it.
        fresh: Ask the hub whether there is a newer one of a model that was fetched before.
        onnx: Fetch graphs, too.

    Raises:
        UsageError: There is none of this name.
    """
    said = fspath(name)
    if said == OURS:
        if not _OUR_FOLDER.is_dir():
            raise UsageError(f"this installation has no model {OURS!r}: {_OUR_FOLDER} is missing; install it again")
        return Origin(OURS, _OUR_FOLDER)
    path = Path(said).expanduser()
    if path.is_dir():
        return Origin(str(path.resolve()), path.resolve())
    if path.exists() or path.is_absolute() or said.count("/") != 1:
        raise UsageError(f"{said}: no such folder; an encoder is a folder, {OURS!r}, or a hub's NAME/MODEL")
    return Origin(said, _fetched(said, fresh, onnx))


def _fetched(name: str, fresh: bool, onnx: bool) -> Path:
    """A model of a hub, by the hub's own client, which knows what it fetched before."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise UsageError(
            f"{name}: no such folder, and a model hub needs {error.name}; pip install 'gossamer[encoders]'"
        ) from error
    left_out = ["*.bin", "*.pt", "*.h5", "*.msgpack", *(() if onnx else ("*.onnx",))]
    if not fresh:
        with suppress(HfHubHTTPError, HFValidationError, OSError, ValueError):
            return Path(snapshot_download(name, ignore_patterns=left_out, local_files_only=True))
    try:
        return Path(snapshot_download(name, ignore_patterns=left_out))
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise UsageError(f"{name}: no such folder, and the model hub does not give it: {error}") from error


def _files(folder: Path) -> Iterator[Path]:
    """Of the folder and those in it, which hold the parts of an encoder."""
    inner = (one for one in folder.iterdir() if one.is_dir() and not one.name.startswith((".", _LEFT_OUT)))
    for place in (folder, *inner):
        files = [one for one in place.iterdir() if one.is_file()]
        counted = (*_COUNTED, *(() if any(one.suffix == ".safetensors" for one in files) else (".bin",)))
        yield from (one for one in files if one.suffix in counted)
