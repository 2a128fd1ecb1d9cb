"""Vectors that are made a part at a time: parts on disk, which survive an interruption, become one file at the end.

The file is one that :meth:`SparseVectors.load` reads, with the ids of its rows beside: ``ids`` end to end in UTF-8,
row i at ``id_ends[i]:id_ends[i + 1]``. Nothing is held whole in memory, whatever the number of rows.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import accumulate, pairwise
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gossamer.errors import GossamerError
from gossamer.retrieval.vectors import FORMAT, SparseVectors

_STATE = "parts.json"
_TYPES = {"indptr": "I64", "id_ends": "I64", "indices": "U32", "values": "F32", "ids": "U8"}  # as they lie in the file
_WIDTHS = {"I64": 8, "U32": 4, "F32": 4, "U8": 1}


class VectorParts:
    """The parts of a file of vectors.

    Args:
        path: The file; parts lie in the folder ``PATH.parts`` until :meth:`join`.
        made_by: What the vectors depend on beside their texts, as JSON values; parts made by anything else are refused.

    Raises:
        GossamerError: There are parts that were made by something else.

    Example:
        >>> parts = VectorParts("v.safetensors", {"encoder": "bm25"})
        >>> parts.add(["a"], ["a wing"], SparseVectors.from_dicts([{"wing": 1.0}]), ["wing"])
        >>> parts.join(["wing"])
        1
        >>> SparseVectors.load("v.safetensors").to_dicts(), read_ids("v.safetensors")
        ([{'wing': 1.0}], ['a'])
    """

    def __init__(self, path: str | PathLike[str], made_by: Mapping[str, Any]) -> None:
        self.path = Path(fspath(path))
        self.folder = self.path.with_name(self.path.name + ".parts")
        said = json.loads(json.dumps({"format": 1, **made_by}))
        state = self.folder / _STATE
        try:
            before = json.loads(state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(state, lambda file: file.write(json.dumps(said, indent=2, ensure_ascii=False).encode()))
        except ValueError as error:
            raise GossamerError(f"{state}: not the record of parts ({error}); {self._start_again}") from error
        else:
            if before != said:
                differ = sorted(key for key in {*before, *said} if before.get(key) != said.get(key))
                raise GossamerError(
                    f"{self.folder}: parts of an earlier run with another {' and '.join(differ)}; {self._start_again}"
                )
        self._digests: list[str] = []

    @property
    def _start_again(self) -> str:
        return "remove that folder to start again, or write to another file"

    def find(self, ids: Sequence[str], texts: Sequence[str]) -> list[str] | None:
        """The new terms of the next part if an earlier run has made it, else None.

        Raises:
            GossamerError: It was made of other texts.
        """
        path = self._part(len(self._digests))
        if not path.exists():
            return None
        metadata = _metadata(path)
        if metadata.get("digest") != _digest(ids, texts):
            raise GossamerError(
                f"{path}: made of other documents than those at this place of the input now; {self._start_again}"
            )
        self._digests.append(metadata["digest"])
        terms: list[str] = json.loads(metadata["terms"])
        return terms

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: SparseVectors, terms: Sequence[str] = ()) -> None:
        """Write the next part.

        Args:
            ids: Of its rows.
            texts: Of which the vectors were made.
            vectors: As many rows.
            terms: Those that the vocabulary has gained.
        """
        from safetensors.numpy import save

        blob, ends = _joined(ids)
        arrays: dict[str, npt.NDArray[Any]] = {
            "indptr": vectors.indptr, "indices": vectors.indices, "values": vectors.values, "ids": blob,
            "id_ends": ends,
        }  # fmt: skip
        digest = _digest(ids, texts)
        metadata = {"digest": digest, "terms": json.dumps(list(terms), ensure_ascii=False)}
        _write(self._part(len(self._digests)), lambda file: file.write(save(arrays, metadata)))
        self._digests.append(digest)

    def join(self, vocabulary: Sequence[str]) -> int:
        """Make the file of the parts that were found and added, and remove them.

        Returns:
            The number of its weights.
        """
        sizes = [_sizes(self._part(number)) for number in range(len(self._digests))]
        rows, weights, letters = (sum(size[name] for size in sizes) for name in ("indptr", "indices", "ids"))
        lengths = {"indptr": rows + 1, "id_ends": rows + 1, "indices": weights, "values": weights, "ids": letters}
        _write(self.path, lambda file: self._write_file(file, lengths, vocabulary))
        shutil.rmtree(self.folder)
        return weights

    def _write_file(self, file: BinaryIO, lengths: Mapping[str, int], vocabulary: Sequence[str]) -> None:
        header: dict[str, Any] = {
            "__metadata__": {
                "format": FORMAT, "dim": str(len(vocabulary)),
                "vocabulary": json.dumps(list(vocabulary), ensure_ascii=False),
            }
        }  # fmt: skip
        at = 0
        for name, kind in _TYPES.items():
            end = at + lengths[name] * _WIDTHS[kind]
            header[name] = {"dtype": kind, "shape": [lengths[name]], "data_offsets": [at, end]}
            at = end
        text = json.dumps(header, ensure_ascii=False).encode("utf-8")
        text += b" " * (-len(text) % 8)
        file.write(len(text).to_bytes(8, "little") + text)
        for name in _TYPES:
            ends = name in ("indptr", "id_ends")
            if ends:
                file.write(np.zeros(1, np.int64).tobytes())
            before = 0
            for array in self._arrays(name):
                file.write((array[1:] + before if ends else array).tobytes())
                before += int(array[-1]) if ends else 0

    def _arrays(self, name: str) -> Iterator[npt.NDArray[Any]]:
        from safetensors import safe_open

        for number in range(len(self._digests)):
            with safe_open(self._part(number), "np") as part:
                yield part.get_tensor(name)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:08d}.safetensors"


def read_ids(path: str | PathLike[str]) -> list[str]:
    """The ids of the rows of a file of vectors.

    Raises:
        GossamerError: It is no such file, or it has none.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            blob, ends = file.get_tensor("ids").tobytes(), file.get_tensor("id_ends").tolist()
    except (SafetensorError, OSError, ValueError) as error:
        raise GossamerError(f"{fspath(path)}: no file of vectors with ids: {error}") from error
    return [blob[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(ends)]


def _joined(ids: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    encoded = [one.encode("utf-8", "surrogatepass") for one in ids]
    return np.frombuffer(b"".join(encoded), np.uint8), np.array([0, *accumulate(map(len, encoded))], np.int64)


def _digest(ids: Sequence[str], texts: Sequence[str]) -> str:
    digest = sha256()
    for one in (*ids, *texts):
        encoded = one.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as part:
            return part.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise GossamerError(f"{path}: a damaged part: {error}; remove it") from error


def _sizes(path: Path) -> dict[str, int]:
    """Rows, weights and bytes of ids of a part."""
    from safetensors import safe_open

    with safe_open(path, "np") as part:
        sizes = {name: int(part.get_slice(name).get_shape()[0]) for name in ("indptr", "indices", "ids")}
    return {**sizes, "indptr": sizes["indptr"] - 1}


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """A file that is there whole or not at all."""
    beside = path.with_name(path.name + ".next")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise
