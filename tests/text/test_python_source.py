"""The documentation of Python itself: names, texts, aliases; nothing that is installed is imported."""

from __future__ import annotations

import bisect
import inspect
import json
import sys
import zlib

import pytest

from gossamer.errors import UsageError
from gossamer.text.readers.python_source import PythonSource


def documents(name, skipped=None):
    """Documents by id."""
    skip = (lambda path, reason: None) if skipped is None else (lambda path, reason: skipped.append((path, reason)))
    found = list(PythonSource(name).documents(skip))
    by_id = {document.id: document for document in found}
    assert len(by_id) == len(found)
    return by_id


@pytest.fixture(scope="module")
def stdlib():
    return documents("stdlib")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty folder of installed packages."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_every_public_object_of_a_module_is_a_document():
    found = documents("bisect")
    assert set(found) == {
        "bisect",
        "bisect.bisect_left",
        "bisect.bisect_right",
        "bisect.insort_left",
        "bisect.insort_right",
    }
    document = found["bisect.insort_right"]
    assert document.title == "bisect.insort_right"
    assert document.text.splitlines()[0] == "insort_right(a, x, lo=0, hi=None, *, key=None)"
    assert document.text.endswith(inspect.getdoc(bisect.insort_right))
    assert document.fields == {"kind": "function", "module": "bisect", "aliases": ["bisect.insort"]}


def test_modules_in_c_are_looked_at():
    found = documents("zlib")
    assert (
        found["zlib.compress"].text == f"compress{inspect.signature(zlib.compress)}\n\n{inspect.getdoc(zlib.compress)}"
    )
    assert found["zlib"].fields["kind"] == "module"


@pytest.mark.parametrize(
    "name",
    [
        "functools.lru_cache", "subprocess.run", "collections.Counter.most_common", "itertools.groupby", "math.gcd",
        "builtins.str.strip", "builtins.str.encode", "os.getcwd", "os.chmod", "sys.exit", "bz2.compress",
        "posixpath.split", "shutil.rmtree", "datetime.timedelta", "heapq.merge", "atexit.register", "cmath.sqrt",
        "contextlib.suppress", "urllib.request", "html.escape", "time.strftime", "hashlib.scrypt", "weakref.finalize",
        "decimal.Decimal.quantize", "threading.Lock", "csv", "collections.deque.appendleft",
    ],
)  # fmt: skip
def test_the_standard_library_has_what_everyone_knows(stdlib, name):
    aliases = {alias for document in stdlib.values() for alias in document.fields.get("aliases", ())}
    assert name in stdlib or name in aliases


def test_the_standard_library_is_a_corpus(stdlib):
    topics = [document for name, document in stdlib.items() if name.startswith("topics.")]
    others = [document for document in stdlib.values() if document not in topics]
    assert 5000 < len(others) < 9000
    assert 1_200_000 < sum(len(document.text) for document in others) < 2_500_000
    assert all(len(document.text) >= 15 for document in others)
    for left_out in ("test", "idlelib", "lib2to3", "turtledemo", "encodings", "pydoc_data"):
        assert not any(document.fields["module"].split(".")[0] == left_out for document in others)
    assert not any(part.startswith("_") and not part.endswith("__") for d in others for part in d.id.split("."))


def test_the_same_text_is_one_document(stdlib):
    assert "ntpath.commonpath" in stdlib["posixpath.commonpath"].fields["aliases"]
    assert "ntpath.commonpath" not in stdlib
    assert list(stdlib) == list(documents("stdlib"))


def test_chapters_of_the_language_reference_have_headings(stdlib):
    pytest.importorskip("pydoc_data.topics", reason="this Python comes without the language reference")
    topic = stdlib["topics.specialnames"]
    assert topic.title == "Special method names"
    headings = {topic.text[span.start : span.end]: (span.value, span.level) for span in topic.spans}
    assert headings["Special method names\n********************"] == ("Special method names", 1)
    assert any(level > 1 for _, level in headings.values())


def test_every_document_can_be_written_as_json(stdlib):
    for document in stdlib.values():
        json.dumps(document.to_dict(), ensure_ascii=False).encode()


PACKAGE = '''
"""A package that must not be run."""
raise SystemExit("it was imported")
class Wing(dict, metaclass=type):
    """What lifts an aeroplane."""
    async def lift(self, angle: float = 2 / 3, *, density=1.2) -> float:
        """Upward force, newtons."""
    def _inner(self):
        """Nobody's business but mine."""
    class Tip:
        """The end of a wing."""
if True:
    try:
        def drag(v):
            """Backward force, newtons."""
    except ImportError:
        def drag(v):
            """Another text of the same name."""
def short():
    "Too short."
def surrogate():
    "Half a \\ud800 pair in here."
def many(a="DEFAULT"):
    """A default that is too long to show."""
'''.replace("DEFAULT", "x" * 400)


def test_installed_packages_are_parsed_and_never_imported(site):
    package = site / "aeroplane_x"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE)
    (package / "broken.py").write_text("def f(:\n")
    (package / "sub.py").write_text('"""A module of the package."""\n')
    (package / "_private.py").write_text('"""A private module of it."""\n')
    (package / "tests" / "__init__.py").write_text('"""Tests of the package."""\n')
    skipped = []
    found = documents("aeroplane_x", skipped)
    assert {name: document.text for name, document in found.items()} == {
        "aeroplane_x": "A package that must not be run.",
        "aeroplane_x.Wing": "class Wing(dict, metaclass=type)\n\nWhat lifts an aeroplane.",
        "aeroplane_x.Wing.lift": "lift(self, angle: float=2 / 3, *, density=1.2)\n\nUpward force, newtons.",
        "aeroplane_x.Wing.Tip": "class Tip\n\nThe end of a wing.",
        "aeroplane_x.drag": "drag(v)\n\nBackward force, newtons.",
        "aeroplane_x.surrogate": "surrogate()\n\nHalf a ? pair in here.",
        "aeroplane_x.many": "many(...)\n\nA default that is too long to show.",
        "aeroplane_x.sub": "A module of the package.",
    }
    assert [(path, reason.split(" (")[0]) for path, reason in skipped] == [
        (str(package / "broken.py"), "not parseable as Python")
    ]
    assert "aeroplane_x" not in sys.modules
    assert set(documents("aeroplane_x.sub")) == {"aeroplane_x.sub"}


def test_distributions_are_described_and_lead_to_their_modules(site):
    (site / "flying.py").write_text('"""A module that is named otherwise."""\n')
    info = site / "Aero_Plane-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: Aero.Plane\nVersion: 1.2\nSummary: Things that fly\n"
        "Description-Content-Type: text/markdown\n\n# Aero\n\nIt flies.\n"
    )
    (info / "RECORD").write_text("flying.py,,\n")
    (info / "top_level.txt").write_text("flying\n")
    found = documents("aero-plane")
    assert set(found) == {"flying", "packages.Aero.Plane"}
    document = found["packages.Aero.Plane"]
    assert document.text == "Things that fly\n\n# Aero\n\nIt flies."
    assert document.fields == {"kind": "package", "version": "1.2"}
    assert [(document.text[s.start : s.end], s.value) for s in document.spans] == [("# Aero", "Aero")]


def test_everything_includes_the_installed_packages(site, monkeypatch):
    (site / "zzz_last.py").write_text('"""The last of the modules."""\n')
    (site / "Flying-2.0.dist-info").mkdir()
    (site / "Flying-2.0.dist-info" / "METADATA").write_text("Name: Flying\nVersion: 2.0\nSummary: It flies\n")
    others = [entry for entry in sys.path if not entry.endswith("-packages")]
    monkeypatch.setattr(sys, "path", [str(site), *others])
    found = documents("")
    assert "functools.lru_cache" in found
    assert list(found)[-1] == "packages.Flying"
    assert found["packages.Flying"].text == "It flies"
    assert found["zzz_last"].text == "The last of the modules."


@pytest.mark.parametrize("name", ["no_such_thing", "../etc", "a b", "os.path.nothing", "."])
def test_a_name_of_nothing_is_an_error(name):
    with pytest.raises(UsageError, match=f"python:{name}"):
        PythonSource(name)
