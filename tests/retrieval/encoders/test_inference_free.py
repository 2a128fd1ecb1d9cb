"""Queries by a table: the formula of idf, where the table comes from, and what is refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from tests.retrieval.encoders.conftest import WORDS, made

from gossamer.errors import UsageError
from gossamer.retrieval import InferenceFreeEncoder, SparseEncoder
from gossamer.retrieval.encoders import origin
from gossamer.retrieval.encoders.learned import LearnedEncoder, build

TEXTS = ["wing of air", "wing wing lift", "the wing", "air"]


def formula(held: int, count: int = 4) -> float:
    return math.log(1 + (count - held + 0.5) / (held + 0.5))


def test_idf_of_a_collection_is_that_of_the_paper(checkpoint):
    encoder = InferenceFreeEncoder(checkpoint, "fit")
    with pytest.raises(UsageError, match=r"call fit_idf\(texts\) first"):
        encoder.encode_queries(["wing"])
    encoder.fit_idf(iter(TEXTS))
    held = {"wing": 3, "of": 1, "air": 2, "lift": 1, "the": 1, "##s": 1}  # one that no text holds as if one did
    assert dict(zip(encoder.terms, encoder.idf.tolist(), strict=True)) == {
        word: pytest.approx(formula(held[word]) if word in held else 0) for word in WORDS
    }
    assert encoder.encode_queries(["the wings [SEP] zebra wing"]).to_dicts() == [
        {word: pytest.approx(formula(held[word])) for word in ("wing", "##s", "the")}
    ]


@pytest.mark.parametrize("runtime", ["native", "torch"])
def test_its_model_encodes_alike_and_comes_back(checkpoint, tmp_path, runtime):
    encoder = InferenceFreeEncoder(
        checkpoint, "fit", "l0", True, 0.2, query_prune=0.6, counts=True, runtime=runtime
    ).fit_idf(TEXTS)
    asked = encoder.encode_queries(["wing wing of air air", "wing"])
    weights = {"wing": 2 * formula(3), "of": formula(1), "air": 2 * formula(2)}
    kept = {word: weight for word, weight in weights.items() if weight > 0.6 * max(weights.values())}
    assert asked.to_dicts() == [
        {word: pytest.approx(weight) for word, weight in kept.items()}, {"wing": pytest.approx(formula(3))},
    ]  # fmt: skip
    assert len(kept) < 3
    assert encoder.model.encode_queries(["wing wing of air air", "wing"]) == asked
    expected = build(
        made(), "static", "mlm", table=torch.zeros(11), norm="log1p_log1p", special_positions=True, prune=0.2
    ).encode_documents(TEXTS)
    found = encoder.encode_documents(TEXTS)
    np.testing.assert_allclose(found.to_scipy().toarray(), expected.to_scipy().toarray(), atol=1e-4)
    encoder.save_pretrained(tmp_path / "saved")
    again = SparseEncoder.from_pretrained(tmp_path / "saved", runtime=runtime)
    assert (again.encode_queries(TEXTS), again.encode_documents(TEXTS)) == (
        encoder.encode_queries(TEXTS), encoder.encode_documents(TEXTS),
    )  # fmt: skip
    assert isinstance(encoder.model, LearnedEncoder) == (runtime == "torch")


def test_tables_of_files(checkpoint, tmp_path):
    table = np.arange(11, dtype=np.float32)
    expected = [{"wing": 5.0, "air": 10.0}]
    save_file({"weight": table}, tmp_path / "model.safetensors")
    (tmp_path / "idf.json").write_text(json.dumps({"wing": 5, "lift": 3.0, "the": 10}))
    for given in (table, tmp_path, tmp_path / "model.safetensors", str(tmp_path / "idf.json")):
        encoder = InferenceFreeEncoder(checkpoint, given)
        assert encoder.encode_queries(["wing air"]).to_dicts() == expected  # no weight for air: as the rarest
        assert not encoder.idf[:5].any()


def test_a_table_of_another_vocabulary_is_refused(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "idf.json").write_text(json.dumps({"wing": 5, "drag": 3.0, "thrust": 1}))
    with pytest.raises(UsageError, match="2 of its 3 words are not in that of the model, such as 'drag'"):
        InferenceFreeEncoder(checkpoint, tmp_path / "idf.json")
    for wrong, said in ((np.ones(12), "12 weights for 11 words"), (np.ones((11, 1)), "11x1 weights for 11 words")):
        with pytest.raises(UsageError, match=said):
            InferenceFreeEncoder(checkpoint, wrong)
    save_file({"idf": np.ones(11)}, tmp_path / "table.safetensors")
    with pytest.raises(UsageError, match="it has no array 'weight'"):
        InferenceFreeEncoder(checkpoint, tmp_path / "table.safetensors")
    with pytest.raises(UsageError, match=r"none.safetensors: not found"):
        InferenceFreeEncoder(checkpoint, tmp_path / "none.safetensors")
    with pytest.raises(UsageError, match="activation='relu': use log1p or l0"):
        InferenceFreeEncoder(checkpoint, "fit", "relu")  # type: ignore[arg-type]

    monkeypatch.setattr(origin, "_OUR_FOLDER", tmp_path / "ours")
    with pytest.raises(UsageError, match="this installation has no model 'gossamer'"):
        InferenceFreeEncoder(checkpoint)
    table = np.linspace(1, 2, 11, dtype=np.float32)
    InferenceFreeEncoder(checkpoint, table).save_pretrained(tmp_path / "ours")
    np.testing.assert_allclose(InferenceFreeEncoder(checkpoint).idf[5:], table[5:])
    vocabulary = (tmp_path / "ours" / "vocab.txt").read_text()
    (tmp_path / "ours" / "vocab.txt").write_text(vocabulary.replace("wing", "drag"))
    with pytest.raises(UsageError, match="another vocabulary: column 5 is 'drag' there and 'wing' here; use idf='fit'"):
        InferenceFreeEncoder(checkpoint)


def test_queries_import_no_torch(checkpoint):
    script = (
        "import sys\nsys.modules['torch'] = None\nfrom gossamer.retrieval import InferenceFreeEncoder\n"
        f"encoder = InferenceFreeEncoder({str(checkpoint)!r}, 'fit').fit_idf({TEXTS!r})\n"
        "print(encoder.encode_queries(['wing lift']).nnz, encoder.encode_documents(['wing lift']).nnz > 2)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "2 True\n", done.stderr
