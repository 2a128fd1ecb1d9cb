"""Queries made of passages: what each kind takes, and what must not be learned from."""

from __future__ import annotations

import pytest

from gossamer.errors import UsageError
from gossamer.retrieval.training.pairs import SHARES, make_pairs
from gossamer.text import Document

TEXT = (
    "Swept wings delay the rise of drag near the speed of sound. The sweep lowers the flow normal to the leading edge. "
    "Tip stall becomes more likely, and fences on the upper surface keep the boundary layer from drifting outwards."
)
DOCUMENTS = [
    Document("wings", TEXT, title="Swept wings at high speed"),
    Document("tea", TEXT.replace("wings", "leaves").replace("speed", "tea"), fields={"source": "kitchen"}),
    Document("short", "Too little to say."),
]


def of(kind: str, **options):
    return make_pairs(DOCUMENTS[:1], kinds=[kind], **options)


def test_a_title_asks_for_the_text_without_it():
    document = Document("x", f"Swept wings at high speed\n{TEXT}", title="Swept wings at high speed")
    (pair,) = make_pairs([document], kinds=["title"])
    assert (pair.query, pair.documents) == ("Swept wings at high speed", (TEXT,))


def test_a_sentence_is_taken_out_of_the_passage_most_of_the_time():
    pairs = of("cloze", each=200)
    assert all(pair.query in TEXT for pair in pairs)
    removed = sum(pair.query not in pair.documents[0] for pair in pairs)
    assert 160 < removed < 195
    assert len({pair.query for pair in pairs}) == 3


def test_a_crop_is_four_to_twelve_words_in_a_row():
    for pair in of("crop", each=50):
        assert pair.query in " ".join(TEXT.split())
        assert 4 <= len(pair.query.split()) <= 12


def test_keywords_are_words_of_the_text_without_stop_words():
    seen = [set(pair.query.split()) for pair in of("keywords", each=50)]
    there = set(TEXT.lower().replace(".", "").replace(",", "").split())
    assert all(3 <= len(words) <= 6 for words in seen)
    assert all(words <= there for words in seen)
    assert not set.union(*seen) & {"the", "of", "and", "to"}


def test_questions_frame_keywords():
    assert any(pair.query.startswith("how to ") for pair in of("question", each=50))


def test_synonyms_replace_one_keyword_by_a_word_that_was_suggested():
    asked = []

    def suggest(texts):
        asked.append(len(texts))
        return [["aerofoil", "mach"] for _ in texts]

    there = set(TEXT.lower().replace(".", "").replace(",", "").split())
    pairs = make_pairs(DOCUMENTS[:1], kinds=["keywords"], each=400, suggest=suggest)
    new = [set(pair.query.split()) - there for pair in pairs]
    assert asked == [1]  # once a passage
    assert {frozenset(words) for words in new} == {frozenset(), frozenset({"aerofoil"}), frozenset({"mach"})}
    assert 0.1 < sum(map(bool, new)) / 400 < 0.25  # 0.05 of 0.3
    assert not [pair for pair in of("keywords", each=50, suggest=lambda texts: [[]]) if set(pair.query.split()) - there]
    # Without suggestions nothing changes: what was drawn before is drawn again.
    assert make_pairs(DOCUMENTS, each=4, suggest=None) == make_pairs(DOCUMENTS, each=4)


def test_passages_of_another_language_are_left_out():
    german = Document("de", "Die Flügel sind gepfeilt und der Widerstand steigt mit dem Tempo, wenn sie es nicht sind.")
    code = Document("code", " ".join(f"opcode{at}" for at in range(14)))
    found = make_pairs([*DOCUMENTS, german, code], kinds=["crop"], language="english")
    assert [pair.documents[0][:5] for pair in found] == ["Swept", "Swept", "opcod"]
    assert make_pairs([*DOCUMENTS, german], kinds=["crop"], language="german")[0].documents[0] == german.text
    with pytest.raises(UsageError, match="unknown language 'elvish'; known: "):
        make_pairs(DOCUMENTS, language="elvish")


def test_the_same_seed_makes_the_same_pairs_and_each_keeps_its_source():
    pairs = make_pairs(DOCUMENTS, each=4)
    assert pairs == make_pairs(DOCUMENTS, each=4)
    assert pairs != make_pairs(DOCUMENTS, each=4, seed=1)
    assert {pair.source for pair in pairs} == {"", "kitchen"}
    assert not any("Too little" in pair.documents[0] for pair in pairs)


def test_eight_words_in_common_with_a_held_out_text_drop_the_pair():
    known = "we show that tip stall becomes more likely, and fences on the upper surface keep the layer thin"
    assert of("title")
    assert not of("title", exclude=[known])
    assert of("title", exclude=["the sweep lowers the flow of something else"])
    assert not of("title", exclude=["Swept wings at high speed"])


def test_unknown_kinds_are_refused():
    with pytest.raises(UsageError, match="'poem'; known: title"):
        make_pairs(DOCUMENTS, kinds=["poem"])
    assert sum(SHARES.values()) == pytest.approx(1)
