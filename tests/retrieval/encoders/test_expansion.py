"""Document expansion: what may be appended, that it is the same again, and that an encoder keeps it."""

from __future__ import annotations

import logging
import shutil

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from gossamer.errors import UsageError
from gossamer.retrieval import SparseEncoder
from gossamer.retrieval.encoders import learned
from gossamer.retrieval.encoders.expansion import GeneratedQueries, LikelyWords, MadeQueries, _Gumbel, named
from gossamer.retrieval.encoders.impacts import Impacts
from gossamer.retrieval.training.groups import Group
from gossamer.retrieval.training.planted import untrained
from gossamer.retrieval.training.trainer import Settings, Trainer

WORDS = ["wing", "lift", "drag", "air", "tea", "leaf", "cup", "milk", "the", "of", "goose", "flow"]
TEXTS = ["wing lift air", "tea leaf", "the goose of the air flow", "wing", "cup of milk tea tea"]


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    """The folder of a T5 over a dozen words, its weights by chance."""
    folder = tmp_path_factory.mktemp("t5")
    vocabulary = {word: at for at, word in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(vocabulary), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.fixture
def backbone():
    return untrained(WORDS)


def test_a_text_gets_the_same_queries_whatever_stands_beside_it(generator):
    expander = GeneratedQueries.load(generator, queries=3, longest=4, batch=2)
    together = expander(TEXTS)
    assert [expander([text])[0] for text in TEXTS] == together
    assert expander(TEXTS[::-1]) == together[::-1]
    assert len(set(together)) == len(TEXTS)
    assert GeneratedQueries.load(generator, queries=3, longest=4, seed=1)(TEXTS) != together
    # More queries begin as fewer do, and each is drawn anew.
    more = GeneratedQueries.load(generator, queries=6, longest=4)(TEXTS)
    assert all(long.startswith(short) for long, short in zip(more, together, strict=True))
    assert len(set(more[0].split())) > len(set(together[0].split()))
    # Texts that the generator can hardly tell apart are drawn for apart.
    alike = GeneratedQueries.load(generator, queries=1, longest=1)([f"{'wing ' * 40}{word}" for word in WORDS * 2])
    assert len(set(alike)) > 4


def test_words_are_drawn_by_their_probability_among_the_likeliest():
    logits = torch.tensor([2.0, 1.0, -1.0, 0.0, 0.5, -3.0])
    draws = 20_000
    noisy = _Gumbel([np.random.default_rng(at) for at in range(draws)], 4)(
        torch.zeros(draws, 1), logits.repeat(draws, 1)
    )
    shares = torch.bincount(noisy.argmax(1), minlength=6) / draws
    kept = torch.tensor([2.0, 1.0, -torch.inf, 0.0, 0.5, -torch.inf])
    torch.testing.assert_close(shares, kept.softmax(0), atol=0.012, rtol=0)  # four standard deviations
    one = _Gumbel([np.random.default_rng(0)], 1)(torch.zeros(1, 1), logits[None])
    assert one.argmax().item() == 0


def test_likely_words_are_the_heaviest_that_the_text_lacks(backbone):
    encoder = learned.build(backbone, document_head="cls-mlm", query_head="binary")
    weights = encoder.document.weights(backbone.pieces(TEXTS)).numpy()
    found = LikelyWords(encoder, words=3).words(TEXTS)
    for text, row, words in zip(TEXTS, weights, found, strict=True):
        by_weight = [encoder.terms[at] for at in np.argsort(-row, kind="stable") if row[at] > 0]
        assert words == [w for w in by_weight if w in WORDS and w not in (*text.split(), "the", "of")][:3]
    assert max(map(len, found)) == 3
    with pytest.raises(UsageError, match="needs TILDE"):
        LikelyWords(Impacts(TEXTS))(["wing"])


def test_pieces_of_words_are_not_appended():
    backbone = untrained(["wing", "##s", "!"])
    encoder = learned.build(backbone, document_head="cls-mlm", query_head="binary")
    with torch.no_grad():
        backbone.vocabulary.bias.fill_(5.0)
    assert {"##s", "wing", "!"} <= set(encoder.encode_documents(["!"]).to_dicts()[0])
    assert LikelyWords(encoder)(["!"]) == ["wing"]


def test_made_queries_repeat_the_text_and_add_no_word():
    text = (
        "Swept wings delay the rise of drag near the speed of sound. The sweep lowers the flow normal to the edge. "
        "Tip stall becomes more likely, and fences keep the boundary layer from drifting outwards."
    )
    expander = MadeQueries(queries=4)
    (added,) = expander([text])
    assert added
    assert {word.strip(".,").lower() for word in added.split()} <= {word.strip(".,").lower() for word in text.split()}
    assert expander(["x", text]) == ["", added]
    assert MadeQueries(queries=4, seed=1)([text]) != [added]
    assert expander.lengthened(["x", text]) == ["x", f"{text} {added}"]


@pytest.mark.parametrize("kind", ["queries", "tilde", "pairs"])
def test_an_encoder_keeps_its_expander(tmp_path, generator, backbone, kind):
    copied = tmp_path / "model"
    if kind == "queries":
        shutil.copytree(generator, copied)
    elif kind == "tilde":
        learned.build(untrained(WORDS, seed=3), document_head="cls-mlm", query_head="binary").save_pretrained(copied)
    expander = named("pairs" if kind == "pairs" else f"{kind}:{copied}", additions=2, seed=5)
    encoder = learned.build(backbone, "binary", "mlp", expander=expander)
    texts = [*TEXTS, " ".join(WORDS * 2)]
    added = expander(texts)
    assert any(added)
    before = encoder.encode_documents(texts)
    encoder.save_pretrained(tmp_path / "saved")
    shutil.rmtree(copied, ignore_errors=True)  # what was saved does not lean on it
    assert SparseEncoder.from_pretrained(tmp_path / "saved", runtime="torch").encode_documents(texts) == before
    loaded = SparseEncoder.from_pretrained(tmp_path / "saved", runtime="native")
    np.testing.assert_allclose(
        loaded.encode_documents(texts).to_scipy().toarray(), before.to_scipy().toarray(), atol=1e-4
    )
    assert loaded.encode_queries(texts) == encoder.encode_queries(texts)

    bare = learned.LearnedEncoder(encoder.query, encoder.document)
    assert before == bare.encode_documents([f"{text} {more}".strip() for text, more in zip(texts, added, strict=True)])
    for text, more, row in zip(texts, added, before.to_dicts(), strict=True):
        assert set(row) <= {*text.split(), *more.split()}
    if kind == "queries":
        assert any(not set(row) <= set(text.split()) for text, row in zip(texts, before.to_dicts(), strict=True))
    for text, row in zip(texts, encoder.encode_queries(texts).to_dicts(), strict=True):
        assert set(row) == set(text.split())  # queries are not lengthened


def test_training_reads_what_encoding_reads(generator, backbone):
    seen = []

    class Spy(GeneratedQueries):
        def __call__(self, texts):
            seen.extend(texts)
            return super().__call__(texts)

    expander = Spy.load(generator, queries=2, longest=4)
    groups = [Group("tea", ("tea leaf", "wing")), Group("air", ("wing", "tea leaf"))]
    groups.append(Group("x", ("cup",), additions=("own",)))
    lengthened = expander.lengthen(groups)
    assert sorted(seen) == ["tea leaf", "wing"]  # each once, and none that came with additions
    assert lengthened[2] == groups[2]
    assert list(lengthened[0].texts) == expander.lengthened(["tea leaf", "wing"])

    torch.manual_seed(0)
    one = learned.build(untrained(WORDS), "binary", "mlp", expander=expander)
    torch.manual_seed(0)
    other = learned.build(untrained(WORDS), "binary", "mlp")
    settings = Settings(steps=4, batch=2, rate=1e-3)
    losses = [
        [step.loss for step in Trainer(encoder).fit(data, settings)]
        for encoder, data in ((one, groups[:2]), (other, lengthened[:2]))
    ]
    assert losses[0] == losses[1]


def test_what_sentence_transformers_leaves_out_is_said(tmp_path, backbone, caplog):
    encoder = learned.build(backbone, expander=MadeQueries())
    with caplog.at_level(logging.WARNING):
        encoder.save_pretrained(tmp_path)
    assert "does not lengthen documents" in caplog.text


def test_nonsense_is_refused(tmp_path, generator, backbone):
    with pytest.raises(UsageError, match="at least 1"):
        GeneratedQueries.load(generator, queries=0)
    with pytest.raises(UsageError, match="at least 1"):
        named("pairs", additions=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="not a sequence-to-sequence model"):
        named(f"queries:{tmp_path / 'empty'}")
    with pytest.raises(UsageError, match="write queries:DIR"):
        named("queries")
    learned.build(backbone, "binary", "mlp", expander=MadeQueries()).save_pretrained(tmp_path / "saved")
    path = tmp_path / "saved" / "gossamer.json"
    path.write_text(path.read_text().replace('"pairs"', '"oracle"'))
    with pytest.raises(UsageError, match="'oracle' is unknown"):
        SparseEncoder.from_pretrained(tmp_path / "saved")
