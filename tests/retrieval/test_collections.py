"""Collections: every layout gives the same documents, queries and judgements; what is wrong is named with its place."""

import gzip
import json
import sys
from types import SimpleNamespace

import pytest

from gossamer.errors import UsageError
from gossamer.retrieval.collections import Collection, looks_like, read_collection

DOCUMENTS = {"d1": "Wings\nThey lift.", "d2": "Boats float.", "d3": ""}
QUERIES = {"q1": "what lifts", "q2": "what floats"}
QRELS = {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 1}}


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


DOCS = lines([
    {"_id": "d1", "title": "Wings", "text": "They lift."}, {"_id": "d2", "title": "Boats", "text": "Boats float."},
    {"_id": "d3", "title": "", "text": ""},
])  # fmt: skip
ASKED = lines([{"_id": "q1", "text": "what lifts"}, {"_id": "q2", "text": "what floats"}, {"_id": "q9", "text": "?"}])
JUDGED = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\n"
SGML = """<DOC>
<DOCNO> d1 </DOCNO>
<TITLE>Wings</TITLE><TEXT>
They &lt;lift&gt;.</TEXT>
</DOC>
<DOC><DOCNO>d2</DOCNO> Boats float. </DOC>
"""
TOPICS = """<top>
<num> Number: q1
<title> Topic: what lifts
<desc> Description:
not read
</top>
<top><num>q2<title>what floats</top>
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text)
    return folder


def check(collection):
    assert dict(collection.documents) == DOCUMENTS
    assert dict(collection.documents) == DOCUMENTS  # gone through anew
    assert collection.queries == QUERIES
    assert collection.qrels == QRELS


@pytest.mark.parametrize("end", ["", ".gz"])
def test_beir(tmp_path, end):
    files = {"corpus.jsonl": DOCS, "queries.jsonl": ASKED, "qrels/test.tsv": JUDGED, "qrels/dev.tsv": "q9\td1\t1\n"}
    write(tmp_path / "set", {name + end: text for name, text in files.items()})
    found = read_collection(tmp_path / "set")
    check(found)
    assert found.name == "set/test"
    assert read_collection(tmp_path / "set", split="dev").queries == {"q9": "?"}
    assert looks_like(tmp_path / "set")
    with pytest.raises(UsageError, match="no split 'train'; there are dev, test"):
        read_collection(tmp_path / "set", split="train")


def test_a_folder_whose_queries_have_splits(tmp_path):
    asked = lines([
        {"id": "q1", "text": "what lifts", "split": "dev"}, {"id": "q2", "text": "what floats", "split": "dev"},
        {"id": "q3", "text": "else", "split": "train"},
    ])  # fmt: skip
    write(tmp_path, {"docs.jsonl.gz": DOCS, "queries.jsonl.gz": asked, "qrels.tsv.gz": JUDGED + "q3\td1\t1\n"})
    check(read_collection(tmp_path))
    assert list(read_collection(tmp_path, split="train").queries) == ["q3"]
    with pytest.raises(UsageError, match="no split 'test'; there are dev, train"):
        read_collection(tmp_path, split="test")


def test_trec(tmp_path):
    write(tmp_path, {"d.trec": SGML, "topics": TOPICS, "qrels": "q1 0 d1 2\nq1 0 d2 0\nq2 0 d2 1\n"})
    found = read_collection(tmp_path / "d.trec", queries=tmp_path / "topics", qrels=tmp_path / "qrels")
    assert dict(found.documents) == {"d1": "Wings They <lift>.", "d2": "Boats float."}
    assert (found.queries, found.qrels) == (QUERIES, QRELS)


def test_tab_separated_documents(tmp_path):
    write(tmp_path, {"docs.tsv": "d1\tWings\tThey lift.\nd2\tBoats float.\nd3\t\n", "q.jsonl": ASKED, "r": JUDGED})
    check(read_collection(tmp_path / "docs.tsv", queries=tmp_path / "q.jsonl", qrels=tmp_path / "r"))


def test_an_id_of_ir_datasets(monkeypatch):
    class Data:
        has_docs = has_queries = has_qrels = lambda self: True

        def docs_iter(self):
            for record in map(json.loads, DOCS.splitlines()):
                yield SimpleNamespace(
                    doc_id=record["_id"], title=record["title"], text=record["text"], default_text=lambda: ""
                )

        def queries_iter(self):
            return (SimpleNamespace(query_id=q, default_text=lambda t=t: t) for q, t in QUERIES.items())

        def qrels_iter(self):
            return (SimpleNamespace(query_id=q, doc_id=d, relevance=g) for q in QRELS for d, g in QRELS[q].items())

    def load(name):
        return {"beir/tiny/test": Data()}[name]

    monkeypatch.setitem(sys.modules, "ir_datasets", SimpleNamespace(load=load))
    check(read_collection("beir/tiny/test"))
    with pytest.raises(UsageError, match="no such id"):
        read_collection("beir/none")
    for part in ("queries_iter", "docs_iter"):

        def fail(self):
            raise RuntimeError("All download sources failed", ["http://..."])
            yield

        monkeypatch.setattr(Data, part, fail)
        with pytest.raises(UsageError, match=r"cannot fetch it: All download sources failed$"):
            read_collection("beir/tiny/test").ids  # noqa: B018
        monkeypatch.undo()
        monkeypatch.setitem(sys.modules, "ir_datasets", SimpleNamespace(load=load))
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(UsageError, match=r"gossamer\[collections\]"):
        read_collection("beir/tiny/test")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"corpus.jsonl": DOCS + "{\n"}, r"corpus.jsonl:4: not JSON"),
        ({"corpus.jsonl": '{"_id": "a"}\n'}, r"corpus.jsonl:1: a document needs"),
        ({"corpus.jsonl": "no tab\n"}, r"corpus.jsonl:1: not a document"),
        ({"corpus.jsonl": DOCS + DOCS}, "two documents have the id 'd1'"),
        ({"corpus.jsonl": "\n"}, "no documents"),
        ({"corpus.jsonl": "<DOC><DOCNO>1</DOCNO>\n"}, r"corpus.jsonl:1: <DOC> has no end"),
        ({"corpus.jsonl": "<DOC> text </DOC>\n"}, r"corpus.jsonl:1: there is no id"),
        ({"queries.jsonl": "<top><num>1</top>\n"}, r"queries.jsonl:1: topic 1 has no <title>"),
        ({"queries.jsonl": '{"_id": "q1"}\n'}, r"queries.jsonl:1: a query needs"),
        ({"qrels/test.tsv": "q1\td1\n"}, r"test.tsv:1: not a judgement"),
        ({"qrels/test.tsv": "7\td1\t1\n"}, "ids of one kind"),
        ({"qrels/test.tsv": "q1\td1\t0\n"}, "no query has a relevant document"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, changed, message):
    files = {"corpus.jsonl": DOCS, "queries.jsonl": ASKED, "qrels/test.tsv": JUDGED, **changed}
    with pytest.raises(UsageError, match=message):
        read_collection(write(tmp_path, files)).ids  # noqa: B018


def test_missing_files(tmp_path):
    with pytest.raises(UsageError, match="no corpus or docs"):
        read_collection(tmp_path)
    write(tmp_path, {"docs.jsonl": DOCS})
    with pytest.raises(UsageError, match="no queries or topics"):
        read_collection(tmp_path)
    with pytest.raises(UsageError, match="--queries FILE --qrels FILE"):
        read_collection(tmp_path / "docs.jsonl")
    with pytest.raises(UsageError, match="no such file or folder"):
        read_collection(tmp_path / "absent", queries="q", qrels="r")


def test_queries_numbered_otherwise_than_their_judgements(tmp_path):
    """As in Cranfield's own files: numbers 1, 2, 4, 8, judged as 1 to 4."""
    asked = "".join(f"{number}\ttext\n" for number in (1, 2, 4, 8))
    judged = "".join(f"{number}\td1\t1\n" for number in range(1, 5))
    write(tmp_path, {"docs.jsonl": DOCS, "queries.tsv": asked, "qrels.tsv": judged})
    with pytest.warns(UserWarning, match="1 of 4 judged queries are not there .*Cranfield"):
        read_collection(tmp_path)


def test_the_fingerprint_sees_every_byte_and_the_order():
    def of(documents):
        return Collection.of(documents, {"q": "x"}, {"q": {"a": 1}}).fingerprint

    base = of({"a": "x", "b": "y"})
    assert base == of({"a": "x", "b": "y"})
    assert len({base, of({"b": "y", "a": "x"}), of({"a": "xb", "": "y"}), of({"a": "x", "b": "z"})}) == 4


def test_grades_as_one():
    collection = Collection.of({"a": ""}, {"q": ""}, {"q": {"a": 3, "b": -1}, "r": {"a": 0}})
    assert collection.binary().qrels == {"q": {"a": 1, "b": -1}, "r": {"a": 0}}
