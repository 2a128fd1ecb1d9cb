"""Text to sparse vectors to the best k: vectors, encoders, the index, fusion and evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer._exports import on_first_use

if TYPE_CHECKING:
    from gossamer.retrieval.block_index import BlockIndex as BlockIndex
    from gossamer.retrieval.collections import Collection as Collection, read_collection as read_collection
    from gossamer.retrieval.encoder_evaluation import System as System, evaluate_encoders as evaluate_encoders
    from gossamer.retrieval.encoders import (
        BM25 as BM25,
        BM25Encoder as BM25Encoder,
        SparseEncoder as SparseEncoder,
        TextField as TextField,
    )
    from gossamer.retrieval.encoders.inference_free import InferenceFreeEncoder as InferenceFreeEncoder
    from gossamer.retrieval.evaluation import (
        Evaluation as Evaluation,
        evaluate as evaluate,
        rank_biased_overlap as rank_biased_overlap,
    )
    from gossamer.retrieval.fusion import fuse as fuse
    from gossamer.retrieval.index import (
        Approximation as Approximation,
        Contribution as Contribution,
        Correction as Correction,
        Field as Field,
        Hit as Hit,
        Index as Index,
        Plan as Plan,
        Problem as Problem,
        Synonyms as Synonyms,
        Uncalibrated as Uncalibrated,
        Verification as Verification,
        salvage as salvage,
        verify as verify,
    )
    from gossamer.retrieval.mixing import choose_weight as choose_weight
    from gossamer.retrieval.runs import (
        read_qrels as read_qrels,
        read_queries as read_queries,
        read_run as read_run,
        write_qrels as write_qrels,
        write_run as write_run,
    )
    from gossamer.retrieval.significance import (
        Comparison as Comparison,
        Equivalence as Equivalence,
        compare as compare,
        equivalence as equivalence,
        holm as holm,
    )
    from gossamer.retrieval.vector_parts import read_ids as read_ids
    from gossamer.retrieval.vectors import SparseVectors as SparseVectors

__all__, __getattr__, __dir__ = on_first_use(
    __name__,
    {
        "block_index": ["BlockIndex"],
        "collections": ["Collection", "read_collection"],
        "encoder_evaluation": ["System", "evaluate_encoders"],
        "encoders": ["BM25", "BM25Encoder", "SparseEncoder", "TextField"],
        "encoders.inference_free": ["InferenceFreeEncoder"],
        "evaluation": ["Evaluation", "evaluate", "rank_biased_overlap"],
        "fusion": ["fuse"],
        "index": [
            "Approximation", "Contribution", "Correction", "Field", "Hit", "Index", "Plan", "Problem", "Synonyms",
            "Uncalibrated", "Verification", "salvage", "verify",
        ],
        "mixing": ["choose_weight"],
        "runs": ["read_qrels", "read_queries", "read_run", "write_qrels", "write_run"],
        "significance": ["Comparison", "Equivalence", "compare", "equivalence", "holm"],
        "vector_parts": ["read_ids"],
        "vectors": ["SparseVectors"],
    },
)  # fmt: skip
