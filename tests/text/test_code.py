"""Source code: every function and class is a heading, the rest is code; what does not parse is kept."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st
from reading import read_one, reason, spanned

from gossamer.text.passages import split

SOURCES = {
    "wing.py": (
        "@deco\nclass Wing:\n    def lift(self,\n             a):\n        def inner(): pass\nasync def drag(): ...\n",
        [
            ("class Wing:", "Wing", 1),
            ("def lift(self,", "lift", 2),
            ("def inner(): pass", "inner", 3),
            ("async def drag(): ...", "drag", 1),
        ],
    ),
    "wing.c": (
        "/* é */ struct wing {\n  int a;\n};\nstatic int *lift(int a)\n{\n  return 0;\n}\nstruct wing w;\n",
        [("/* é */ struct wing {", "wing", 1), ("static int *lift(int a)", "lift", 1)],
    ),
    "wing.cpp": (
        "namespace n {\nclass W : B {\n  int lift() const { return 1; }\n};\nint W::drag(int x) { return x; }\n}\n",
        [
            ("namespace n {", "n", 1),
            ("class W : B {", "W", 2),
            ("int lift() const { return 1; }", "lift", 3),
            ("int W::drag(int x) { return x; }", "W::drag", 2),
        ],
    ),
    "Wing.java": (
        "class Wing {\n  Wing() {}\n  void lift() {\n  }\n}\n",
        [("class Wing {", "Wing", 1), ("Wing() {}", "Wing", 2), ("void lift() {", "lift", 2)],
    ),
    "wing.js": (
        "export default function lift() {}\nclass W {\n  m() {}\n}\n",
        [("export default function lift() {}", "lift", 1), ("class W {", "W", 1), ("m() {}", "m", 2)],
    ),
    "wing.ts": (
        "interface I { a: number }\nexport class W<T> {\n  m(): void {}\n}\n",
        [("interface I { a: number }", "I", 1), ("export class W<T> {", "W", 1), ("m(): void {}", "m", 2)],
    ),
    "wing.tsx": ("function Wing() {\n  return <b>x</b>;\n}\n", [("function Wing() {", "Wing", 1)]),
    "wing.go": (
        "package p\ntype W struct {}\nfunc (w W) Lift() int { return 1 }\n",
        [("type W struct {}", "W", 1), ("func (w W) Lift() int { return 1 }", "Lift", 1)],
    ),
    "wing.rs": (
        "impl W {\n    fn lift(&self) {}\n}\nmod m { fn g() {} }\n",
        [("impl W {", "W", 1), ("fn lift(&self) {}", "lift", 2), ("mod m { fn g() {} }", "m", 1)],
    ),
    "wing.rb": (
        "module M\n  class W\n    def lift\n    end\n  end\nend\n",
        [("module M", "M", 1), ("class W", "W", 2), ("def lift", "lift", 3)],
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_functions_and_classes_are_headings_and_the_rest_is_code(name):
    source, headings = SOURCES[name]
    document = read_one("code", source.encode(), path=name)
    assert document.text == source
    assert spanned(document, "heading") == headings
    shown = "".join(source[span.start : span.end] for span in document.spans)
    assert "".join(shown.split()) == "".join(source.split())


def test_a_passage_names_the_function_it_stands_in():
    source = "class Wing:\n    def lift(self):\n        return 'upwards on the wing'\n"
    passages = split(read_one("code", source.encode(), path="a.py"))
    assert passages[-1].headings[:1] == ("Wing",)


@pytest.mark.parametrize(("name", "language"), [("a.py", "python"), ("a.c", "c"), ("a.tsx", "typescript")])
def test_code_that_does_not_parse_is_kept(name, language):
    document = read_one("code", b"def ((( {{{ \xe9", path=name)
    assert "def (((" in document.text
    assert document.fields == {"language": language}


def test_without_a_grammar_the_file_is_one_stretch_of_code(monkeypatch):
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    document = read_one("code", b"int main() {}\n", path="a.c")
    assert spanned(document, "code") == [("int main() {}", "c", 0)]
    assert spanned(document, "heading") == []


@pytest.mark.parametrize(
    ("name", "piece"), [("a.c", "{"), ("a.py", "("), ("a.js", "["), ("a.rb", "class A\n"), ("a.py", "a.")]
)
def test_hostile_nesting_ends(name, piece):
    assert read_one("code", (piece * 20_000).encode(), path=name).text == piece * 20_000


def test_files_without_text_are_refused():
    assert reason("code", b"") == "empty file"


@given(
    st.sampled_from(sorted(SOURCES)),
    st.integers(0, 60),
    st.integers(0, 20),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
)
@settings(max_examples=60)
def test_spans_of_broken_code_are_ordered_and_apart(name, at, length, piece):
    source = SOURCES[name][0]
    source = source[:at] + piece.encode("utf-8", "replace").decode() + source[at + length :]
    spans = read_one("code", source.encode() + b"x", path=name).spans
    assert all(before.end <= after.start for before, after in pairwise(spans))
