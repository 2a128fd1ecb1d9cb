"""Encodings: marked, declared, guessed and mixed; what is broken costs its own bytes and not the rest."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings, strategies as st
from reading import read, read_one

from gossamer.errors import Unreadable
from gossamer.text.readers.encoding import decode, is_binary, wide

LATIN = "Lift is a force that acts upwards on a wing: Flügel, élève, λ.\nAnd the second line.\n"

TEXTS = {
    "cp1252": "Über die Flügel strömt die Luft schneller. Größe und Höhe ändern sich “sehr”.\n",
    "iso8859-2": "Siła nośna działa na skrzydło samolotu w górę, ponieważ powietrze płynie szybciej.\n",
    "cp1251": "Подъёмная сила действует на крыло самолёта, воздух течёт быстрее сверху.\n",
    "koi8-r": "Подъёмная сила действует на крыло самолёта, воздух течёт быстрее сверху.\n",
    "cp866": "Подъёмная сила действует на крыло самолёта, воздух течёт быстрее сверху.\n",
    "cp1253": "Η άνωση είναι η δύναμη που ασκείται στο φτερό του αεροπλάνου.\n",
    "cp1254": "Kaldırma kuvveti kanada etki eder, şişe ığdır güneş. Uçak kanadı havayı aşağı iter.\n",
    "cp1255": "כוח העילוי פועל על הכנף כלפי מעלה. המטוס טס בשמיים הכחולים מעל העיר.\n",
    "cp1256": "قوة الرفع تؤثر على الجناح إلى الأعلى لأن الهواء يتدفق بسرعة أكبر.\n",
    "cp932": "翼に働く揚力は上向きの力です。空気が速く流れます。\n",
    "euc_jp": "翼に働く揚力は上向きの力です。空気が速く流れます。\n",
    "gb18030": "升力是作用在机翼上的向上的力。空气流动得更快。\n",
    "big5": "升力是作用在機翼上的向上的力。空氣流動得更快。\n",
    "cp949": "양력은 날개에 작용하는 위쪽 방향의 힘이다. 비행기가 날 수 있는 이유는 공기 때문이다.\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("times", [1, 30])
def test_an_encoding_that_nothing_declares_is_guessed(encoding, times):
    text = TEXTS[encoding] * times
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("encoding", TEXTS)
def test_lines_of_records_are_guessed_as_well(encoding):
    rows = ["id,text", *(f"{number},{TEXTS[encoding].strip().replace(',', ' ')}" for number in range(3))]
    documents, skipped = read("delimited", "\n".join(rows).encode(encoding))
    assert skipped == []
    assert [document.text for document in documents] == [row.partition(",")[2] for row in rows[1:]]


@pytest.mark.parametrize("form", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_wide_encodings_are_known_with_and_without_a_mark(form, mark):
    data = (mark + LATIN).encode(form)
    assert wide(data) == form
    assert not is_binary(data)
    assert decode(data, "a.txt") == LATIN
    assert read_one("jsonl", (mark + '{"text": "Flügel"}\n').encode(form)).text == "Flügel"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_half_a_surrogate_pair_of_utf16_costs_one_character(mark):
    half = b"\x00\xd8" if mark == codecs.BOM_UTF16_LE else b"\xd8\x00"
    form = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert decode(mark + "wing".encode(form) + half + " tip".encode(form), "a") == "wing\ufffd tip"
    assert decode(mark + "wing".encode(form) + b"x", "a") == "wing\ufffd"


def test_surrogates_written_as_utf8_cost_themselves_or_make_their_character():
    assert decode(b"wing \xed\xa0\x80 tip", "a") == "wing \ufffd tip"
    assert decode(b"wing \xed\xa0\xbd\xed\xb8\x80 tip", "a") == "wing \U0001f600 tip"


def test_each_line_of_a_mixed_file_is_decoded_by_itself():
    parts = [LATIN.encode(), TEXTS["cp1252"].encode("cp1252"), LATIN.encode(), TEXTS["cp1252"].encode("cp1252")]
    assert decode(b"".join(parts), "a") == (LATIN + TEXTS["cp1252"]) * 2


def test_a_broken_character_among_whole_ones_costs_itself():
    assert decode("Größe und Höhe än".encode() + b"\xff" + b"dern", "a") == "Größe und Höhe än\ufffddern"


def test_a_few_nuls_cost_themselves_and_many_make_a_file_binary():
    line = "a long line of text, longer than those that a machine writes between its zeros"
    assert decode(f"{line}\0{line}".encode(), "a") == f"{line}\ufffd{line}"
    assert read_one("jsonl", b'{"text": "' + line.encode() + b'"}\n').text == line
    with pytest.raises(Unreadable, match="a NUL at byte 3"):
        decode(b"abc\0\0\0\0def", "a")
    assert is_binary(bytes(range(256)) * 32)


def test_bidirectional_controls_are_kept():
    text = "\u202eevil\u202c \u2067right\u2069 \u200fto left"
    assert decode(text.encode(), "a") == text


@pytest.mark.parametrize("data", [bytes(range(128, 256)) * 4, b"\x81\x8d\x8f\x90"])
def test_bytes_of_no_encoding_are_refused(data):
    with pytest.raises(Unreadable, match=rf"invalid UTF-8 at byte 0 \(0x{data[0]:02x}\), and no other encoding fits"):
        decode(data, "a")


@given(st.binary(max_size=400), st.sampled_from([b"", *map(codecs.encode, ["a line of text\n"] * 3), b"\xff\xfe"]))
@settings(max_examples=300)
def test_any_bytes_are_text_or_refused(data, before):
    try:
        text = decode(before + data, "a")
    except Unreadable:
        return
    text.encode()
    assert "\0" not in text
    assert "\r" not in text


@given(st.text(max_size=200))
def test_utf8_is_never_guessed(text):
    text = text.encode("utf-8", "replace").decode().replace("\0", "").replace("\r", "").removeprefix("\ufeff")
    if wide(text.encode()) is None:
        assert decode(text.encode(), "a") == text
