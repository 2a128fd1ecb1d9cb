"""A wheel, installed into a clean environment where no compiler can be found, indexes and searches, and stays light.

``make wheel`` runs this on the wheel that it made; otherwise one is built here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from gossamer import _native

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "scipy", "pandas", "matplotlib", "ir_measures", "fastapi"}
SEARCH = """
import json, sys
import gossamer
light = sorted(sys.modules)
from gossamer import _native
with gossamer.Index.create("wings.gossamer") as index:
    index.add(["A sail is a wing that stands upright.", "Warm the pot."])
(hit,) = index.search("wings", explain=True)
print(json.dumps({
    "file": gossamer.__file__, "import": light, "search": sorted(sys.modules), "level": _native.cpu_level(),
    "text": hit.passage.text,
    "highlights": hit.highlights, "sum": sum(part.contribution for part in hit.explanation), "score": hit.score,
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if made := os.environ.get("GOSSAMER_WHEEL"):
        return Path(made).resolve()
    folder = tmp_path_factory.mktemp("wheel")
    # In the build folder of the editable install, where everything is compiled already.
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *build], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder)
    constraints = ["-c", str(ROOT / "constraints.txt")]
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder / "bin/python")]
    subprocess.run([*pip, "install", "--only-binary", ":all:", *constraints, str(wheel)], check=True)
    return folder


def run(environment: Path, *command: str, cwd: Path) -> str:
    """The output of a command that finds nothing but the environment: no compiler, no other packages."""
    clean = {"PATH": str(environment / "bin"), "HOME": str(cwd)}
    return subprocess.run(command, env=clean, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_it_searches_without_a_compiler_and_without_heavy_modules(environment: Path, tmp_path: Path) -> None:
    said = json.loads(run(environment, f"{environment}/bin/python", "-c", SEARCH, cwd=tmp_path))
    assert said["file"].startswith(str(environment))
    assert said["level"] == _native.cpu_level()  # a compiler's runtime must not hide what the processor can do
    assert said["text"] == "A sail is a wing that stands upright."
    assert said["highlights"] == [[12, 16]]
    assert said["sum"] == pytest.approx(said["score"], abs=1e-5)
    assert not {"numpy", *HEAVY} & set(said["import"])
    assert not HEAVY & set(said["search"])


def test_its_command_line_works(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "sail.md").write_text("# Sails\n\nA sail is a wing that stands upright.\n")
    run(environment, f"{environment}/bin/gossamer", "index", "sail.md", "-o", "wings.gossamer", cwd=tmp_path)
    found = run(environment, f"{environment}/bin/gossamer", "search", "wings.gossamer", "wings", "--json", cwd=tmp_path)
    assert [hit["id"] for hit in json.loads(found)["hits"]] == ["sail.md"]


def test_the_wheel_holds_the_licences_and_types(wheel: Path, environment: Path) -> None:
    (package,) = environment.glob("lib/python3*/site-packages/gossamer")
    (licences,) = package.parent.glob("gossamer-*.dist-info/licenses")
    assert {path.name for path in licences.rglob("*") if path.is_file()} == {"LICENSE", "COPYING", "stop_words.COPYING"}
    assert (package / "py.typed").exists()
    assert (package / "_native.pyi").exists()
    if "GOSSAMER_WHEEL" in os.environ:
        assert "manylinux" in wheel.name


def test_what_it_installs_is_small(environment: Path) -> None:
    (packages,) = environment.glob("lib/python3*/site-packages")
    installed = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file() and not path.is_symlink())
    assert installed < 150 * 2**20
    assert not any((packages / name).exists() for name in HEAVY)
