"""The source ``python:``: the documentation of the running Python and what is installed in it, a document an object.

Code of installed packages is parsed and never imported.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import groupby

from gossamer.errors import Unreadable, UsageError
from gossamer.text.documents import Document, Span
from gossamer.text.readers.docstrings import Docstring, is_public, of_module, of_source
from gossamer.text.readers.markdown import structure

Skip = Callable[[str, str], None]
Module = tuple[str, str]
"""Its name and the path of its source."""

_LEFT_OUT = frozenset(
    ("test", "tests", "idlelib", "encodings", "lib2to3", "turtledemo", "pydoc_data", "_vendor", "_vendored",
     "site-packages", "dist-packages", "__pycache__")
)  # fmt: skip
_OTHER_PLATFORM = frozenset(("ntpath", "nturl2path"))  # last, so that they are the aliases
_PUBLIC_NAMES = {
    "_collections_abc": "collections.abc", "_pydatetime": "datetime", "_pydecimal": "decimal", "_pyio": "io",
}  # fmt: skip
_IN_C = (
    "array", "atexit", "binascii", "builtins", "cmath", "codecs", "collections", "csv", "errno", "faulthandler",
    "fcntl", "functools", "gc", "hashlib", "io", "itertools", "locale", "marshal", "math", "mmap", "operator", "os",
    "pwd", "random", "re", "select", "signal", "socket", "struct", "sys", "threading", "time", "unicodedata", "weakref",
    "zlib",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_UNDERLINED = re.compile(r"^(\S.*)\n([*=~^\"-])\2{2,}$", re.MULTILINE)
_UNDERLINES = '*=-~^"'  # of the language reference, outermost first


class PythonSource:
    """What stands behind ``python:`` in the name of a source.

    Ids are qualified names (``functools.lru_cache``), ``topics.NAME`` for chapters of the language reference and
    ``packages.NAME`` for the description of an installed distribution. Objects with the same text are one document, the
    other names in its field ``aliases``.

    Args:
        name: ``stdlib``, a module, a package or an installed distribution; empty for everything.

    Raises:
        UsageError: Nothing has that name.

    Example:
        >>> [document.id for document in PythonSource("bisect").documents()][:2]
        ['bisect', 'bisect.insort_right']
    """

    def __init__(self, name: str = "") -> None:
        self._groups: list[list[Module]] = []
        self._in_c: list[str] = []
        self._topics = name in ("", "stdlib")
        self._distributions: list[metadata.Distribution] = []
        if self._topics:
            self._groups, self._in_c = [_standard_library()], list(_IN_C)
            if not name:
                installed = [module for folder in _installed() for module in _modules(folder, "")]
                by_package = groupby(installed, key=lambda module: module[0].split(".")[0])
                self._groups += [list(group) for _, group in by_package]
                self._distributions = list(metadata.distributions())
            return
        if _NAME.fullmatch(name):
            self._groups = [_modules_of(name)]
            top = name.split(".")[0]
            self._in_c = [name] if name == top and name in sys.stdlib_module_names and name not in _LEFT_OUT else []
            self._distributions = _distributions_of(name)
            if self._distributions and not self._groups[0] and not self._in_c:
                self._groups = [_modules_of(module) for module in _top_level(name)]
        if not any(self._groups) and not self._in_c and not self._distributions:
            raise UsageError(f"python:{name}: no module and no installed package has this name")

    def documents(self, skip: Skip = lambda path, reason: None) -> Iterator[Document]:
        """One document for each public object that says something, in a fixed order.

        Args:
            skip: Told of every source file that cannot be parsed, and why.
        """
        in_c = self._in_c
        for group in self._groups:
            yield from _unique(_docstrings(group, in_c, skip))
            in_c = []  # they belong to the first group, the standard library
        if self._topics:
            yield from _topics()
        yield from _descriptions(self._distributions)


def _docstrings(modules: Iterable[Module], in_c: Iterable[str], skip: Skip) -> Iterator[Docstring]:
    for name, path in modules:
        try:
            yield from of_source(path, name)
        except Unreadable as error:
            skip(error.path, error.reason)
    for name in in_c:
        yield from of_module(import_module(name))


def _unique(docstrings: Iterable[Docstring]) -> Iterator[Document]:
    """A document for each text; the first object of a name counts, the first name of a text is its id."""
    same_text: dict[str, list[Docstring]] = {}
    names = set()
    for docstring in docstrings:
        if docstring.name not in names:
            names.add(docstring.name)
            same_text.setdefault(docstring.text, []).append(docstring)
    for text, (first, *others) in same_text.items():
        fields: dict[str, object] = {"kind": first.kind, "module": first.module}
        if others:
            fields["aliases"] = [other.name for other in others]
        yield Document(first.name, f"{first.signature}\n\n{text}" if first.signature else text, first.name, fields)


def _topics() -> Iterator[Document]:
    try:
        topics: dict[str, str] = import_module("pydoc_data.topics").topics
    except ImportError:  # some distributions leave it out
        return
    for name, text in sorted(topics.items()):
        text = text.strip("\n")
        spans = [
            Span("heading", found.start(), found.end(), found[1], _UNDERLINES.index(found[2]) + 1)
            for found in _UNDERLINED.finditer(text)
        ]
        yield Document(f"topics.{name}", text, spans[0].value if spans else name, {"kind": "topic"}, spans)


def _descriptions(distributions: Iterable[metadata.Distribution]) -> Iterator[Document]:
    """What each distribution says of itself on the package index."""
    seen = set()
    for distribution in distributions:
        about = distribution.metadata
        name = about["Name"]
        if not name or name in seen:  # a broken installation, or a second one that the first hides
            continue
        seen.add(name)
        parts = [about["Summary"], about["Description"]]
        text = "\n\n".join(part.strip() for part in parts if part and part.strip() not in ("", "UNKNOWN"))
        text = text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
        if text:
            spans = structure(text)[1] if "markdown" in (about["Description-Content-Type"] or "") else []
            yield Document(f"packages.{name}", text, name, {"kind": "package", "version": distribution.version}, spans)


def _standard_library() -> list[Module]:
    return sorted(_modules(sysconfig.get_path("stdlib"), ""), key=lambda module: module[0] in _OTHER_PLATFORM)


def _installed() -> list[str]:
    """The folders of third-party packages, as they are searched."""
    folders = dict.fromkeys(sys.path)
    return [folder for folder in folders if os.path.basename(folder) in ("site-packages", "dist-packages")]


def _modules(folder: str, package: str) -> Iterator[Module]:
    """The public modules in a folder, in order of their names."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    prefix = f"{package}." if package else ""
    for entry in entries:
        stem, extension = os.path.splitext(entry.name)
        if extension == ".py" and stem == "__init__":
            if package:
                yield package, entry.path
        elif extension == ".py" and stem.isidentifier():
            name = prefix + _PUBLIC_NAMES.get(stem, stem)
            if is_public(name):
                yield name, entry.path
        elif _is_package(entry):
            yield from _modules(entry.path, prefix + entry.name)


def _is_package(entry: os.DirEntry[str]) -> bool:
    named = entry.name.isidentifier() and is_public(entry.name) and entry.name not in _LEFT_OUT
    return named and entry.is_dir(follow_symlinks=False)


def _modules_of(name: str) -> list[Module]:
    """The source files of a module or package, found without importing it."""
    top = name.split(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return []
    if spec.submodule_search_locations:
        modules = [module for folder in spec.submodule_search_locations for module in _modules(folder, top)]
    elif spec.origin and spec.origin.endswith(".py"):
        modules = [(top, spec.origin)]
    else:  # frozen into the interpreter, or in C
        modules = _standard_library()
    return [module for module in modules if module[0] == name or module[0].startswith(f"{name}.")]


def _distributions_of(name: str) -> list[metadata.Distribution]:
    try:
        return [metadata.distribution(name)]
    except metadata.PackageNotFoundError:
        return []


def _top_level(distribution: str) -> list[str]:
    """The modules that a distribution installs, where they are named otherwise."""
    wanted = re.sub(r"[-_.]+", "-", distribution).lower()
    owners = metadata.packages_distributions().items()
    return sorted(top for top, names in owners if wanted in (re.sub(r"[-_.]+", "-", name).lower() for name in names))
