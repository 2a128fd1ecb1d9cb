"""The native WordPiece gives the ids that the `tokenizers` package gives."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from gossamer import SparseVectors
from gossamer.errors import UsageError
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece

# tokenizers has the categories of Unicode 8. These four changed theirs since; what is newer than Unicode 3.2, whose
# database Python keeps, is drawn where categories do not matter.
RECLASSIFIED = "\u166d\u1734\u1885\u1886"
FLAGS = [(True, True, None, True), (True, True, True, False), (False, False, False, True), (True, False, False, False)]
NASTY = [
    "", " ", "[CLS]", "[MASK]", "[mask]", "[[SEP]]", "[CLS", "a[SEP]b", "  [PAD]  ", "x" * 100, "x" * 101, "é" * 101,
    "\u0301", "e\u0301\u0323", "É", "İ", "ǅ", "ᾈ", "ΑΣ", "ß", "ﬁ", "K", "Å", "\u1fef", "≠", "\u037e", "㍿", "漢字",
    "豈", "한국어", "각", "가\u11a8", "\ufffd", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u200b", "\u200d",
    "\u2028", "\u3000", "\ue000", "\U000f0000", "\U0010fffd", "\U0002b820", "\U0002b920",
    "👩\u200d💻", "don't", "a_b-c/d", "##s",
    "wing##s", "\u093f", "\u302e", "\U0001d165", "ÀÈ", "ＡＢ", "½", "①", "\xad", "w\xadi", "%$^`~|", "i\u0307",
]  # fmt: skip


def expected_tokenizer(
    flags: tuple[bool, bool, bool | None, bool] = FLAGS[0], pieces: str = "", around: bool = True
) -> Tokenizer:
    """With every letter of NASTY and `pieces`, alone and continuing."""
    clean, chinese, strip, lower = flags
    normaliser = normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
    )
    letters = sorted({c for text in (*NASTY, pieces) for c in normaliser.normalize_str(text)} | set("abin"))
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "wing",
        "##ing",
        "##s",
        "##gs",
        "win",
        "w",
        "##in",
        "don",
        "漢字",
    ]
    words += [c for c in letters if c not in "qz"] + [f"##{c}" for c in letters if c not in "xqz"]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(words))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer, made.pre_tokenizer = normaliser, pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    if around:
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    return made


EXPECTED = [expected_tokenizer(flags) for flags in FLAGS]
OURS = [WordPiece.from_json(json.loads(one.to_str())) for one in EXPECTED]


def known(c: str) -> bool:
    """Whether both sides know the category of a character."""
    old = unicodedata.ucd_3_2_0.category(c) != "Cn"
    return c not in RECLASSIFIED and (old or unicodedata.category(c)[0] in "SN")


anything = st.characters(exclude_categories=("Cs",)).filter(known)
letters = st.sampled_from([*"abiwngsxqz ,.[]#'É漢", *NASTY])


@given(parts=st.lists(st.one_of(letters, letters, anything), max_size=25), which=st.integers(0, 3))
def test_ids_equal_those_of_tokenizers(parts: list[str], which: int) -> None:
    text = "".join(parts)
    assert OURS[which].encode([text])[0].tolist() == EXPECTED[which].encode(text).ids


@pytest.mark.parametrize("which", range(len(FLAGS)))
def test_every_character_of_unicode(which: int) -> None:
    """In runs, so that it is quick: each is a word of its own."""
    characters = [chr(c) for c in range(0x20000) if not 0xD800 <= c < 0xE000 and known(chr(c))]
    texts = [" a".join(characters[i : i + 64]) for i in range(0, len(characters), 64)]
    expected = [one.ids for one in EXPECTED[which].encode_batch(texts)]
    assert [ids.tolist() for ids in OURS[which].encode(texts)] == expected


def test_texts_are_independent_of_each_other_and_of_threads() -> None:
    texts = [text + str(i) for i, text in enumerate(NASTY * 9)]
    alone = [OURS[0].encode([text])[0].tolist() for text in texts]
    for threads in (1, 2, 5):
        assert [ids.tolist() for ids in OURS[0].encode(texts, threads=threads)] == alone
    assert OURS[0].encode([]) == []


def test_a_long_text_is_cut_and_stays_in_its_frame() -> None:
    pieces = OURS[0]
    whole = pieces.encode(["a b a b a"])[0].tolist()
    assert pieces.encode(["a b a b a"], longest=5)[0].tolist() == [*whole[:4], whole[-1]]
    assert pieces.encode(["a b a b a"], longest=5, around=False)[0].tolist() == whole[1:6]
    assert pieces.encode(["a b"], longest=1)[0].tolist() == [2, 3]


def test_lone_surrogates_are_question_marks() -> None:
    assert OURS[0].encode(["a\ud800b"])[0].tolist() == OURS[0].encode(["a?b"])[0].tolist()


@given(texts=st.lists(st.lists(letters, max_size=12).map("".join), max_size=5), seed=st.integers(0, 99))
def test_weights_of_a_query(texts: list[str], seed: int) -> None:
    pieces = OURS[0]
    weights = np.random.default_rng(seed).random(len(pieces.terms)).astype(np.float32)
    weights[pieces.special_ids] = 0
    found = pieces.weigh(texts, weights)
    assert found.shape == (len(texts), len(weights))
    assert found == SparseVectors(found.indptr, found.indices, found.values, found.dim)  # as they are kept, unchecked
    assert (found.indptr.dtype, found.indices.dtype, found.values.dtype) == (np.int64, np.uint32, np.float32)
    for row, text in zip(found, texts, strict=True):
        ids = sorted(set(EXPECTED[0].encode(text, add_special_tokens=False).ids) - set(pieces.special_ids))
        assert row.indices.tolist() == ids
        assert row.values.tolist() == weights[ids].tolist()


def test_a_table_that_is_too_short_gives_no_weight_beyond_it() -> None:
    assert OURS[0].weigh(["wing"], np.ones(3, np.float32)).nnz == 0


def test_a_list_of_pieces_is_an_uncased_bert(tmp_path: Path) -> None:
    vocabulary = EXPECTED[0].get_vocab()
    file = tmp_path / "vocab.txt"
    file.write_text("".join(f"{piece}\n" for piece in sorted(vocabulary, key=vocabulary.__getitem__)), encoding="utf-8")
    pieces = WordPiece.from_file(file)
    texts = [text for text in NASTY if "\r" not in text]
    assert [ids.tolist() for ids in pieces.encode(texts)] == [one.ids for one in EXPECTED[0].encode_batch(texts)]
    cased = WordPiece.from_file(file, lowercase=False)
    assert cased.encode(["WING wing"], around=False)[0].tolist() == [1, vocabulary["wing"]]


def test_a_file_gives_the_same(tmp_path: Path) -> None:
    EXPECTED[0].save(str(tmp_path / "tokenizer.json"))
    pieces = WordPiece.from_file(tmp_path / "tokenizer.json")
    assert pieces.terms == OURS[0].terms
    assert pieces.encode(["wings"])[0].tolist() == EXPECTED[0].encode("wings").ids


def changed(**parts: Any) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(EXPECTED[0].to_str())
    for name, value in parts.items():
        if isinstance(value, dict) and isinstance(settings[name], dict):
            settings[name] |= value
        else:
            settings[name] = value
    return settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (changed(normalizer={"type": "NFKC"}), "normalizer is NFKC, and only BertNormalizer"),
        (changed(normalizer=None), "normalizer is None"),
        (changed(model={"type": "BPE"}), "model is BPE, and only WordPiece"),
        (changed(pre_tokenizer={"type": "ByteLevel"}), "pre_tokenizer is ByteLevel"),
        (changed(post_processor={"type": "RobertaProcessing"}), "post_processor is RobertaProcessing"),
        (changed(post_processor={"single": [{"Sequence": {}}, {"Sequence": {}}]}), "repeats the text 2 times"),
        (changed(added_tokens=[{"id": 1, "content": "x", "normalized": True}]), "added token 'x' is normalized"),
        (changed(added_tokens=[{"id": 1, "content": "x", "single_word": True}]), "added token 'x' is single_word"),
        (changed(model={"unk_token": "?"}), "the vocabulary lacks '?'"),
        (changed(model={"vocab": {"[UNK]": 0, "a": 0}}), "gives one id to two pieces"),
        ({"model": {}}, "not a tokenizer.json"),
        ([], "not a tokenizer.json"),
    ],
)
def test_what_is_not_bert_is_refused_by_name(settings: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(UsageError, match=r"tokenizer.json: ") as error:
        WordPiece.from_file(file)
    assert message in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent.json: cannot be read"):
        WordPiece.from_file(tmp_path / "absent.json")
    (tmp_path / "vocab.txt").write_text("a\nb\n")
    with pytest.raises(UsageError, match=r"lacks \[PAD\], \[UNK\]"):
        WordPiece.from_file(tmp_path / "vocab.txt")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UsageError, match=r"broken.json: "):
        WordPiece.from_file(tmp_path / "broken.json")
