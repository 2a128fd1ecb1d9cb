"""The public face: every exported name exists, says what it is for, stands in the reference, and costs little."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gossamer import _native

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "gossamer",
    "gossamer.text",
    "gossamer.retrieval",
    "gossamer.retrieval.traversals",
    "gossamer.frontier",
    "gossamer.catalog",
)
EXPORTS = [(package, name) for package in PACKAGES for name in importlib.import_module(package).__all__]
REFERENCE = "\n".join(page.read_text() for page in sorted(ROOT.glob("docs/reference/*.md")))
DOCUMENTED = re.findall(r"^::: (gossamer[\w.]*)\.(\w+)$", REFERENCE, re.M)


def exported(package: str, name: str) -> object:
    return getattr(importlib.import_module(package), name)


def public(name: str) -> bool:
    return not name.startswith("_")


def parameters(function: object) -> set[str]:
    """What may stand under Args: the names in the signature, and the fields of a dataclass."""
    return set(inspect.signature(function).parameters)  # type: ignore[arg-type]


def described(docstring: str) -> list[str]:
    """The names under Args: in a docstring; one entry may describe several."""
    section = re.search(r"^Args:\n((?: +.*\n|\n)*)", docstring + "\n", re.M)
    entries = re.findall(r"^ {4}([\w*]+(?:, [\w*]+)*):", section[1], re.M) if section else []
    return [name.lstrip("*") for entry in entries for name in entry.split(", ")]


@pytest.mark.parametrize(("package", "name"), EXPORTS)
class TestEveryExport:
    def test_it_says_what_it_is_for(self, package: str, name: str) -> None:
        # A dataclass without a docstring gets its signature as one.
        docstring = inspect.getdoc(exported(package, name)) or ""
        assert docstring
        assert not docstring.startswith(f"{name}(")

    def test_it_stands_in_the_reference(self, package: str, name: str) -> None:
        assert any(exported(*documented) is exported(package, name) for documented in DOCUMENTED)

    def test_its_parameters_exist(self, package: str, name: str) -> None:
        thing = exported(package, name)
        functions = [thing, *(m for n, m in inspect.getmembers(thing, inspect.isroutine) if not n.startswith("_"))]
        for function in functions:
            if names := set(described(inspect.getdoc(function) or "")):
                assert names <= parameters(function)


@pytest.mark.parametrize(("package", "name"), DOCUMENTED)
def test_what_is_documented_is_exported(package: str, name: str) -> None:
    module = importlib.import_module(package)
    assert name in getattr(module, "__all__", vars(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_same_names(package: str) -> None:
    module = importlib.import_module(package)
    tree = ast.parse(inspect.getsource(module))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    typed = {alias.asname for node in imports for alias in node.names if alias.asname}
    assert not typed or typed == set(module.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    module = importlib.import_module("gossamer")
    with pytest.raises(AttributeError, match="no attribute 'Indx'"):
        _ = module.Indx
    assert dir(module) == module.__all__


def test_the_stub_names_what_the_native_module_has() -> None:
    tree = ast.parse((ROOT / "src/gossamer/_native.pyi").read_text())
    stub = {
        node.name: {member.name for member in getattr(node, "body", ()) if isinstance(member, ast.FunctionDef)}
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
    module = {
        name: {member for member in vars(thing) if public(member)} if isinstance(thing, type) else set()
        for name, thing in vars(_native).items()
        if public(name)
    }
    assert {name: set(filter(public, members)) for name, members in stub.items()} == module


LIGHT = "import sys, {}; print(*sorted({{module.partition('.')[0] for module in sys.modules}}))"
HEAVY = {"numpy", "scipy", "torch", "pandas", "matplotlib", "rich", "pypdfium2", "resiliparse", "fastapi"}


@pytest.mark.parametrize(("code", "absent"), [("gossamer", HEAVY | {"typer"}), ("gossamer.app.cli", HEAVY)])
def test_importing_loads_nothing_heavy(code: str, absent: set[str]) -> None:
    loaded = subprocess.run([sys.executable, "-c", LIGHT.format(code)], capture_output=True, text=True, check=True)
    assert not absent & set(loaded.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['gossamer', '--help']\nimport gossamer.app.cli as cli\ntry: cli.main()\nfinally: "
    code += "print(*sorted({module.partition('.')[0] for module in sys.modules}), file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in loaded.stdout
    assert not HEAVY & set(loaded.stderr.split())


def test_the_version_is_one_literal() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    citation = (ROOT / "CITATION.cff").read_text()
    version = exported("gossamer", "__version__")
    assert f'version = "{version}"' in project
    assert f"version: {version}" in citation
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_checkout_builds_with_what_an_install_builds_with() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    requires, group = (re.search(rf"^{name} = \[(.*)\]$", project, re.M) for name in ("requires", "build"))
    assert requires
    assert group
    assert set(requires[1].split(", ")) <= set(group[1].split(", "))
