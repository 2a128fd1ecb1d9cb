"""Teachers' vectors on disk, so that a training that is begun again does not ask its teachers again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from gossamer.errors import GossamerError

Vectors = TypeVar("Vectors")
Watch = Callable[[int, int], None]
_TOGETHER = 1024  # texts of a file


def kept(
    texts: Sequence[str],
    make: Callable[[Sequence[str]], Vectors],
    folder: Path | None,
    save: Callable[[Vectors, Path], None],
    load: Callable[[Path], Vectors],
    watch: Watch | None = None,
) -> Iterator[tuple[Sequence[str], Vectors]]:
    """Parts of the texts with their vectors, made or read again.

    Args:
        texts: All of them; the same texts in the same order find what was kept.
        make: Vectors of a part.
        folder: Of one teacher; made if missing, None keeps nothing.
        save, load: To and from a file.
        watch: Called with (texts done, texts in all).

    Raises:
        GossamerError: The folder cannot be written.
    """
    for start in range(0, len(texts), _TOGETHER):
        part = texts[start : start + _TOGETHER]
        if folder is None:
            vectors = make(part)
        else:
            digest = hashlib.sha256("\0".join(part).encode("utf-8", "surrogatepass")).hexdigest()
            path = folder / f"{digest[:32]}.safetensors"
            try:
                vectors = load(path) if path.exists() else _new(make(part), path, save)
            except OSError as error:
                raise GossamerError(f"{path}: cannot keep a teacher's vectors: {error.strerror or error}") from error
        if watch is not None:
            watch(start + len(part), len(texts))
        yield part, vectors


def _new(vectors: Vectors, path: Path, save: Callable[[Vectors, Path], None]) -> Vectors:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save(vectors, part)
    part.replace(path)
    return vectors
