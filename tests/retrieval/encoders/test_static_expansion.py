"""Static expansion: both formulas against loops that spell them out, what is kept on disk, and what it is for."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.retrieval.encoders.tiny_tokenizer import tokenizer_json

from gossamer.errors import UsageError
from gossamer.retrieval import SparseEncoder, SparseVectors
from gossamer.retrieval.encoders.static_expansion import StaticExpansion
from gossamer.retrieval.training.static_expansion import train_static_expansion

WORDS = ["[UNK]", "car", "automobile", "engine", "boat", "sea", "the"]
TOKENIZER = tokenizer_json(WORDS)
SIZE = len(WORDS)

texts = st.lists(st.lists(st.sampled_from(WORDS[1:]), max_size=8).map(" ".join), min_size=1, max_size=7)
matrices = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random((SIZE, SIZE)))


def sparse(dense):
    return SparseVectors.from_dicts(
        [{WORDS[column]: value for column, value in enumerate(row) if value} for row in dense.tolist()], WORDS
    )


def dense(vectors):
    return vectors.to_scipy().toarray()


@settings(max_examples=40)
@given(texts, matrices, st.sampled_from([None, 1, 3]))
def test_a_document_is_the_sum_of_its_words_rows(given_texts, matrix, top_k):
    rows = sparse(np.where(matrix > 0.4, matrix, 0).astype(np.float32))
    encoder = StaticExpansion(TOKENIZER, rows, np.ones(SIZE, np.float32), top_k=top_k)
    found = dense(encoder.encode_documents(given_texts))
    for text, row in zip(given_texts, found, strict=True):
        expected = np.zeros(SIZE)
        for word, count in Counter(text.split()).items():
            expected += math.log(1 + count) * dense(rows)[WORDS.index(word)]
        if top_k is not None:
            expected[np.argsort(-expected, kind="stable")[top_k:]] = 0
        assert row == pytest.approx(np.log(1 + expected), rel=1e-5)


@settings(max_examples=40)
@given(texts, st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_a_row_is_what_passages_with_the_word_have_above_all(given_texts, seed, neighbours):
    teacher = np.random.default_rng(seed).random((len(given_texts), SIZE)).astype(np.float32)
    teacher[teacher < 0.5] = 0
    options = {"neighbours": neighbours, "share": 0.25, "fewest": 1}
    encoder = train_static_expansion(given_texts, sparse(teacher), TOKENIZER, **options)
    for term, word in enumerate(WORDS):
        holding = [number for number, text in enumerate(given_texts) if word in text.split()]
        if not holding or word == "[UNK]":
            continue
        above = teacher[holding].astype(float).mean(0) - teacher.astype(float).mean(0)
        kept = np.sort(above)[::-1][:neighbours]
        row = dense(encoder.rows)[term] / np.where(np.arange(SIZE) == term, 1, 0.25)
        assert np.sort(row)[::-1][:neighbours] == pytest.approx(np.maximum(kept, 0), abs=1e-6)
        assert row[row > 0] == pytest.approx(above[row > 0], abs=1e-6)


PASSAGES = ["car engine"] * 4 + ["automobile engine"] * 4 + ["boat the sea"] * 4 + ["the sea"]
# A teacher that takes both words for one.
TEACHER = sparse(
    np.array(
        [[0, 1, 0.8, 0.5, 0, 0, 0]] * 8 + [[0, 0, 0, 0, 1, 0.6, 0.1]] * 4 + [[0, 0, 0, 0, 0, 0.6, 0.1]], np.float32
    )
)


@pytest.fixture(scope="module")
def encoder():
    return train_static_expansion(PASSAGES, TEACHER, TOKENIZER, fewest=2)


def test_it_finds_what_is_said_in_other_words(encoder):
    documents = ["automobile", "boat sea", "the"]
    scores = dense(encoder.encode_queries(["car"])) @ dense(encoder.encode_documents(documents)).T
    assert scores[0].argmax() == 0
    assert scores[0, 0] > 0 == scores[0, 1]


def test_special_and_rare_words(encoder):
    assert dense(encoder.encode_queries(["zebra zebra"])).sum() == 0
    assert dense(encoder.encode_documents(["zebra", ""])).sum() == 0
    rare = train_static_expansion(PASSAGES, TEACHER, TOKENIZER, fewest=5)  # "car" is in four
    own = [float(dense(rare.rows)[WORDS.index(word), WORDS.index(word)]) for word in ("engine", "sea", "the")]
    (weight,) = dense(rare.rows)[WORDS.index("car")][dense(rare.rows)[WORDS.index("car")] > 0]
    assert weight == pytest.approx(np.mean(own), rel=1e-6)


def test_queries_weigh_their_words_by_idf(encoder):
    query = encoder.encode_queries(["The car, the SEA"]).to_dicts()[0]
    n = len(PASSAGES)
    assert query == pytest.approx({
        word: math.log(1 + (n - df + 0.5) / (df + 0.5)) for word, df in {"the": 5, "car": 4, "sea": 5}.items()
    })  # fmt: skip


def test_batches_do_not_change_a_document(encoder):
    many = PASSAGES * 5
    found = encoder.encode_documents(many)
    assert all(found[n] == encoder.encode_documents([text]) for n, text in enumerate(many))


def test_it_is_kept(encoder, tmp_path):
    encoder.save_pretrained(tmp_path / "static")
    again = SparseEncoder.from_pretrained(tmp_path / "static")
    assert isinstance(again, StaticExpansion)
    assert again.terms == encoder.terms == WORDS
    assert again.top_k == encoder.top_k
    assert again.encode_queries(["car sea"]) == encoder.encode_queries(["car sea"])
    texts = ["car engine", "sea"]
    assert dense(again.encode_documents(texts)) == pytest.approx(dense(encoder.encode_documents(texts)), rel=1e-3)
    (tmp_path / "static" / "static.safetensors").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="do not fit together"):
        SparseEncoder.from_pretrained(tmp_path / "static")


def test_what_does_not_fit_is_refused(encoder):
    table = np.ones(SIZE, np.float32)
    with pytest.raises(UsageError, match="do not fit a vocabulary of 7"):
        StaticExpansion(TOKENIZER, encoder.rows, table[:3])
    with pytest.raises(UsageError, match="negative or not finite"):
        StaticExpansion(TOKENIZER, encoder.rows, np.where(np.arange(SIZE) == 2, np.nan, 1).astype(np.float32))
    with pytest.raises(UsageError, match="top_k=0"):
        StaticExpansion(TOKENIZER, encoder.rows, table, top_k=0)
    with pytest.raises(UsageError, match="non-negative"):
        StaticExpansion(TOKENIZER, SparseVectors([0, 1] + [1] * (SIZE - 1), [0], [-1.0], SIZE), table)
    with pytest.raises(UsageError, match="must be of these texts"):
        train_static_expansion(PASSAGES[:2], TEACHER, TOKENIZER)
