"""What Python packages say of their parts, as passages: the first line or the name asks, the rest answers."""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_SHORTEST, _LONGEST, _STEP, _MOST = 20, 180, 150, 360  # words: of a passage, from one to the next, of a docstring
_REFERENCE = re.compile(r"\n\s*(?:(?:Parameters|Arguments|Examples?|Returns|References|See Also)\b|Args:|>>> |:param)")
_MARKS = re.compile(r"[`*_|~=#-]{2,}|:\w+:|`")


def passages(path: str, code: str) -> Iterator[tuple[str, str]]:
    """Titles and passages of a file's docstrings; none of what does not parse or is private."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return
    module = path.rsplit("/", 1)[-1].removesuffix(".py").replace("__init__", "")
    waiting: list[tuple[ast.AST, str]] = [(tree, module)]
    while waiting:
        node, name = waiting.pop()
        waiting += [
            (child, f"{name}.{child.name}")
            for child in ast.iter_child_nodes(node)
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_")
        ]
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and (said := ast.get_docstring(node)):
            yield from _of(said, name)


def standard_library() -> Iterator[tuple[str, str]]:
    """Those of Python's own library, of whatever version runs this."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root).as_posix().lower()
        if not any(part in inside for part in ("site-packages", "test", "idlelib")):
            yield from passages(path.name, path.read_text(encoding="utf-8", errors="replace"))


def _of(said: str, name: str) -> Iterator[tuple[str, str]]:
    first, _, rest = _REFERENCE.split(said)[0].strip().partition("\n")
    words = _MARKS.sub(" ", rest).split()
    title = first.strip().rstrip(".") if 3 <= len(first.split()) <= 20 else spoken(name)
    for start in range(0, min(len(words), _MOST), _STEP):
        part = words[start : start + _LONGEST]
        if len(part) >= _SHORTEST:
            yield title, " ".join(part)


def spoken(name: str) -> str:
    """The words of a dotted name: ``BlockIndex.top_k`` is "block index top k"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", re.sub(r"[._]", " ", name))
    return " ".join(words).lower()
