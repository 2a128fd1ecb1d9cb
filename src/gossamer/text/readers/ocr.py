"""The text of scanned pages: PP-OCRv6, run by rapidocr with the models in its wheel.

An extra of its own, ``ocr``, since it brings a runtime for neural networks.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfPage  # type: ignore[import-untyped]

_MODULE = "rapidocr"
_POINTS = 72  # an inch
_DOTS = 150  # an inch; twice as many take four times as long and read little more
_MAX_PIXELS = 8_000_000
_MIN_SCORE = 0.5


def is_installed() -> bool:
    """Whether scanned pages can be read here."""
    try:
        return find_spec(_MODULE) is not None
    except ValueError:  # a module of that name that is none
        return False


def is_scanned(page: PdfPage) -> bool:
    """Whether a page shows an image, so that it may be text without a text layer."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE  # type: ignore[import-untyped]

    return any(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=2))


def read_page(page: PdfPage) -> str:
    """The lines on a page, from the top; lines that are hardly legible are left out."""
    width, height = page.get_size()
    scale = min(_DOTS / _POINTS, (_MAX_PIXELS / max(width * height, 1)) ** 0.5)
    image = page.render(scale=scale, rev_byteorder=False).to_numpy()
    found = _engine()(image[..., :3], use_cls=False)
    return "\n".join(
        text for text, score in zip(found.txts or (), found.scores or (), strict=True) if score >= _MIN_SCORE
    )


@lru_cache(maxsize=1)
def _engine() -> Any:
    runtime = "EngineConfig.onnxruntime"
    return import_module(_MODULE).RapidOCR(params={
        "Global.log_level": "critical",
        f"{runtime}.intra_op_num_threads": 1,
        f"{runtime}.inter_op_num_threads": 1,
        # Lines one by one in memory that is given back: as fast, and half of what the subprocess may take.
        f"{runtime}.enable_cpu_mem_arena": False,
        "Rec.rec_batch_num": 1,
    })  # fmt: skip
