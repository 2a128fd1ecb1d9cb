"""The exam as a gate: a change must not lower how many of the fifty questions are answered in the first five."""

import json
import platform
from pathlib import Path

import pytest

from gossamer.app.demo.exam import QUESTIONS, SOURCE, Question, names, place
from gossamer.retrieval.index import Index
from gossamer.retrieval.naive import SubstringCount
from gossamer.text.documents import Document
from gossamer.text.sources import read

BASELINES = Path(__file__).with_name("exam_baseline.json")
MINOR = ".".join(platform.python_version_tuple()[:2])


@pytest.fixture(scope="module")
def corpus():
    return list(read(SOURCE))


@pytest.fixture(scope="module")
def known(corpus):
    return {one.id: names(one) for one in corpus}


def answered(rank, known):
    """How many questions have a right answer among the first five."""
    rankings = [rank([question.text], 5)[0] for question in QUESTIONS]
    places = [place(q, [name for name, _ in r], known) for q, r in zip(QUESTIONS, rankings, strict=True)]
    return sum(one is not None for one in places)


@pytest.fixture(scope="module")
def ours(corpus, known, tmp_path_factory):
    with Index.create(tmp_path_factory.mktemp("exam") / "index") as index:
        index.add(corpus)
    return answered(index.rank, known)


def test_no_more_than_one_answer_is_lost(ours):
    baseline = json.loads(BASELINES.read_text()).get(MINOR)
    if baseline is None:  # another Python has another corpus; the next test holds for all of them
        return
    assert ours >= baseline["success@5"] - 1, f"{ours} of {len(QUESTIONS)} answered, {baseline['success@5']} before"


def test_bm25_beats_counting_substrings(corpus, known, ours):
    assert ours > answered(SubstringCount(corpus).rank, known)


def test_every_question_can_be_answered(known):
    everything = list(known.values())
    hopeless = [q.text for q in QUESTIONS if not any(q.answered_by(one) for one in everything)]
    assert hopeless == []


def test_questions_are_fifty_different_ones():
    assert len({question.text for question in QUESTIONS}) == 50


def test_place_is_the_rank_of_the_first_right_answer_under_any_of_its_names():
    alias = Document("posixpath.split", "Split a pathname.", fields={"aliases": ["ntpath.split"]})
    known = {"re.split": ["re.split"], alias.id: names(alias)}
    question = Question("split a path", r"ntpath\.split$")
    assert place(question, ["re.split", alias.id, alias.id], known) == 2
    assert place(question, ["re.split"], known) is None
    assert place(question, [], known) is None
