"""Tokenisers of other kinds go through the `tokenizers` package, and behave as the native one does."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from test_wordpiece import EXPECTED, NASTY
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from gossamer.errors import UsageError
from gossamer.retrieval.encoders.transformer import LibraryTokenizer, WordPiece, read_tokenizer


def test_both_do_the_same_for_a_tokeniser_that_both_read(tmp_path: Path) -> None:
    EXPECTED[0].save(str(tmp_path / "tokenizer.json"))
    native, library = read_tokenizer(tmp_path / "tokenizer.json"), LibraryTokenizer(EXPECTED[0])
    assert isinstance(native, WordPiece)
    assert (native.terms, native.special_ids) == (library.terms, library.special_ids)
    weights = np.random.default_rng(0).random(len(native.terms)).astype(np.float32)
    for longest in (None, 4):
        for around in (True, False):
            ours, theirs = (one.encode(NASTY, longest=longest, around=around) for one in (native, library))
            assert [ids.tolist() for ids in ours] == [ids.tolist() for ids in theirs]
    assert native.weigh(NASTY, weights).to_dicts() == library.weigh(NASTY, weights).to_dicts()
    assert library.weigh(["wing"], weights[:3]).nnz == 0


def test_another_kind_needs_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "wing": 1}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.NFC(), pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    found = read_tokenizer(tmp_path / "tokenizer.json")
    assert isinstance(found, LibraryTokenizer)
    assert [ids.tolist() for ids in found.encode(["wing lift"])] == [[1, 0]]
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match=r"model is WordLevel, .*gossamer\[tokenizers\]"):
        read_tokenizer(tmp_path / "tokenizer.json")


def test_what_nobody_reads(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "BPE"}}')
    with pytest.raises(UsageError, match="the package says"):
        read_tokenizer(tmp_path / "tokenizer.json")
    with pytest.raises(UsageError, match="cannot be read"):
        read_tokenizer(tmp_path / "absent.json")
