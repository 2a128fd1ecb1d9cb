"""Act 3: the exam. Fifty questions with known answers; chance, substring counting and a bad typist sit it too."""

from __future__ import annotations

from dataclasses import dataclass

from gossamer.app.demo.exam import QUESTIONS, Question, names, place
from gossamer.app.demo.measuring import Mean, Ranking, Timed, Trial, mean, take_turns
from gossamer.app.demo.scene import Promise, Scene, Table
from gossamer.app.demo.stage import Stage
from gossamer.app.demo.typos import mistype
from gossamer.retrieval.index import Index
from gossamer.retrieval.naive import RandomRanking, SubstringCount
from gossamer.text.analysis import analyzer
from gossamer.text.documents import Document

RANDOM, SUBSTRING = "random ranking", "substring count"
OURS, EXHAUSTIVE, MISTYPED = "gossamer (BM25)", "BM25, scoring every posting", "gossamer, a typo in every word"
_K = 5
_DEEP = 1000


@dataclass(frozen=True, slots=True)
class _Mark:
    """What one system achieved."""

    first: Mean
    five: Mean
    microseconds: Mean


def act(stage: Stage) -> Scene:
    """Let every system sit the exam; list what ours could not answer."""
    index, known = stage.index(), {one.id: names(one) for one in stage.documents}
    timed = take_turns(_trials(stage, index), stage.rounds)
    marks = {name: _mark(answers, known) for name, answers in timed.items()}
    passed = round(marks[OURS].five.value * len(QUESTIONS))
    times_faster = marks[SUBSTRING].microseconds.value / marks[OURS].microseconds.value
    failures = _failures(index, timed[OURS], known, stage.documents)
    return Scene(
        f"The exam: {len(QUESTIONS)} everyday questions",
        "A question is answered if the function or class that every Python developer would name is among the first "
        f"{_K}. Plain BM25 with our defaults, never tuned on these, answers {passed} of {len(QUESTIONS)}, "
        f"{times_faster:,.0f} times faster than counting substrings.",
        [
            Table(
                ("system", "right at once", f"right in the first {_K}", "µs a query"),
                [(name, str(mark.first), str(mark.five), str(mark.microseconds)) for name, mark in marks.items()],
                right=(1, 2, 3),
                ours=[list(marks).index(OURS)],
                caption="Share of the questions, with 95 % bootstrap intervals over questions; one query at a time, "
                f"one thread, median of {stage.rounds} alternating runs.",
            ),
            Table(
                ("not answered", "a right answer", "at rank", "words in both", "what came first instead"),
                failures,
                right=(2,),
                caption=f"The {len(failures)} failures. An answer that shares few words with its question, or none, "
                "cannot be found by words; and a typo in every word leaves next to none to share.",
            ),
        ],
        _promises(marks),
        {
            name: {
                "success@1": mark.first.value,
                f"success@{_K}": mark.five.value,
                "microseconds": round(mark.microseconds.value, 1),
            }
            for name, mark in marks.items()
        },
    )


def _trials(stage: Stage, index: Index) -> dict[str, Trial[Ranking]]:
    chance, naive = RandomRanking(stage.documents, stage.seed), SubstringCount(stage.documents)
    texts = [question.text for question in QUESTIONS]
    return {
        RANDOM: Trial(lambda query: chance.rank([query], _K)[0], texts),
        SUBSTRING: Trial(lambda query: naive.rank([query], _K)[0], texts),
        EXHAUSTIVE: Trial(lambda query: index.rank([query], _K, exhaustive=True)[0], texts),
        OURS: Trial(lambda query: index.rank([query], _K)[0], texts),
        MISTYPED: Trial(lambda query: index.rank([query], _K)[0], [mistype(text, stage.seed) for text in texts]),
    }


def _mark(timed: Timed[Ranking], known: dict[str, list[str]]) -> _Mark:
    places = [_place(question, answer, known) for question, answer in zip(QUESTIONS, timed.answers, strict=True)]
    return _Mark(
        first=mean([float(one == 1) for one in places]),
        five=mean([float(one is not None) for one in places]),
        microseconds=mean(timed.microseconds),
    )


def _place(question: Question, answer: Ranking, known: dict[str, list[str]]) -> int | None:
    return place(question, [name for name, _ in answer], known)


def _failures(
    index: Index, timed: Timed[Ranking], known: dict[str, list[str]], documents: list[Document]
) -> list[tuple[str, str, str, str, str]]:
    """A row for each question whose answer is not among the first five."""
    terms, rows = analyzer("english").terms, []
    for question, answer in zip(QUESTIONS, timed.answers, strict=True):
        if _place(question, answer, known) is not None:
            continue
        deep = index.rank([question.text], _DEEP)[0]
        rank = _place(question, deep, known)
        if rank is not None:
            gold = deep[rank - 1][0]
        else:
            gold = next((one.id for one in documents if question.answered_by(known[one.id])), "")
        found = index.get(gold)
        text = terms(f"{found.title}\n{found.text}") if found else []
        shared = [term for term in dict.fromkeys(terms(question.text)) if term in text]
        first = answer[0][0] if answer else "nothing"
        rows.append((
            question.text, gold or "not in this Python", str(rank) if rank else "-", ", ".join(shared) or "none", first
        ))  # fmt: skip
    return rows


def _promises(marks: dict[str, _Mark]) -> list[Promise]:
    chance, naive, ours = (marks[name] for name in (RANDOM, SUBSTRING, OURS))
    return [
        Promise(
            "Counting substrings answers more of the exam than chance",
            naive.five.value > chance.five.value,
            f"success@{_K} {naive.five.value:.2f} against {chance.five.value:.2f}",
        ),
        Promise(
            "BM25 answers more of the exam than counting substrings",
            ours.five.value > naive.five.value and ours.first.value > naive.first.value,
            f"success@{_K} {ours.five.value:.2f} against {naive.five.value:.2f}",
        ),
        Promise(
            "BM25 costs less than counting substrings",
            ours.microseconds.value < naive.microseconds.value,
            f"{ours.microseconds.value:,.0f} µs a query against {naive.microseconds.value:,.0f} µs",
        ),
    ]
