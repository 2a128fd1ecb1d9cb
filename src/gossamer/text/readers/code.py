"""Source code: the file as it stands, functions and classes as headings, the stretches between them as code.

Python is parsed by itself; other languages by tree-sitter, whose grammars the extra ``formats`` installs.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from gossamer.text.documents import Document, Span
from gossamer.text.readers.encoding import is_binary, read_text
from gossamer.text.readers.registry import Options, Reader, register

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class _Grammar:
    """A language of tree-sitter: its module, the function in it, and the nodes that define something with a name."""

    module: str
    definitions: frozenset[str]
    function: str = "language"


_C = ["function_definition", "struct_specifier", "union_specifier", "enum_specifier"]
_JAVASCRIPT = ["function_declaration", "generator_function_declaration", "class_declaration", "method_definition"]
_TYPES = ("abstract_class_declaration", "interface_declaration", "enum_declaration", "type_alias_declaration")
_TYPESCRIPT = frozenset([*_JAVASCRIPT, *_TYPES])
_GRAMMARS = {
    "c": _Grammar("tree_sitter_c", frozenset(_C)),
    "cpp": _Grammar("tree_sitter_cpp", frozenset([*_C, "class_specifier", "namespace_definition"])),
    "go": _Grammar("tree_sitter_go", frozenset(["function_declaration", "method_declaration", "type_spec"])),
    "java": _Grammar(
        "tree_sitter_java",
        frozenset(f"{kind}_declaration" for kind in ("class", "interface", "enum", "record", "method", "constructor")),
    ),
    "javascript": _Grammar("tree_sitter_javascript", frozenset(_JAVASCRIPT)),
    "ruby": _Grammar("tree_sitter_ruby", frozenset(["class", "module", "method", "singleton_method"])),
    "rust": _Grammar(
        "tree_sitter_rust",
        frozenset(f"{kind}_item" for kind in ("function", "struct", "enum", "trait", "impl", "mod")),
    ),
    "tsx": _Grammar("tree_sitter_typescript", _TYPESCRIPT, "language_tsx"),
    "typescript": _Grammar("tree_sitter_typescript", _TYPESCRIPT, "language_typescript"),
}
_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".c": "c", ".h": "cpp", ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".hh": "cpp",
    ".hpp": "cpp", ".hxx": "cpp", ".go": "go", ".java": "java", ".js": "javascript", ".mjs": "javascript",
    ".cjs": "javascript", ".jsx": "javascript", ".rb": "ruby", ".rs": "rust", ".ts": "typescript", ".mts": "typescript",
    ".tsx": "tsx",
}  # fmt: skip
_NAMES = frozenset(["identifier", "field_identifier", "type_identifier", "qualified_identifier", "destructor_name"])
_MAX_LEVEL = 9
_MAX_NAME = 200


class _Definition(NamedTuple):
    """A function or class: the line that it starts in, its name and how deep it stands in others."""

    line: int
    name: str
    level: int


@register
class CodeReader(Reader):
    """One document with its structure."""

    name = "code"
    extensions = tuple(_LANGUAGES)
    risky = True  # grammars are C, and compilers call themselves

    def matches(self, head: bytes, path: str) -> float:
        """0.9 by name; a language is not guessed."""
        return 0.9 if self.named(path) and not is_binary(head) else 0.0

    def read(self, stream: BinaryIO, path: str, options: Options) -> Iterator[Document]:
        """One document with the field ``language``; code that does not parse, or whose grammar is missing, is plain."""
        text = read_text(stream, path, options)
        name = path.lower().removesuffix(".gz")
        language = next((_LANGUAGES[ending] for ending in _LANGUAGES if name.endswith(ending)), "")
        definitions = _of_python(text) if language == "python" else _of_grammar(text, language)
        fields = {"language": "typescript" if language == "tsx" else language} if language else {}
        yield Document(options.document_id or path, text, fields=fields, spans=_spans(text, definitions, language))


def _of_python(text: str) -> Iterator[_Definition]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in other people's code
            waiting: list[tuple[ast.AST, int]] = [(ast.parse(text), 1)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    while waiting:
        node, level = waiting.pop()
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield _Definition(node.lineno - 1, node.name, level)
            level = min(level + 1, _MAX_LEVEL)
        if not isinstance(node, ast.expr):
            waiting += ((inner, level) for inner in ast.iter_child_nodes(node))


def _of_grammar(text: str, language: str) -> Iterator[_Definition]:
    grammar = _GRAMMARS.get(language)
    try:
        tree_sitter = import_module("tree_sitter")
        found = getattr(import_module(grammar.module), grammar.function)() if grammar else None
    except ImportError:
        return
    if grammar is None:
        return
    tree = tree_sitter.Parser(tree_sitter.Language(found)).parse(text.encode())
    waiting: list[tuple[Node, int]] = [(tree.root_node, 1)]
    while waiting:
        node, level = waiting.pop()
        if node.type in grammar.definitions and (name := _name(node)):
            yield _Definition(node.start_point[0], name, level)
            level = min(level + 1, _MAX_LEVEL)
        waiting += ((inner, level) for inner in node.named_children)


def _name(node: Node) -> str:
    """The name of a definition; in C it stands inside declarators, and what has no body only mentions a type."""
    if node.type.endswith("_specifier") and not node.child_by_field_name("body"):
        return ""
    field = "type" if node.type == "impl_item" else "declarator"
    found = node.child_by_field_name("name") or node.child_by_field_name(field)
    while found and found.type not in _NAMES and (inner := found.child_by_field_name("declarator")):
        found = inner
    text = (found.text or b"").decode("utf-8", "replace") if found else ""
    return " ".join(text.split()) if len(text) <= _MAX_NAME else ""


def _spans(text: str, definitions: Iterable[_Definition], language: str) -> list[Span]:
    """The line of each definition as a heading, and what stands before, between and behind those lines as code."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    spans: list[Span] = []
    at = 0

    def code(end: int) -> Iterator[Span]:
        start = at + len(text[at:end]) - len(text[at:end].lstrip("\n"))
        end = start + len(text[start:end].rstrip())
        if start < end and language:
            yield Span("code", start, end, language)

    headed = -1  # one heading a line
    for number, name, level in sorted(definitions, key=lambda definition: (definition.line, definition.level)):
        if headed < number < len(lines):
            headed = number
            line, start = lines[number], starts[number]
            heading = Span("heading", start + len(line) - len(line.lstrip()), start + len(line.rstrip()), name, level)
            spans += [*code(start), heading]
            at = start + len(line)
    return [*spans, *code(len(text))]
