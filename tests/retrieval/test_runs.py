"""Runs, judgements and queries: the formats read back what was written, and bad lines are named."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, strategies as st

from gossamer.errors import UsageError
from gossamer.retrieval.runs import ranking, read_qrels, read_queries, read_run, write_qrels, write_run

names = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=5)
scores = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("name", ["run.trec", "run.trec.gz"])
def test_a_run_survives_the_round_trip(tmp_path, name):
    run = {"q2": {"d1": 0.1 + 0.2, "d3": -1e-300, "d2": 7.0}, "q1": {"ä/b.md": 1.0}}
    write_run(tmp_path / name, run, tag="ours")
    assert read_run(tmp_path / name) == run
    raw = (tmp_path / name).read_bytes()
    text = gzip.decompress(raw).decode() if name.endswith(".gz") else raw.decode()
    assert text.splitlines()[0] == "q2 Q0 d2 1 7.0 ours"


@given(st.dictionaries(names, st.dictionaries(names, scores, min_size=1, max_size=4), max_size=3))
def test_any_run_survives_the_round_trip(tmp_path_factory, run):
    path = tmp_path_factory.mktemp("runs") / "r"
    write_run(path, run)
    assert read_run(path) == run


def test_the_rank_column_is_ignored(tmp_path):
    (tmp_path / "r").write_text("q Q0 a 1 0.5 x\nq Q0 b 2 0.9 x\n")
    assert [d for d, _ in ranking(read_run(tmp_path / "r")["q"])] == ["b", "a"]


@pytest.mark.parametrize(
    "text",
    ["q1 0 d1 2\nq1 0 d2 0\nq2 0 d1 -1\n",
     "q1\td1\t2\nq1\td2\t0\nq2\td1\t-1\n",
     "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n\nq2\td1\t-1\n",
     "\ufeffq1\t0\td1\t2\r\nq1\t0\td2\t0\r\nq2\t0\td1\t-1\r\n"],
)  # fmt: skip
def test_qrels_in_every_layout(tmp_path, text):
    (tmp_path / "plain").write_text(text, encoding="utf-8", newline="")
    with gzip.open(tmp_path / "packed.gz", "wt", encoding="utf-8", newline="") as out:
        out.write(text)
    expected = {"q1": {"d1": 2, "d2": 0}, "q2": {"d1": -1}}
    assert read_qrels(tmp_path / "plain") == expected
    assert read_qrels(tmp_path / "packed.gz") == expected
    write_qrels(tmp_path / "again", expected)
    assert read_qrels(tmp_path / "again") == expected


def test_tabs_allow_spaces_in_ids(tmp_path):
    (tmp_path / "q").write_text("q1\tmy notes/a.md\t1\n")
    assert read_qrels(tmp_path / "q") == {"q1": {"my notes/a.md": 1}}


def test_queries_in_both_formats(tmp_path):
    (tmp_path / "q.jsonl").write_text('{"id": 1, "text": "a\\tb"}\n{"_id": "x", "text": "é"}\n', encoding="utf-8")
    (tmp_path / "q.tsv").write_text("1\ta\tb\nx\té\n", encoding="utf-8")
    assert read_queries(tmp_path / "q.jsonl") == read_queries(tmp_path / "q.tsv") == {"1": "a\tb", "x": "é"}


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [(read_run, "q Q0 a 1 1.0 x\nq Q0 b 2 high x\n", "f:2: the score 'high' is not a number"),
     (read_run, "q Q0 a 1 nan x\n", "f:1: the score 'nan' is not a number"),
     (read_run, "q Q0 a 1.0\n", "f:1: 4 columns"),
     (read_run, "q Q0 a 1 1 x\nq Q0 a 2 0 x\n", "f:2: document 'a' is listed twice"),
     (read_qrels, "q 0 a 1\nq 0 b 1.5\n", "f:2: the grade 1.5 is not a whole number"),
     (read_qrels, "q 0 a 1\nq 0 b inf\n", "f:2: the grade inf is not a whole number"),
     (read_qrels, "q 0 a 1\nq 0 b good\n", "f:2: the grade 'good' is not a number"),
     (read_qrels, "q 0 a 1\nq 0 a 2\n", "f:2: document 'a' has the grade 2 for query 'q', and 1 further up"),
     (read_qrels, "q a\n", "f:1: not a judgement"),
     (read_queries, "just text\n", "f:1: not a query"),
     (read_queries, '{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}\n', "f:2: the query id '1' is used twice"),
     (read_queries, '{"id": 1}\n', 'f:1: a query needs "id" and "text"'),
     (read_queries, '{"id": \n', "f:1: not JSON"),
     (read_queries, b"1\t\xff\n", "f: not UTF-8 text")],
)  # fmt: skip
def test_bad_lines_are_named(tmp_path, read, text, message):
    (tmp_path / "f").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as error:
        read(tmp_path / "f")
    assert str(error.value).startswith(f"{tmp_path}/{message}")


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere: No such file"):
        read_run(tmp_path / "nowhere")
    whole = gzip.compress("".join(f"q Q0 d{i} {i} {i} x\n" for i in range(1000)).encode())
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for name, content in [("half.gz", whole[:-20]), ("flipped.gz", bytes(flipped)), ("not.gz", b"q Q0 a 1 1 x\n")]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=f"{name}:"):
            read_run(tmp_path / name)


@pytest.mark.parametrize("name", ["a b", "", "a\n", "\u00a0"])
def test_ids_that_the_format_cannot_carry_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match="TREC files cannot carry"):
        write_run(tmp_path / "r", {"q": {name: 1.0}})
    with pytest.raises(UsageError, match="TREC files cannot carry"):
        write_qrels(tmp_path / "r", {name: {"d": 1}})


class TestRanking:
    def test_ties_of_a_mapping_are_broken_by_the_bytes_of_the_id(self):
        ids = ["a", "b", "é", "\uffff", "\U0001f600", "10", "9"]
        order = [d for d, _ in ranking(dict.fromkeys(ids, 1.0))]
        assert order == sorted(ids, key=lambda d: d.encode(), reverse=True)

    def test_pairs_keep_their_order_among_equals(self):
        assert ranking([("a", 1.0), ("c", 1.0), ("b", 2.0)]) == [("b", 2.0), ("a", 1.0), ("c", 1.0)]

    def test_trec_compares_32_bit_floats_and_gives_pairs_no_order(self):
        close = [("a", 1.0 + 1e-12), ("b", 1.0)]
        assert ranking(close) == close
        assert ranking(close, "trec") == [("b", 1.0), ("a", 1.0 + 1e-12)]
        assert [d for d, _ in ranking({"a": 1e39, "b": 1e38}, "trec")] == ["a", "b"]

    def test_what_cannot_be_ordered_is_refused(self):
        with pytest.raises(UsageError, match="NaN"):
            ranking({"a": float("nan")})
        with pytest.raises(UsageError, match="'a' is listed twice"):
            ranking([("a", 1.0), ("b", 0.5), ("a", 0.1)])


@pytest.mark.shared_data
def test_the_collections_at_hand_can_be_read(shared):
    for name, queries, judged in [("cranfield", 225, 1837), ("vaswani", 93, 2083), ("scifact", 1109, 1258)]:
        folder = shared / "data" / "retrieval" / name
        assert len(read_queries(folder / "queries.jsonl.gz")) == queries
        assert sum(map(len, read_qrels(folder / "qrels.tsv.gz").values())) == judged
