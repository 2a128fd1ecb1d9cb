"""The report: all scenes of a run in one HTML file that needs nothing else, for light and dark, paper and phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gossamer.app.cli.output import size
from gossamer.app.demo.chart import chart
from gossamer.app.demo.scene import Block

if TYPE_CHECKING:
    from gossamer.app.demo.script import Performance

REPORT = "report.html"
_TEMPLATES = Path(__file__).parent / "templates"


def write_report(performance: Performance, folder: Path) -> Path:
    """Write ``report.html``.

    Returns:
        Its path.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    files = FileSystemLoader(_TEMPLATES)
    environment = Environment(loader=files, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["size"] = size
    environment.filters["chart"] = lambda picture: Markup(chart(picture.frontier, picture.chosen))
    style = Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))
    page = environment.get_template("report.html").render(performance=performance, style=style, kind=_kind)
    path = folder / REPORT
    path.write_text(page, encoding="utf-8")
    return path


def _kind(block: Block) -> str:
    return type(block).__name__.lower()
