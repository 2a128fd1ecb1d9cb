"""A learned encoder that an index refers to: found again, checked and loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gossamer.errors import GossamerError, UsageError
from gossamer.retrieval.encoders.base import SparseEncoder
from gossamer.retrieval.encoders.origin import OURS, Origin, find

if TYPE_CHECKING:
    from gossamer.retrieval.encoders.sources import Source
    from gossamer.retrieval.vectors import SparseVectors


@lru_cache(maxsize=1)
def _load(name: str, fingerprint: str) -> SparseEncoder:
    """The encoder of this name; the last one is kept, for whoever opens an index again and again."""
    return SparseEncoder.from_pretrained(name)


_SAY_WHERE = "say where it is with Index.open(path, encoder=DIR), on the command line with --encoder DIR"


class Remembered(SparseEncoder):
    """The encoder that an index was made with.

    Args:
        settings: As :meth:`Origin.to_dict` gave them.
        moved: Where it is now, if that is known and its fingerprint has been compared.

    Methods that need the model raise ``GossamerError`` where it is gone or has changed.
    """

    def __init__(self, settings: dict[str, Any], moved: Origin | None = None) -> None:
        self._settings, self._moved = settings, moved
        self._loaded: SparseEncoder | None = None
        self._lock = Lock()
        self._threads: int | None = None
        self._last: tuple[tuple[str, ...], SparseVectors | None] = (), None

    @property
    def model(self) -> SparseEncoder:
        """The encoder itself; loaded once, whichever thread asks first.

        Raises:
            GossamerError: It is gone, it has changed, or it cannot be loaded.
        """
        with self._lock:
            if self._loaded is None:
                origin = self._moved or self._where()
                if origin.fingerprint != self._settings["fingerprint"]:
                    raise GossamerError(self._changed(origin))
                self._loaded = _load(origin.name, origin.fingerprint)
                if self._threads is not None:
                    self._loaded.use_threads(self._threads)
            return self._loaded

    @property
    def terms(self) -> list[str]:
        """Column number to term."""
        return self.model.terms

    def encode_queries(self, texts: Sequence[str]) -> SparseVectors:
        """As the encoder does; the last one is kept, since a page asks for it several times."""
        if len(texts) > 1:
            return self.model.encode_queries(texts)
        asked, vectors = self._last
        if asked != tuple(texts) or vectors is None:
            vectors = self.model.encode_queries(texts)
            self._last = tuple(texts), vectors
        return vectors

    def encode_documents(self, texts: Sequence[str]) -> SparseVectors:
        """As the encoder does."""
        return self.model.encode_documents(texts)

    def use_threads(self, threads: int) -> None:
        """As the encoder does, once it is loaded."""
        self._threads = threads

    def sources(self, texts: Sequence[str], terms: Sequence[Collection[str]]) -> list[dict[str, Source]]:
        """As the encoder does."""
        return self.model.sources(texts, terms)

    def to_dict(self) -> dict[str, Any]:
        """What the index keeps; where it is now, if that was said."""
        return self._moved.to_dict() if self._moved is not None else self._settings

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Remembered:
        """The encoder that :meth:`to_dict` described; nothing is looked for yet."""
        return cls(settings)

    def _where(self) -> Origin:
        name = self._settings["name"]
        try:
            return find(name, fresh=False)
        except UsageError as error:
            why = "" if Path(name).is_absolute() else f" ({error})"
            raise GossamerError(
                f"the index was made with the encoder {name}, which is gone{why}; {_SAY_WHERE}"
            ) from error

    def _changed(self, origin: Origin) -> str:
        was, now = _which(self._settings), _which(origin.to_dict())
        if origin.name == OURS:
            return (
                f"the index was made with another release of the model {OURS!r} ({was}, here {now}): install that "
                "release, or index again; a weight of 0 for its space searches words alone"
            )
        return (
            f"{origin.folder}: not the encoder any more that the index was made with ({was}, now {now}): put its files "
            f"back, {_SAY_WHERE}, or index again"
        )


def _which(settings: dict[str, Any]) -> str:
    version = f"version {settings['version']}, " if "version" in settings else ""
    return f"{version}fingerprint {settings['fingerprint'][:12]}"
