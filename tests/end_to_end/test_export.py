"""What is exported can be indexed again, and nothing is lost on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gossamer import Document, Index, Span
from gossamer.errors import Unreadable
from gossamer.text import read


def test_exported_documents_come_back_equal(tmp_path: Path) -> None:
    documents = [
        Document("wings", "Lift\n\nIt grows.", "Wings", {"tags": ["a", "b"]}, [Span("heading", 0, 4, "Lift", 1)]),
        Document("tea", "Warm the pot.", fields={"fields": {"nested": True}, "spans": [1, 2]}),
        Document("paper", "One.\nTwo.", spans=[Span("page", 0, 5, "i"), Span("page", 5, 9, "1")]),
    ]
    with Index.create(tmp_path / "first") as index:
        index.add(documents)
    exported = tmp_path / "export.jsonl"
    exported.write_text("".join(json.dumps(document.to_dict()) + "\n" for document in index.documents()))
    with Index.create(tmp_path / "second") as index:
        index.add(read(exported, strict=True))
    assert [d.to_dict() for d in index.documents()] == [d.to_dict() for d in documents]


@pytest.mark.parametrize("spans", [[{"kind": "page"}], [{"kind": "page", "start": 0, "end": 99, "value": "1"}], ["x"]])
def test_spans_that_do_not_fit_the_text_are_refused(tmp_path: Path, spans: list[object]) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(json.dumps({"id": "a", "text": "short", "fields": {}, "spans": spans}) + "\n")
    with pytest.raises(Unreadable, match="spans"):
        list(read(file, strict=True))
