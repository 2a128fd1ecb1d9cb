"""A ``tokenizer.json`` of whole words, as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def tokenizer_json(words: Sequence[str]) -> dict[str, Any]:
    """Uncased; ``[UNK]`` must be among the words and is special."""
    vocabulary = {word: number for number, word in enumerate(words)}
    return {
        "version": "1.0",
        "added_tokens": [{"id": vocabulary["[UNK]"], "content": "[UNK]", "special": True}],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    }  # fmt: skip
