"""A tiny learned encoder whose expansions are known: which logit each word has for which other is set by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from gossamer.retrieval.encoders.backbone import Backbone
from gossamer.retrieval.encoders.learned import LearnedEncoder, build
from gossamer.retrieval.training.planted import SPECIAL

WORDS = ["wing", "airfoil", "lift", "sail", "keel", "boat", "the", "of", "drag", "wings", "##s"]
EXPANSIONS = {"wing": {"airfoil": 3.0, "lift": 0.5}, "keel": {"boat": 2.0}, "sail": {"boat": 1.0}}
IDF = dict(zip(WORDS, (2.0, 3.0, 1.5, 2.5, 2.25, 2.0, 0.1, 0.2, 1.75, 2.0, 0.5), strict=True))
OWN = 1.0  # logit of a word where it stands
LENGTH = 64  # pieces that are read at a time, two special ones included

Row = dict[str, float]


def encoder(expansions: Mapping[str, Mapping[str, float]] = EXPANSIONS) -> LearnedEncoder:
    """An inference-free encoder.

    Its layers add nothing, so that a word's state is the same everywhere; the matrix over the vocabulary is solved for
    the logits wanted.
    """
    pieces = [*SPECIAL, *WORDS]
    size = len(pieces)
    tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    torch.manual_seed(0)
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=LENGTH, tie_word_embeddings=False,
        )
    )  # fmt: skip
    torch.nn.init.eye_(model.cls.predictions.transform.dense.weight)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=LENGTH, **names)
    backbone, bert = Backbone(model.eval(), fast), model.bert
    with torch.no_grad():
        bert.embeddings.word_embeddings.weight.copy_(torch.eye(size, 32))
        for weight in (bert.embeddings.position_embeddings.weight, bert.embeddings.token_type_embeddings.weight):
            weight.zero_()
        for layer in bert.encoder.layer:
            for dense in (layer.attention.output.dense, layer.output.dense):
                dense.weight.zero_()
                dense.bias.zero_()
        states = backbone(backbone.tokens([[i] for i in range(size)], special_positions=True)).transformed[:, 1]
        wanted = torch.full((size, size), -1.0)
        for word in WORDS:
            wanted[_column(word), _column(word)] = OWN
            for other, logit in expansions.get(word, {}).items():
                wanted[_column(other), _column(word)] = logit
        matrix = wanted.double() @ torch.linalg.pinv(states.double()).T
        backbone.vocabulary.weight = torch.nn.Parameter(matrix.float())
        backbone.vocabulary.bias = torch.nn.Parameter(torch.zeros(size))
    table = torch.tensor([0.0] * len(SPECIAL) + [IDF[word] for word in WORDS])
    return build(backbone, "static", "mlm", shared=True, table=table)


def document_vector(text: str, expansions: Mapping[str, Mapping[str, float]] = EXPANSIONS) -> Row:
    """What the encoder makes of a text, by hand: the largest logit of each word, then log(1 + x)."""
    logits: Row = {}
    for word in text.split():
        if word in WORDS:
            for other, logit in {word: OWN, **expansions.get(word, {})}.items():
                logits[other] = max(logits.get(other, 0.0), logit)
    return {word: float(np.log1p(logit)) for word, logit in logits.items()}


def query_vector(text: str) -> Row:
    """The same of a query: the table's weight of each word."""
    return {word: IDF[word] for word in text.split() if word in WORDS}


def _column(word: str) -> int:
    return len(SPECIAL) + WORDS.index(word)
