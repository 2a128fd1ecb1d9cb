"""Encoders that are transformers, run by the native core: tokeniser, checkpoint and network, without torch."""

from gossamer.retrieval.encoders.transformer.checkpoint import Checkpoint, Shape
from gossamer.retrieval.encoders.transformer.library_tokenizer import LibraryTokenizer, read_tokenizer
from gossamer.retrieval.encoders.transformer.network import Network
from gossamer.retrieval.encoders.transformer.wordpiece import WordPiece

__all__ = ["Checkpoint", "LibraryTokenizer", "Network", "Shape", "WordPiece", "read_tokenizer"]
