"""Real collections: BM25 gives the figures that others measured, and the scores of bm25s on the same terms."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.anchors import ANCHORS, Anchor, Words, reproduce, tolerance
from benchmarks.bm25_equivalence import TOLERANCE, agreement
from benchmarks.corpora import RETRIEVAL, collection

pytestmark = [pytest.mark.shared_data, pytest.mark.usefixtures("shared")]


@pytest.mark.parametrize("anchor", ANCHORS, ids=str)
def test_the_figures_of_others_are_reproduced(anchor: Anchor, tmp_path: Path) -> None:
    check(anchor, "plain", tmp_path)


@pytest.mark.parametrize("anchor", [ANCHORS[0], ANCHORS[8], ANCHORS[-2]], ids=str)
def test_our_own_words_change_little(anchor: Anchor, tmp_path: Path) -> None:
    check(anchor, "ours", tmp_path)


def check(anchor: Anchor, words: Words, folder: Path) -> None:
    found = reproduce(anchor, collection(anchor.collection, graded=anchor.graded), folder / "index", words)
    for measure, figure in anchor.figures.items():
        assert found[measure] == pytest.approx(figure, abs=tolerance(measure, words)), measure


@pytest.mark.parametrize("name", RETRIEVAL)
def test_scores_and_best_documents_equal_bm25s(name: str, tmp_path: Path) -> None:
    found = agreement(collection(name), tmp_path / "index", 1.2, 0.75)
    assert found.compared > 50 * found.queries
    assert found.worst <= TOLERANCE
    assert found.different == 0
