import csv
import dataclasses
import gzip
import json
import math
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.agreement import PromotionRule, RuleError, Verdict

RULE_FILE = Path(__file__).resolve().parents[2] / "labeling" / "rules" / "default.json"
RULE = PromotionRule.from_file(RULE_FILE)
LABELS = st.sampled_from(RULE.labels)


def tiny_rule(**changes):
    values = {
        "version": "t",
        "labels": ("a", "b"),
        "prior": (0.5, 0.5),
        "confusion": ((0.8, 0.2), (0.3, 0.7)),
        "tau": 1.0,
        "threshold": 0.9,
        "min_votes": 2,
        "max_votes": 4,
        "prior_exponent": 1.0,
    }
    return PromotionRule(**{**values, **changes})


def test_two_votes_give_bayes_rule_by_hand():
    posterior = tiny_rule().posterior(["a", "a"])
    assert posterior["a"] == pytest.approx(0.64 / (0.64 + 0.09))


def test_tau_tempers_the_votes():
    posterior = tiny_rule(tau=0.5).posterior(["a", "b"])
    likelihoods = math.sqrt(0.8 * 0.2), math.sqrt(0.3 * 0.7)
    assert posterior["b"] == pytest.approx(likelihoods[1] / sum(likelihoods))


def test_the_prior_counts_with_its_exponent():
    posterior = tiny_rule(prior=(0.9, 0.1), prior_exponent=0.5).posterior([])
    assert posterior["a"] == pytest.approx(3 / 4)


def test_few_votes_wait_however_clear():
    assert tiny_rule(min_votes=3).decide(["a"] * 2).verdict is Verdict.WAIT


def test_clear_votes_promote():
    decision = RULE.decide(["angry"] * 4)
    assert (decision.verdict, decision.emotion) == (Verdict.PROMOTE, "angry")
    assert decision.posterior["angry"] >= 0.9


def test_disagreement_up_to_the_cap_is_a_conflict():
    votes = ["angry", "happy"] * 5
    assert RULE.decide(votes[:9]).verdict is Verdict.WAIT
    assert RULE.decide(votes).verdict is Verdict.CONFLICT


def test_an_unknown_vote_is_an_error():
    with pytest.raises(ValueError, match="calm"):
        RULE.posterior(["calm"])


@given(st.lists(LABELS, max_size=20))
def test_the_posterior_is_a_distribution(votes):
    posterior = RULE.posterior(votes)
    assert set(posterior) == set(RULE.labels)
    assert sum(posterior.values()) == pytest.approx(1)
    assert min(posterior.values()) >= 0


@given(st.lists(LABELS, max_size=12), st.randoms())
def test_the_order_of_votes_does_not_matter(votes, random):
    shuffled = random.sample(votes, len(votes))
    assert RULE.posterior(votes) == pytest.approx(RULE.posterior(shuffled))


@given(st.lists(LABELS, max_size=12), st.randoms())
def test_the_order_of_votes_changes_no_decision_to_the_last_bit(votes, random):
    shuffled = random.sample(votes, len(votes))
    assert RULE.decide(votes) == RULE.decide(shuffled)


@given(st.lists(LABELS, max_size=14))
def test_a_verdict_is_what_the_thresholds_say(votes):
    decision = RULE.decide(votes)
    peak = max(decision.posterior.values())
    is_clear = len(votes) >= RULE.min_votes and peak >= RULE.threshold
    assert decision.posterior[decision.emotion] == peak
    assert decision.vote_count == len(votes)
    assert (decision.verdict is Verdict.PROMOTE) == is_clear
    assert (decision.verdict is Verdict.CONFLICT) == (not is_clear and len(votes) >= RULE.max_votes)


@pytest.mark.parametrize("label", RULE.labels)
def test_listeners_who_all_agree_promote_every_label_before_the_cap(label):
    decisions = [RULE.decide([label] * count) for count in range(RULE.min_votes, RULE.max_votes)]
    assert (Verdict.PROMOTE, label) in [(each.verdict, each.emotion) for each in decisions]


def test_without_votes_the_prior_stands():
    posterior = tiny_rule(prior=(0.8, 0.2), prior_exponent=1.0).posterior([])
    assert posterior == pytest.approx({"a": 0.8, "b": 0.2})


@given(st.lists(LABELS, max_size=12), LABELS)
def test_one_more_vote_never_makes_its_label_less_likely(votes, label):
    assert RULE.posterior([*votes, label])[label] >= RULE.posterior(votes)[label] - 1e-12


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ("a", "a")},
        {"prior": (0.5, 0.4)},
        {"prior": (1.0, 0.0)},
        {"confusion": ((0.8, 0.2),)},
        {"confusion": ((0.8, 0.3), (0.3, 0.7))},
        {"tau": 0.0},
        {"threshold": 1.0},
        {"min_votes": 5},
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(changes):
    with pytest.raises(RuleError):
        tiny_rule(**changes)


def test_a_refusal_names_the_field():
    with pytest.raises(RuleError, match=r"confusion\[b\] sums to 1.200, not 1"):
        tiny_rule(confusion=((0.8, 0.2), (0.5, 0.7)))
    with pytest.raises(RuleError, match="prior has 3 values for 2 labels"):
        tiny_rule(prior=(0.5, 0.3, 0.2))
    with pytest.raises(RuleError, match="one vote would rule a label out"):
        tiny_rule(confusion=((1.0, 0.0), (0.3, 0.7)))


def test_a_rule_read_from_a_file_is_the_rule_that_was_written():
    rule = tiny_rule(version="2", tau=0.25)
    assert PromotionRule.from_json(json.dumps(dataclasses.asdict(rule))) == rule


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}'])
def test_a_file_that_is_no_rule_is_refused(text):
    with pytest.raises(RuleError):
        PromotionRule.from_json(text)


def test_the_shipped_rule_has_the_published_parameters():
    raw = json.loads(RULE_FILE.read_text())
    parameters = [raw[key] for key in ("tau", "threshold", "min_votes", "max_votes")]
    assert parameters == [0.5, 0.9, 4, 10]


@pytest.mark.corpora
def test_what_few_real_votes_promote_is_what_all_votes_say(corpora):
    agreements = []
    for votes in crowd_votes(corpora):
        decisions = (RULE.decide(votes[:count]) for count in range(4, 11))
        promoted = next((d for d in decisions if d.verdict is Verdict.PROMOTE), None)
        if promoted and len(votes) >= 8:
            agreements.append(promoted.emotion == max(set(votes), key=votes.count))
    assert len(agreements) > 500
    assert sum(agreements) / len(agreements) > 0.85


def crowd_votes(corpora):
    clips = defaultdict(list)
    with gzip.open(corpora / "crowd" / "votes_voice_dev.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            clips[row["clip"]].append((int(row["order_in_clip_shuffled"]), row["label"]))
    return [[label for _, label in sorted(votes)] for votes in clips.values()]
