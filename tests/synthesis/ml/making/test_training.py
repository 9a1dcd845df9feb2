"""Training end to end on a few seconds of made-up speech."""

from pathlib import Path

import numpy as np
import pytest
import torch
from django.conf import settings

from emotion.ml.labels import EMOTIONS
from synthesis.ml.errors import CorpusError, VoiceError
from synthesis.ml.making import train
from synthesis.ml.making.acoustic_model import ModelShape
from synthesis.ml.making.dataset import Scale
from synthesis.ml.making.examples import Example, Row, make_example
from synthesis.ml.making.export import export_voice
from synthesis.ml.making.measurement import measure_shaping
from synthesis.ml.making.train import VoicePlan, finish_voice
from synthesis.ml.making.training import Trainer, TrainingConfig, learning_rate
from synthesis.ml.rating.judge import CHOOSING_SPEAKERS, functionals_of
from synthesis.ml.recordings.world import READER_F0_HZ, pitch
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.phonemes import phoneme_table
from synthesis.ml.speaking.shaping import SLOWNESS_BOUNDS, read_shaping
from synthesis.ml.speaking.voices import Voice, load_voice
from tests.synthesis.ml.conftest import syllables

HAPPY_0, HAPPY_1 = Row("toy", "happy", 0), Row("toy", "happy", 1)
NEUTRAL = Row("toy", "neutral", 0)
TINY = ModelShape(hidden=16, feed_forward=16, encoder_layers=1, decoder_layers=1)
CONFIG = TrainingConfig(steps=40, batch_size=4, warm_up_steps=5, peak_learning_rate=5e-3)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    made = []
    for number in range(20):
        for emotion, take, f0_hz in (
            ("neutral", 0, 160.0),
            ("happy", 0, 220.0),
            ("happy", 1, 260.0),
        ):
            waveform = syllables(f0_hz, seed=number)
            f0 = pitch(waveform.astype(np.float64), READER_F0_HZ)
            starts = np.array([0, 15, 35, 60, 95])
            positions = np.arange(len(f0)) + 0.5
            made.append(
                make_example(
                    f"clip{number:02}",
                    Row("toy", emotion, take),
                    "abc.",
                    starts,
                    waveform,
                    f0,
                    positions,
                )
            )
    assert None not in made
    return made


def trainer(examples: list[Example], checkpoint: Path, **changes: int) -> Trainer:
    config = TrainingConfig(**{**vars(CONFIG), **changes})
    return Trainer(examples, list(phoneme_table().values()), checkpoint, config, TINY)


def weights(run: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in run.model.state_dict().items()}


def test_a_resumed_run_ends_where_an_unbroken_one_ends(examples, tmp_path):
    unbroken = trainer(examples, tmp_path / "a.pt")
    unbroken.run(until=6)
    first = trainer(examples, tmp_path / "b.pt")
    first.run(until=3)
    second = trainer(examples, tmp_path / "b.pt")
    second.resume()
    assert second.step == 3
    second.run(until=6)
    expected = weights(unbroken)
    for name, value in weights(second).items():
        torch.testing.assert_close(value, expected[name], msg=name)


def test_a_checkpoint_survives_a_kill_while_it_is_written(examples, tmp_path, monkeypatch):
    run = trainer(examples, tmp_path / "c.pt")
    run.run(until=2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        run.run(until=4)
    monkeypatch.undo()
    again = trainer(examples, tmp_path / "c.pt")
    again.resume()
    assert again.step == 2


def test_training_lowers_the_held_out_loss(examples, tmp_path):
    run = trainer(examples, tmp_path / "d.pt")
    before = run.evaluate()
    run.run()
    after = run.evaluate()
    assert float(after.mel) < 0.8 * float(before.mel)
    assert float(after.duration) < float(before.duration)


def test_held_out_readings_are_never_trained_on(examples, tmp_path):
    run = trainer(examples, tmp_path / "e.pt")
    held_out = {example.prompt for example in run.dataset.held_out}
    trained = {e.prompt for row in run.dataset.rows for e in run.dataset.of(row)}
    assert held_out
    assert not held_out & trained
    assert held_out | trained == {example.prompt for example in examples}


def exported(run: Trainer, folder: Path, chosen: list[Row]) -> Voice:
    rows = run.dataset.rows
    return export_voice(
        name="toy",
        folder=folder,
        weights=run.model.state_dict(),
        rows=rows,
        chosen=chosen,
        shaping=measure_shaping(run.model, run.dataset, rows, phoneme_table()),
        table=phoneme_table(),
        shape=TINY,
    )


def test_a_trained_voice_can_be_exported_moved_and_spoken(examples, tmp_path):
    run = trainer(examples, tmp_path / "f.pt")
    run.run(until=2)
    exported(run, tmp_path / "toy", [NEUTRAL, HAPPY_1])
    voice = load_voice((tmp_path / "toy").rename(tmp_path / "moved"))
    assert voice.speakers == {"toy": {"happy": "toy_happy_1", "neutral": "toy_neutral_0"}}
    utterance = SpeechEngine(voice).speak("Hello there.", "happy", speaker="toy")
    assert len(utterance.waveform) > 0
    assert np.isfinite(utterance.waveform).all()


def test_an_exported_speaker_is_the_row_that_was_chosen(examples, tmp_path):
    run = trainer(examples, tmp_path / "g.pt")
    table = run.model.state_dict()["emb_g.weight"]
    assert run.dataset.rows == [HAPPY_0, HAPPY_1, NEUTRAL]
    voice = exported(run, tmp_path / "takes", [HAPPY_1, NEUTRAL])
    stored = torch.load(voice.model_path, weights_only=True)["model"]["emb_g.weight"]
    torch.testing.assert_close(stored, table[1:])


def test_of_several_takes_each_is_called_by_its_number(examples, tmp_path):
    run = trainer(examples, tmp_path / "h.pt")
    voice = exported(run, tmp_path / "all", run.dataset.rows)
    assert set(voice.speakers["toy"]) == {"happy", "happy_1", "neutral"}


def test_shaping_brings_the_spoken_length_to_that_of_the_training_clips(examples, tmp_path):
    run = trainer(examples, tmp_path / "i.pt")
    run.run(until=20)
    shaping = measure_shaping(run.model, run.dataset, [HAPPY_0], phoneme_table())[HAPPY_0]
    run.model.eval()
    run.model.length_scale = shaping.slowness
    example = run.dataset.of(HAPPY_0)[0]
    batch = run.dataset.collate([example])
    spoken = run.model.inference(
        batch.tokens, aux_input={"d_vectors": None, "speaker_ids": batch.speakers}
    )
    n_frames = spoken["model_outputs"].shape[1]
    assert SLOWNESS_BOUNDS[0] <= shaping.slowness <= SLOWNESS_BOUNDS[1]
    if SLOWNESS_BOUNDS[0] < shaping.slowness < SLOWNESS_BOUNDS[1]:
        assert n_frames == pytest.approx(example.n_frames, rel=0.15)


def test_training_can_begin_from_a_voice(examples, tmp_path):
    first = trainer(examples, tmp_path / "j.pt")
    first.run(until=5)
    voice = exported(first, tmp_path / "first", [HAPPY_1, NEUTRAL])
    second = trainer(examples, tmp_path / "k.pt", seed=1)
    second.start_from(voice)
    before, after = weights(first), weights(second)
    for name in before.keys() - {"emb_g.weight"}:
        torch.testing.assert_close(after[name], before[name], msg=name)
    # Both takes of happy begin as the one that was kept.
    torch.testing.assert_close(after["emb_g.weight"], before["emb_g.weight"][[1, 1, 2]])


def test_training_cannot_begin_from_a_voice_of_another_shape(examples, tmp_path):
    run = trainer(examples, tmp_path / "l.pt")
    with pytest.raises(VoiceError, match="another shape"):
        run.start_from(load_voice(settings.VOICES_DIR / settings.DEFAULT_VOICE))


def test_a_trained_network_is_finished_to_a_voice_of_one_take_an_emotion(
    examples, tmp_path, monkeypatch
):
    # Short: pocketsphinx takes long over the noise of an untrained network.
    monkeypatch.setattr(train, "_sentences", lambda n, seed: ["Tea at noon."])
    run = Trainer(examples, list(phoneme_table().values()), tmp_path / "m.pt", CONFIG)
    run.model.duration_predictor.proj.bias.data += 2.0  # frames enough, untrained as it is
    rng = np.random.default_rng(0)
    speakers = sorted(CHOOSING_SPEAKERS)
    described = functionals_of(syllables())
    # Stands for the corpora, whose description is read from here if it is there.
    np.savez(
        tmp_path / "natural.npz",
        features=described + rng.normal(size=(7 * len(speakers), len(described))),
        emotions=np.array(EMOTIONS * len(speakers)),
        speakers=np.repeat(speakers, 7),
    )
    plan = VoicePlan(
        reader=tmp_path, acted=tmp_path, work=tmp_path, out=tmp_path / "toys", tuning_steps=1
    )
    voice = finish_voice(plan, run, phoneme_table())
    assert voice.name == "toys"
    assert set(voice.speakers["toy"]) == {"happy", "neutral"}
    assert set(read_shaping(voice.folder)) == set(voice.speakers["toy"].values())
    assert len(SpeechEngine(load_voice(voice.folder)).speak("Tea.", "happy").waveform) > 0


def test_the_learning_rate_rises_then_falls():
    config = TrainingConfig(steps=1000, warm_up_steps=100, peak_learning_rate=1e-3)
    rates = [learning_rate(step, config) for step in range(1001)]
    assert rates[0] == pytest.approx(1e-5)
    assert max(rates) == pytest.approx(1e-3, rel=0.03)
    assert 90 <= int(np.argmax(rates)) <= 110
    assert rates[-1] == pytest.approx(3e-5)


def test_pitch_is_scaled_around_the_readers_median_and_unvoiced_is_zero(examples):
    scale = Scale.of(examples)
    assert scale.median_f0_hz == pytest.approx(160.0, rel=0.02)
    f0 = np.array([0.0, scale.median_f0_hz, 2 * scale.median_f0_hz], np.float32)
    np.testing.assert_allclose(scale.pitch(f0), [0.0, 0.0, 3.0], atol=1e-3)
    assert scale.pitch(f0)[1] != 0.0


def test_a_corpus_without_neutral_clips_is_refused(examples: list[Example]):
    with pytest.raises(CorpusError, match="reader's own clips"):
        Scale.of([example for example in examples if example.row.emotion != "neutral"])
