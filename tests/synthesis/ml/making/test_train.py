"""The plan of a voice: read from options, prepared, trained, begun anew or gone on with."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch
from django.conf import settings

from synthesis.ml.errors import CorpusError
from synthesis.ml.making import train
from synthesis.ml.making.examples import ExampleStore, Row, make_example
from synthesis.ml.making.train import VoicePlan, add_arguments, plan_of, train_voice
from synthesis.ml.recordings.world import READER_F0_HZ, pitch
from tests.synthesis.ml.conftest import syllables

PATHS = ["--kathleen", "k", "--ravdess", "r", "--work", "w", "--out", "o"]


def options(*arguments: str) -> dict:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return vars(parser.parse_args([*PATHS, *arguments]))


def test_without_options_the_plan_is_the_usual_one():
    expected = VoicePlan(reader=Path("k"), acted=Path("r"), work=Path("w"), out=Path("o"))
    assert plan_of(options()) == expected


def test_every_option_reaches_the_plan():
    given = "--emodb e --start s --steps 7 --batch-size 2 --device cuda --half --workers 3 "
    plan = plan_of(options(*(given + "--tuning-steps 5 --seed 9 --resume").split()))
    assert (plan.judged, plan.start) == (Path("e"), Path("s"))
    assert (plan.steps, plan.batch_size, plan.device, plan.half) == (7, 2, "cuda", True)
    assert (plan.workers, plan.tuning_steps, plan.seed, plan.resume) == (3, 5, 9, True)


@pytest.mark.parametrize("missing", range(0, 8, 2))
def test_what_a_voice_cannot_be_made_without_is_asked_for(missing, capsys):
    left = PATHS[:missing] + PATHS[missing + 2 :]
    with pytest.raises(SystemExit):
        train.main(left)
    assert f"required: {PATHS[missing]}" in capsys.readouterr().err


def test_the_module_refuses_a_folder_that_is_no_corpus(tmp_path):
    places = [str(tmp_path / name) if not name.startswith("--") else name for name in PATHS]
    with pytest.raises(CorpusError, match="No metadata.csv"):
        train.main(places)
    assert not (tmp_path / "o").exists()


def test_tuning_speaks_other_sentences_than_the_figures_are_measured_with():
    from synthesis.ml.rating.evaluate import SENTENCES_SEED

    tuned = train._sentences(train.TUNING_SENTENCES, train.TUNING_SEED)
    assert tuned == train._sentences(train.TUNING_SENTENCES, train.TUNING_SEED)
    assert not set(tuned) & set(train._sentences(50, SENTENCES_SEED))


@pytest.fixture
def plan(tmp_path, monkeypatch) -> VoicePlan:
    """A work folder whose examples are prepared, so that no corpus is needed."""

    def prepared(reader, acted, work, config, *, show_progress: bool) -> None:
        if "one" not in work.examples:
            add_examples(work.examples)

    monkeypatch.setattr("synthesis.ml.making.preparation.prepare", prepared)
    monkeypatch.setattr(train, "finish_voice", lambda plan, trainer, table: trainer)
    return VoicePlan(
        reader=tmp_path, acted=tmp_path, work=tmp_path / "work", out=tmp_path / "toy",
        steps=2, batch_size=2,
    )  # fmt: skip


def add_examples(store: ExampleStore) -> None:
    for name, emotion, f0_hz in (("one", "neutral", 160.0), ("two", "happy", 220.0)):
        waveform = syllables(f0_hz)
        f0 = pitch(waveform.astype(np.float64), READER_F0_HZ)
        positions = np.arange(len(f0)) + 0.5
        starts = np.array([0, 15, 35, 60, 95])
        row = Row("toy", emotion, 0)
        store.add(name, [make_example(name, row, "abc.", starts, waveform, f0, positions)])


def changed(plan: VoicePlan, **changes: object) -> VoicePlan:
    return VoicePlan(**{**vars(plan), **changes})


def embedding(trainer) -> torch.Tensor:
    return trainer.model.state_dict()["emb_g.weight"].clone()


def test_a_voice_is_trained_for_the_steps_of_its_plan(plan):
    trainer = train_voice(plan, show_progress=False)
    assert trainer.step == 2
    assert trainer.checkpoint.is_file()


def test_only_a_resumed_training_goes_on_from_its_checkpoint(plan):
    first = train_voice(plan, show_progress=False)
    resumed = train_voice(changed(plan, resume=True), show_progress=False)
    torch.testing.assert_close(embedding(resumed), embedding(first))
    longer = train_voice(changed(plan, resume=True, steps=3), show_progress=False)
    assert longer.step == 3
    assert not torch.equal(embedding(longer), embedding(first))


def test_a_training_begins_from_a_voice_unless_it_is_resumed(plan):
    shipped = settings.VOICES_DIR / "kathleen"
    fresh = train_voice(changed(plan, steps=1), show_progress=False)
    begun = train_voice(changed(plan, steps=1, start=shipped), show_progress=False)
    stored = torch.load(shipped / "model.pth", weights_only=True)["model"]
    name = max(stored, key=lambda key: stored[key].numel())
    distance = {
        run: (run.model.state_dict()[name] - stored[name]).abs().mean() for run in (fresh, begun)
    }
    assert distance[begun] < 0.1 * distance[fresh]
    resumed = train_voice(changed(plan, steps=1, start=shipped, resume=True), show_progress=False)
    torch.testing.assert_close(embedding(resumed), embedding(begun))
