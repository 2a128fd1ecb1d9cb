"""Python packages whose docstrings are text to train on: which, under what licence, and how they are fetched.

Every licence here lets weights rest on the text and be passed on; what a package says of itself is checked against it.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

PACKAGES = {
    "aiohttp": "3.14.5", "astropy": "8.0.2", "biopython": "1.88", "bokeh": "3.9.2", "cantera": "3.2.0",
    "control": "0.10.2", "dask": "2026.8.0", "dipy": "1.12.1", "django": "5.2.19", "fastapi": "0.165.0",
    "flask": "3.1.3", "flax": "0.12.8", "geopandas": "1.2.0", "jax": "0.10.2", "lmfit": "1.3.4",
    "matplotlib": "3.11.2", "metpy": "1.7.1", "mne": "1.13.2", "networkx": "3.6.1", "nibabel": "5.4.2",
    "nilearn": "0.14.1", "nltk": "3.10.4", "numba": "0.68.1", "numpy": "2.4.6", "openmdao": "3.45.1",
    "optax": "0.2.8", "pandas": "3.1.1", "pint": "0.25.3", "plotly": "7.1.0", "pybamm": "26.10.1.1",
    "pydantic": "2.14.4", "pymc": "5.28.5", "pyproj": "3.7.2", "qutip": "5.3.1", "rasterio": "1.4.4",
    "requests": "2.34.2", "scikit-image": "0.26.0", "scikit-learn": "1.9.1", "scipy": "1.17.1", "seaborn": "0.13.2",
    "shapely": "2.2.0", "spacy": "3.8.18", "sqlalchemy": "2.1.9", "statsmodels": "0.15.0", "sunpy": "7.0.5",
    "sympy": "1.14.0", "transformers": "5.24.0", "xarray": "2026.9.0", "yt": "4.4.3",
}  # fmt: skip
_PERMISSIVE = ("BSD", "MIT", "APACHE", "PSF", "PYTHON SOFTWARE FOUNDATION", "ISC", "BIOPYTHON", "HPND")
_BINDING = ("GPL", "GNU", "AGPL", "LGPL", "MPL", "CC-BY-SA", "PROPRIETARY")


@dataclass(frozen=True)
class Source:
    """A file of Python and where it is from."""

    package: str
    path: str
    code: str


def fetch(folder: Path) -> dict[str, str]:
    """Fetch what is missing; package to its licence in its own words.

    Raises:
        SystemExit: A package says that its licence is none of those that we take.
    """
    folder.mkdir(parents=True, exist_ok=True)
    licences = {}
    for name, version in PACKAGES.items():
        wheel = _wheel(folder, name, version)
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            subprocess.run([*command, f"{name}=={version}", "--dest", str(folder)], check=True)
            wheel = _wheel(folder, name, version)
            assert wheel is not None
        licences[f"{name} {version}"] = licence(wheel)
    return licences


def licence(wheel: Path) -> str:
    """What a wheel says of its licence.

    Raises:
        SystemExit: It is not one of those that we take.
    """
    with zipfile.ZipFile(wheel) as opened:
        metadata = next(name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        said = message_from_bytes(opened.read(metadata))
    classified = [one.split("::")[-1].strip() for one in said.get_all("Classifier", []) if one.startswith("License ::")]
    stated = said.get("License-Expression") or "; ".join(classified) or (said.get("License") or "").splitlines()[0]
    upper = stated.upper()
    if not any(one in upper for one in _PERMISSIVE) or any(one in upper for one in _BINDING):
        raise SystemExit(f"{wheel.name}: licence {stated!r}; look at it, and leave the package out if it binds")
    return stated


def sources(folder: Path) -> Iterator[Source]:
    """The Python files of all packages, tests left out, in a fixed order."""
    for name, version in PACKAGES.items():
        wheel = _wheel(folder, name, version)
        assert wheel is not None, f"{name} {version} was not fetched"
        with zipfile.ZipFile(wheel) as opened:
            for path in sorted(opened.namelist()):
                if path.endswith(".py") and "test" not in path.lower():
                    yield Source(name, path, opened.read(path).decode("utf-8", "replace"))


def _wheel(folder: Path, name: str, version: str) -> Path | None:
    stem = f"{name.replace('-', '_')}-{version}".lower()
    return next((path for path in sorted(folder.glob("*.whl")) if path.name.lower().startswith(f"{stem}-")), None)
