"""``gossamer bench index``: bytes and recall can be worked out; what it times only has to be a time."""

import json

import numpy as np
import pytest
import scipy.sparse

from gossamer.app.cli.bench_index import _kth_best, _right, _rows, _strongest
from gossamer.retrieval import BlockIndex, SparseVectors
from gossamer.retrieval.synthetic import learned_sparse


@pytest.fixture(scope="module")
def vectors():
    return learned_sparse(300, 20)


@pytest.fixture
def files(tmp_path, vectors):
    """The same vectors in every format, and the queries."""
    documents, queries = vectors
    documents.save(tmp_path / "v.safetensors")
    queries.save(tmp_path / "q.safetensors")
    scipy.sparse.save_npz(tmp_path / "v.npz", documents.to_scipy())
    lines = [{"id": row, "vector": {str(t): w for t, w in one.items()}} for row, one in enumerate(documents.to_dicts())]
    (tmp_path / "v.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def measured(run, *words):
    result = run("bench", "index", *words, "--rounds", "1", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("values", ["f32", "f16", "u8"])
def test_its_figures_are_those_of_the_index(run, files, vectors, values):
    documents, queries = vectors
    report = measured(run, "v.safetensors", "--queries", "q.safetensors", "--values", values)
    stats = BlockIndex.build(documents, values=values).stats()
    assert (report["rows"], report["entries"], report["queries"]) == (300, documents.nnz, len(queries))
    assert (report["bytes"], report["parts"]) == (stats["bytes"], stats["parts"])
    assert report["bytes"] == sum(report["parts"].values())
    assert report["build"]["peak_bytes"] > report["bytes"]
    exact = next(one for one in report["curve"] if one["target"] == 1)
    assert 0 < exact["p50_us"] <= exact["p99_us"]
    cost = BlockIndex.build(documents, values=values).cost(queries, traversal="exact")
    assert (exact["postings"], exact["scored"]) == cost
    assert exact["recall"] == 1.0 if values == "f32" else 0.9 < exact["recall"] <= 1.0


@pytest.mark.parametrize("name", ["v.npz", "v.jsonl"])
def test_every_format_holds_the_same(run, files, name):
    words = ("--count", "50")
    report, saved = measured(run, name, *words), measured(run, "v.safetensors", *words)
    assert (report["rows"], report["queries"]) == (250, 50)
    for key in ("rows", "entries", "queries"):
        assert report[key] == saved[key]


def test_synthetic_vectors_need_no_file(run):
    report = measured(run, "synthetic:200", "--count", "10")
    assert (report["rows"], report["queries"]) == (200, 10)
    assert report["curve"][0]["recall"] == 1.0


def test_settings_are_chosen_on_half_of_enough_queries(run):
    report = measured(run, "synthetic:150", "--count", "2000", "--values", "f16")
    assert report["queries"] == 1000
    assert [one["target"] for one in report["curve"]] == [0.9, 0.95, 0.98, 0.99, 1.0]
    assert report["build"]["tune_cpu_s"] > 0
    # A promise about other queries of the same kind: within three standard errors of a mean of 1,000.
    assert all(one["recall"] > one["target"] - 0.02 for one in report["curve"])
    few = run("bench", "index", "synthetic:150", "--count", "1999", "--rounds", "1")
    assert "1,999 queries are too few" in few.stderr


def test_for_people(run, files):
    result = run("bench", "index", "v.safetensors", "--count", "20", "--rounds", "1")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("280 rows, ")
    assert "forward.columns" in result.stdout
    assert "postings read" in result.stdout
    assert "1.0000" in result.stdout


def test_recall_is_that_of_brute_force(vectors):
    documents, queries = vectors
    scores = np.asarray(queries.to_scipy().astype(np.float64) @ documents.to_scipy().astype(np.float64).T.toarray())
    least = _kth_best(documents, queries, 5)
    assert np.allclose(least, np.sort(scores)[:, -5], rtol=1e-6)
    for row in range(len(queries)):
        best, others = np.argsort(-scores[row])[:5], np.argsort(-scores[row])[5:7]
        assert _right(documents, queries[row], best, least[row], 5) == 1.0
        assert _right(documents, queries[row], np.array([*best[:3], *others]), least[row], 5) == 0.6
        assert _right(documents, queries[row], np.array([best[0], -1]), least[row], 5) == 0.2


def test_rows_and_their_strongest_entries(vectors):
    documents = vectors[0]
    matrix = documents.to_scipy().toarray()
    assert np.array_equal(_rows(documents, [7, 2, 7]).to_scipy().toarray(), matrix[[7, 2, 7]])
    cut = _strongest(documents, 3)
    assert np.array_equal(np.diff(cut.indptr), np.full(300, 3))
    assert np.array_equal(np.sort(cut.values.reshape(300, 3)), np.sort(matrix)[:, -3:])


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("v.txt", b"", 2, "expected .safetensors, .npz or .jsonl"),
        ("synthetic:many", None, 2, "expected synthetic: and how many rows"),
        ("synthetic:0", None, 2, "how many rows"),
        ("none.npz", None, 1, "none.npz"),
        ("v.npz", b"PK nothing", 1, "scipy.sparse.save_npz"),
        ("v.npz", b"PK\3\4 cut off", 1, "scipy.sparse.save_npz"),
        ("v.npz", b"\x93NUMPY\1\0", 1, "scipy.sparse.save_npz"),
        ("v.safetensors", b"nothing", 1, "not a file of sparse vectors"),
        ("v.jsonl", b'{"id": 1, "vector": {"a": NaN}}\n', 1, "row 0: the weight of 'a' is nan"),
        ("v.jsonl", b'{"id": 1}\n', 1, "v.jsonl:1"),
        ("v.jsonl", b'{"id": 1, "vector": {"a": 1}}\n', 2, "too few"),
        ("v.jsonl", b'{"id": 1, "vector": {"a": -1}}\n' * 9, 2, "the weight of 'a' is -1.0"),
    ],
)
def test_what_is_no_set_of_vectors_is_refused(run, tmp_path, name, content, code, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = run("bench", "index", name)
    assert (result.exit_code, message in result.stderr) == (code, True), result.output
    assert result.stderr.count("\n") == 1


def test_another_format_than_csr(run, tmp_path):
    scipy.sparse.save_npz(tmp_path / "v.npz", scipy.sparse.csc_array(np.eye(4)))
    result = run("bench", "index", "v.npz")
    assert result.exit_code == 1
    assert "tocsr()" in result.stderr


def test_an_index_may_be_called_index(run, library, tmp_path):
    (tmp_path / "index").symlink_to(library)
    result = run("bench", "./index", "--rounds", "1")
    assert result.exit_code == 0, result.output


def test_queries_by_name_of_another_vocabulary(run, tmp_path):
    SparseVectors.from_dicts([{"a": 1.0, "b": 2.0}, {"b": 1.0}, {"c": 1.0}, {"a": 3.0}]).save(
        tmp_path / "v.safetensors"
    )
    SparseVectors.from_dicts([{"new": 1.0, "a": 1.0}]).save(tmp_path / "q.safetensors")
    report = measured(run, "v.safetensors", "--queries", "q.safetensors", "--k", "2")
    assert report["curve"][0]["recall"] == 1.0
