"""Docstrings of Python modules: of source files, which are not run, and of modules written in C, which are imported."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from gossamer.errors import Unreadable

_MIN_CHARACTERS = 15
_MAX_SOURCE = 4 << 20
_MAX_SIGNATURE = 300

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Docstring:
    """What one public object says of itself.

    Args:
        name: Its qualified name, ``functools.lru_cache``.
        module: The module it stands in, ``functools``.
        kind: ``module``, ``class`` or ``function``.
        signature: ``lru_cache(maxsize=128, typed=False)``; empty where there is none.
        text: The docstring without its indentation.
    """

    name: str
    module: str
    kind: str
    signature: str
    text: str


def is_public(name: str) -> bool:
    """Whether no part of a qualified name is private; names such as ``__init__`` are not."""
    return not any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def of_source(path: str, module: str) -> Iterator[Docstring]:
    """Docstrings of a source file, which is parsed and never run.

    Args:
        path: The file.
        module: The name it is imported by.

    Raises:
        Unreadable: It cannot be read, or is not Python of the running version.
    """
    try:
        source = Path(path).read_bytes()
        if len(source) > _MAX_SOURCE:
            raise Unreadable(path, f"more than {_MAX_SOURCE >> 20} MiB of Python source")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in other people's code
            tree = ast.parse(source)
        found = [*_docstring(tree, module, module, "module", ""), *_definitions(tree.body, module, module)]
    except OSError as error:
        raise Unreadable(path, (error.strerror or str(error)).lower()) from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(path, f"not parseable as Python ({error})") from None
    yield from found


def _definitions(body: list[ast.stmt], scope: str, module: str) -> Iterator[Docstring]:
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if not is_public(node.name):
                continue
            name = f"{scope}.{node.name}"
            if isinstance(node, ast.ClassDef):
                bases = _source([*node.bases, *node.keywords])
                signature = f"class {node.name}({bases})" if bases else f"class {node.name}"
                yield from _docstring(node, name, module, "class", signature)
                yield from _definitions(node.body, name, module)
            else:
                yield from _docstring(node, name, module, "function", f"{node.name}({_source([node.args])})")
        else:  # definitions may stand under `if` and `try`
            for branch in ("body", "handlers", "orelse", "finalbody"):
                yield from _definitions(getattr(node, branch, []), scope, module)


def _docstring(node: _Documented, name: str, module: str, kind: str, signature: str) -> Iterator[Docstring]:
    text = _clean(ast.get_docstring(node) or "")
    if len(text) >= _MIN_CHARACTERS:
        yield Docstring(name, module, kind, _clean(signature), text)


def _source(nodes: Sequence[ast.AST]) -> str:
    text = ", ".join(map(ast.unparse, nodes))
    return text if len(text) <= _MAX_SIGNATURE else "..."


def of_module(module: ModuleType) -> Iterator[Docstring]:
    """Docstrings of the public objects of an imported module that are written in C."""
    name = module.__name__
    yield from _live(module, name, name, "module")
    for attribute, value in sorted(vars(module).items()):
        if not is_public(attribute):
            continue
        full = f"{name}.{attribute}"
        if inspect.isclass(value):
            members = sorted(vars(value).items())
            # A class of another module, or with methods in Python, is found in that module's source.
            if value.__module__ in (name, f"_{name}") and not any(inspect.isfunction(member) for _, member in members):
                yield from _live(value, full, name, "class")
                for member, method in members:
                    if is_public(member) and member != "__doc__":
                        yield from _live(method, f"{full}.{member}", name, "function")
        elif inspect.isbuiltin(value):
            yield from _live(value, full, name, "function")


def _live(value: object, name: str, module: str, kind: str) -> Iterator[Docstring]:
    text = inspect.cleandoc(_clean(value.__doc__)) if isinstance(value.__doc__, str) else ""
    if len(text) < _MIN_CHARACTERS:
        return
    short, signature = name.rpartition(".")[2], ""
    if kind == "function" and not text.startswith(f"{short}("):
        try:
            signature = f"{short}{inspect.signature(value)}" if callable(value) else ""
        except (TypeError, ValueError):  # many functions in C do not tell
            signature = ""
    yield Docstring(name, module, kind, signature, text)


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which a string literal may hold and no file may."""
    return text.encode("utf-8", "replace").decode("utf-8")
