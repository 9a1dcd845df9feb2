"""When the votes on a clip are good enough: the promotion rule, in pure Python.

    score_k = tau * sum_v ln C[k, label_v] + prior_exponent * ln prior_k
    P       = softmax(score)

A clip is promoted as argmax P when it has `min_votes` votes and P reaches `threshold`; with
`max_votes` votes and no promotion it goes to the moderators. C is one confusion matrix for all
voters, because a visitor casts too few votes for one of his own. A tau below 1 makes up for votes
on one clip not being independent: at tau = 1 a posterior above 0.9 was right 90 % of the time, at
0.5 it was 97 % (votes of CREMA-D).

Source: Dawid and Skene (1979), Maximum likelihood estimation of observer error-rates, with a
pooled matrix and a tempered likelihood.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

ROW_SUM_TOLERANCE = 0.02  # the matrix is published with four digits


class RuleError(ValueError):
    """A promotion rule that contradicts itself; the message names the field."""


class Verdict(Enum):
    """What the votes on a clip amount to."""

    WAIT = "wait"
    PROMOTE = "promote"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Decision:
    """A verdict with its evidence.

    Attributes:
        emotion: The most probable label.
        posterior: Probability of every label, summing to 1.
    """

    verdict: Verdict
    emotion: str
    posterior: Mapping[str, float]
    vote_count: int


@dataclass(frozen=True)
class PromotionRule:
    """Parameters of the rule.

    Attributes:
        confusion: Probability of a vote (column) given the true label (row).
        prior: Share of each label among the clips.
        tau: Weight of one vote, in (0, 1].
        threshold: Posterior from which a label is promoted, in (0, 1).
        min_votes: Fewer votes never promote.
        max_votes: From here on a clip without a promotion is a conflict.
    """

    version: str
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    confusion: tuple[tuple[float, ...], ...]
    tau: float
    threshold: float
    min_votes: int
    max_votes: int
    prior_exponent: float

    def __post_init__(self) -> None:
        size = len(self.labels)
        if len(set(self.labels)) != size or size < 2:
            raise RuleError(f"labels must be at least two different names, not {self.labels}")
        _check_distribution("prior", self.prior, size)
        if len(self.confusion) != size:
            raise RuleError(f"confusion has {len(self.confusion)} rows for {size} labels")
        for label, row in zip(self.labels, self.confusion, strict=True):
            _check_distribution(f"confusion[{label}]", row, size)
        if not 0 < self.tau <= 1 or not 0 < self.threshold < 1:
            raise RuleError("tau must be in (0, 1] and threshold in (0, 1)")
        if not 1 <= self.min_votes <= self.max_votes:
            raise RuleError("min_votes must be at least 1 and at most max_votes")

    @classmethod
    def from_json(cls, text: str) -> "PromotionRule":
        """Read a rule in the form of `rules/default.json`.

        Raises:
            RuleError: If a field is missing or out of range.
        """
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(
                version=str(raw["version"]),
                labels=tuple(raw["labels"]),
                prior=tuple(map(float, raw["prior"])),
                confusion=tuple(tuple(map(float, row)) for row in raw["confusion"]),
                tau=float(raw["tau"]),
                threshold=float(raw["threshold"]),
                min_votes=int(raw["min_votes"]),
                max_votes=int(raw["max_votes"]),
                prior_exponent=float(raw["prior_exponent"]),
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise RuleError(f"The promotion rule cannot be read: {error!r}") from error

    @classmethod
    def from_file(cls, path: Path) -> "PromotionRule":
        return cls.from_json(path.read_text(encoding="utf-8"))

    def posterior(self, votes: Sequence[str]) -> dict[str, float]:
        """Return the probability of every label given the votes, summing to 1.

        Raises:
            ValueError: If a vote is none of the labels.
        """
        if unknown := set(votes) - set(self.labels):
            raise ValueError(f"Unknown votes {sorted(unknown)}: use {', '.join(self.labels)}")
        columns = [self.labels.index(vote) for vote in votes]
        scores = [
            # `fsum` rounds once, so that not even the last bit depends on the order of votes.
            self.tau * math.fsum(math.log(row[column]) for column in columns)
            + self.prior_exponent * math.log(prior)
            for row, prior in zip(self.confusion, self.prior, strict=True)
        ]
        peak = max(scores)
        weights = [math.exp(score - peak) for score in scores]
        total = sum(weights)
        return {label: weight / total for label, weight in zip(self.labels, weights, strict=True)}

    def decide(self, votes: Sequence[str]) -> Decision:
        """Judge a clip by its votes; their order does not matter."""
        posterior = self.posterior(votes)
        emotion = max(posterior, key=posterior.__getitem__)
        if len(votes) >= self.min_votes and posterior[emotion] >= self.threshold:
            verdict = Verdict.PROMOTE
        elif len(votes) >= self.max_votes:
            verdict = Verdict.CONFLICT
        else:
            verdict = Verdict.WAIT
        return Decision(verdict, emotion, posterior, len(votes))


def _check_distribution(name: str, row: Sequence[float], size: int) -> None:
    if len(row) != size:
        raise RuleError(f"{name} has {len(row)} values for {size} labels")
    if min(row) <= 0:
        raise RuleError(f"{name} has a value that is not positive: one vote would rule a label out")
    if abs(sum(row) - 1) > ROW_SUM_TOLERANCE:
        raise RuleError(f"{name} sums to {sum(row):.3f}, not 1")
