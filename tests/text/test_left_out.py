"""A file of bad records is told of up to a bound, and by a number from there on."""

from __future__ import annotations

import pytest

from gossamer.text import left_out
from gossamer.text.left_out import LeftOut
from gossamer.text.sources import read


@pytest.mark.parametrize("name", ["{file}:{number}", "{file}:message {number}", "{file}:page {number}"])
def test_the_records_past_the_bound_are_counted_for_each_file(monkeypatch, name):
    monkeypatch.setattr(left_out, "MOST", 3)
    told = []
    bounded = LeftOut(lambda where, reason: told.append((where, reason)))
    for number in range(1, 1006):
        for file in ("a.zip!b:7.csv", "a.zip!c"):
            bounded(name.format(file=file, number=number), "bad")
    bounded("a.zip!d", "damaged")
    bounded.close()
    first = [
        (name.format(file=file, number=number), "bad") for number in (1, 2, 3) for file in ("a.zip!b:7.csv", "a.zip!c")
    ]
    more = [(file, "1,002 more records cannot be read") for file in ("a.zip!b:7.csv", "a.zip!c")]
    assert told == [*first, ("a.zip!d", "damaged"), *more]


def test_members_of_an_archive_are_all_told_of(monkeypatch):
    monkeypatch.setattr(left_out, "MOST", 1)
    told = []
    bounded = LeftOut(lambda where, reason: told.append(where))
    for number in range(9):
        bounded(f"a.zip!{number}.txt", "empty file")
    bounded.close()
    assert len(told) == 9


def test_a_table_of_bad_rows_floods_no_report(tmp_path, monkeypatch):
    monkeypatch.setattr(left_out, "MOST", 5)
    path = tmp_path / "a.csv"
    path.write_text("text,note\ngood,1\n" + "no comma\n" * 20_000 + "last,2\n")
    skipped = []
    assert [document.text for document in read(path, on_skip=skipped.append)] == ["good", "last"]
    assert [one.path for one in skipped] == [*(f"{path}:{line}" for line in range(3, 8)), str(path)]
    assert skipped[-1].reason == "19,995 more records cannot be read"
