"""The two ideas of inference-free retrieval, in the planted world with Zipf's frequencies.

A. idf in matching while FLOPS sees the document's weights, against binary queries and plain FLOPS, at equal measured
cost: a frontier over lambda for each, interpolated. B. A student of two teachers whose scores are normalised and
averaged, against a student of each, and of their plain sum. Geng et al., "Towards Competitive Search Relevance For
Inference-Free Learned Sparse Retrievers" (2024). Every training is kept under out/inference_free/, so a run that was
stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import measure, report

if TYPE_CHECKING:
    import torch

    from gossamer.retrieval.encoders.methods import Head
    from gossamer.retrieval.training.ladder import Claim
    from gossamer.retrieval.training.trials import Outcome, Scale, Shelf

# Scores under idf are several times as large, and so is the weight at which a penalty bites.
LAMBDAS: dict[Head, tuple[float, ...]] = {"binary": (0.003, 0.01, 0.03, 0.1, 0.3), "static": (0.03, 0.1, 0.3, 1.0, 3.0)}
ZIPF = 1.0
STEPS = 1_200
COMMON = 50  # words, as trials measure them
EQUAL_COSTS = 9  # costs, evenly spaced in their logarithm, at which frontiers are compared
Teacher = Callable[[Sequence[str], Sequence[str]], "torch.Tensor"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="whether it runs, not what it finds")
    arguments = parser.parse_args()
    measure.allow_threads(arguments.threads)
    import torch

    from gossamer.retrieval.training.trials import QUICK, Scale, Shelf

    torch.set_num_threads(arguments.threads)
    name = "inference_free_quick" if arguments.quick else "inference_free"
    scale = replace(QUICK if arguments.quick else replace(Scale(), steps=arguments.steps), zipf=ZIPF)
    bench = Bench(scale, arguments.seeds, Shelf(report.OUT / name))
    points, first = bench.penalties()
    students, second = bench.ensembles()
    print(file=sys.stderr)
    report.table(
        ["finding", "claim", "measured", "95 %", "verdict"],
        [["A" if claim in first else "B", claim.says, f"{claim.value:+.3f}",
          "" if claim.interval is None else "{:+.3f} to {:+.3f}".format(*claim.interval), claim.verdict]
         for claim in [*first, *second]],
    )  # fmt: skip
    setting = measure.setting(["numpy", "torch", "transformers"], seeds=arguments.seeds, steps=scale.steps, zipf=ZIPF)
    rows = {"penalties": points, "students": students, "claims": [claim.to_dict() for claim in [*first, *second]]}
    report.save(name, setting, rows, [frontier(points)])


@dataclass
class Bench:
    """All trainings of both parts.

    Args:
        scale: Of the world and the trainings.
        seeds: Of each.
        shelf: Where outcomes are kept.
    """

    scale: Scale
    seeds: int
    shelf: Shelf

    def __post_init__(self) -> None:
        self.world = self.scale.world()
        self._began = time.monotonic()

    def penalties(self) -> tuple[list[dict[str, Any]], list[Claim]]:
        """Part A: a point for each query side, lambda and seed, and what they say."""
        from gossamer.retrieval.encoders.methods import Penalty
        from gossamer.retrieval.training.trials import Trial

        points = []
        for seed in range(self.seeds):
            for query, weights in LAMBDAS.items():
                for weight in weights:
                    penalty = Penalty(0.0, weight, max(1, self.scale.steps * 2 // 3))
                    trial = Trial(f"{query} {weight:g}", query, "mlm", self.scale, seed, penalty=penalty)
                    found = self._run(trial, table=self._idf() if query == "static" else None)
                    points.append({"query": query, "lambda": weight, "seed": seed, **found})
        rows = []
        for query, weights in LAMBDAS.items():
            for weight in weights:
                same = [one for one in points if one["query"] == query and one["lambda"] == weight]
                rows.append([
                    "idf-aware" if query == "static" else "plain", f"{weight:g}", f"{_mean(same, 'quality'):.3f}",
                    f"{_mean(same, 'postings'):,.0f}", f"{_mean(same, 'document_words'):.0f}",
                    f"{_mean(same, 'common_weight'):.4f}", f"{_mean(same, 'search_us'):,.0f}",
                ])  # fmt: skip
        report.table(["penalty", "lambda", "nDCG@10", "postings", "document words", "common weight", "search µs"], rows)
        return points, self._claims_of_penalties(points)

    def _claims_of_penalties(self, points: list[dict[str, Any]]) -> list[Claim]:
        """At equal measured cost, seed by seed; the interval is Student's t over seeds."""
        from gossamer.intervals import t_interval
        from gossamer.retrieval.training.ladder import Claim

        gains, weights = [], []
        for seed in range(self.seeds):
            both = [
                [one for one in points if one["query"] == query and one["seed"] == seed and one["postings"]]
                for query in ("static", "binary")
            ]
            compared = at_equal_cost(*([(one["postings"], one["quality"]) for one in some] for some in both))
            if compared is not None:
                gains.append(float(np.mean([ours - theirs for _, ours, theirs in compared])))
            common = at_equal_cost(*([(one["postings"], one["common_weight"]) for one in some] for some in both))
            if common is not None:
                weights.append(float(np.mean([ours / max(theirs, 1e-9) for _, ours, theirs in common])))
        if not gains:
            print("The frontiers of the two penalties share no cost: nothing can be compared at equal cost\n")
            return []
        several = len(gains) > 1
        return [
            Claim(1, "idf-aware - plain FLOPS, nDCG@10 at equal postings >= 0.03", float(np.mean(gains)),
                  t_interval(gains) if several else None, low=0.03),
            Claim(1, f"mean weight of the {COMMON} most frequent words, of the plain one's at equal postings < 0.3",
                  float(np.mean(weights)), t_interval(weights) if several else None, high=0.3),
        ]  # fmt: skip

    def ensembles(self) -> tuple[dict[str, list[float]], list[Claim]]:
        """Part B: the quality of each student, seed by seed, and what it says."""
        from gossamer.intervals import t_interval
        from gossamer.retrieval.encoders.methods import Penalty
        from gossamer.retrieval.training.ladder import Claim
        from gossamer.retrieval.training.trials import Trial

        blind, noisy = Blind(), Noisy()
        designs: Mapping[str, Sequence[Teacher]] = {
            "blind to half the synonyms (scale 1)": [blind],
            "noisy on exact words (scale 100)": [noisy],
            "normalised ensemble": [blind, noisy],
            "plain sum": [lambda queries, documents: blind(queries, documents) + noisy(queries, documents)],
        }
        outcomes: dict[str, list[Outcome]] = {name: [] for name in designs}
        for seed in range(self.seeds):
            for name, teachers in designs.items():
                trial = Trial(
                    f"student of {name}", "static", "mlm", self.scale, seed, loss="ensemble", teachers=(name,),
                    penalty=Penalty(0.0, 0.002, max(1, self.scale.steps // 3), slots=True),
                )  # fmt: skip
                outcomes[name].append(self._run(trial, table=self._idf(), teachers=teachers))
        students = {name: [one["quality"] for one in some] for name, some in outcomes.items()}
        report.table(
            ["student of", "nDCG@10", "each seed"],
            [[name, f"{np.mean(some):.3f}", " ".join(f"{one:.3f}" for one in some)] for name, some in students.items()],
        )
        single, large = list(designs)[:2]
        best = max((single, large), key=lambda name: float(np.mean(students[name])))
        beside_best = f"normalised ensemble - the better single teacher ({best}) >= -0.01"
        differences = {
            beside_best: ("normalised ensemble", best, -0.01, np.inf),
            "plain sum - the large-scale teacher alone: within 0.01": ("plain sum", large, -0.01, 0.01),
        }
        claims = []
        for says, (one, other, low, high) in differences.items():
            gains = [a - b for a, b in zip(students[one], students[other], strict=True)]
            interval = t_interval(gains) if len(gains) > 1 else None
            claims.append(Claim(2, says, float(np.mean(gains)), interval, low=low, high=high))
        return students, claims

    def _idf(self) -> torch.Tensor:
        from gossamer.retrieval.training import planted
        from gossamer.retrieval.training.idf import idf_table

        return idf_table(planted.backbone(), (group.documents[0] for group in self.world.train))

    def _run(self, trial: Any, **more: Any) -> Outcome:
        from gossamer.retrieval.training.trials import run

        print(
            f"\r{trial.name}, seed {trial.seed}, {time.monotonic() - self._began:.0f} s".ljust(70), end="",
            file=sys.stderr,
        )  # fmt: skip
        found = self.shelf.of(trial, lambda: run(trial, self.world, **more))
        figures = {key: value for key, value in found.items() if key != "ndcg"}
        return {**figures, "quality": float(np.mean(found["ndcg"]))}


class _Concepts(ABC):
    """Texts of the world as concepts and forms; the words after marker A are what a text is about."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, str]] = {}

    def about(self, text: str) -> dict[int, str]:
        """Announced concept to the word that names it; of a document without markers for one, nothing."""
        if text not in self._known:
            words = text.split()
            self._known[text] = {
                int(word[1:-1]): word for marker, word in pairwise(words)
                if marker == "A" and word[0] == "c"
            }  # fmt: skip
        return self._known[text]

    def score(self, queries: Sequence[str], documents: Sequence[str]) -> np.ndarray[Any, Any]:
        asked, told = [self.about(text) for text in queries], [self.about(text) for text in documents]
        return np.array([[sum(self.match(q, d, c) for c in q.keys() & d.keys()) for d in told] for q in asked])

    @abstractmethod
    def match(self, query: Mapping[int, str], document: Mapping[int, str], concept: int) -> float:
        """What a shared concept counts."""

    def __call__(self, queries: Sequence[str], documents: Sequence[str]) -> torch.Tensor:
        import torch

        return torch.from_numpy(self.score(queries, documents)).float()


class Blind(_Concepts):
    """Knows synonyms of the even concepts alone; scores of the order of 1."""

    def match(self, query: Mapping[int, str], document: Mapping[int, str], concept: int) -> float:
        return 1.0 if concept % 2 == 0 or query[concept] == document[concept] else 0.0


class Noisy(_Concepts):
    """Knows all synonyms, and gives a word that both texts share a value by chance; scores of the order of 100."""

    def __init__(self) -> None:
        super().__init__()
        from gossamer.retrieval.training.planted import words

        rng = np.random.default_rng(0)
        self._noise = dict(zip(words(), rng.uniform(0, 2, len(words())).tolist(), strict=True))

    def match(self, query: Mapping[int, str], document: Mapping[int, str], concept: int) -> float:
        word = query[concept]
        return 100.0 * (self._noise[word] if word == document[concept] else 1.0)


def at_equal_cost(
    ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]]
) -> list[tuple[float, float, float]] | None:
    """Both curves, interpolated linearly over the logarithm of the cost, at costs that both span; None without any.

    Args:
        ours: (cost, value) of each setting.
        theirs: Likewise.

    Returns:
        (cost, our value, their value).
    """
    if not (ours and theirs):
        return None
    curves = [sorted((np.log(max(cost, 1e-9)), value) for cost, value in some) for some in (ours, theirs)]
    low, high = max(curve[0][0] for curve in curves), min(curve[-1][0] for curve in curves)
    if low >= high:
        return None
    costs = np.linspace(low, high, EQUAL_COSTS)
    values = [np.interp(costs, *map(list, zip(*curve, strict=True))) for curve in curves]
    return [(float(np.exp(cost)), float(a), float(b)) for cost, a, b in zip(costs, *values, strict=True)]


def frontier(points: Sequence[Mapping[str, Any]]) -> Any:
    from gossamer.frontier import Frontier

    found = Frontier(quality="ndcg@10", cost="postings", title="idf-aware and plain FLOPS, planted world")
    for query, name in (("binary", "plain FLOPS, binary queries"), ("static", "idf-aware FLOPS")):
        for weight in LAMBDAS[query]:
            same = [one for one in points if one["query"] == query and one["lambda"] == weight]
            quality, cost = ([one[key] for one in same] for key in ("quality", "postings"))
            found.add(name, quality, cost, label=f"{weight:g}", naive=query == "binary")
    return found


def _mean(points: Sequence[Mapping[str, Any]], key: str) -> float:
    return float(np.mean([one[key] for one in points]))


if __name__ == "__main__":
    main()
