"""A masked language model of eleven words, small enough to compute by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from gossamer.retrieval.encoders.backbone import Backbone

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "wing", "lift", "of", "##s", "the", "air"]


def made(**config: Any) -> Backbone:
    """The model over :data:`WORDS`, its weights by chance."""
    tokenizer = Tokenizer(models.WordPiece({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=16, **special)
    torch.manual_seed(0)
    settings = {
        "vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 16, "initializer_range": 0.5,
    }  # fmt: skip
    model = BertForMaskedLM(BertConfig(**{**settings, **config}))
    torch.nn.init.normal_(model.get_output_embeddings().bias)
    return Backbone(model.eval(), fast)


@pytest.fixture
def backbone() -> Backbone:
    return made()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The same, as a folder of transformers."""
    folder = tmp_path / "checkpoint"
    made().save(folder)
    return folder
