import numpy as np
import pytest

from audio import decode
from emotion.ml.errors import SilentError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.examples import PLAIN, VARIATIONS, load_examples

CONFIG = FeatureConfig()


@pytest.fixture
def clips(tones):
    return load_corpus("emodb", tones)[:6]


def never(path):
    raise AssertionError(f"{path} was decoded again")


def test_every_clip_is_described_in_every_variation(examples):
    assert set(examples.log_mels) == set(examples.functionals) == {PLAIN, *VARIATIONS}
    for name in VARIATIONS:
        assert len(examples.log_mels[name]) == len(examples.functionals[name]) == 24
        assert np.isfinite(examples.functionals[name]).all()


def test_variations_differ_from_the_plain_clip_and_from_each_other(examples):
    # A part of clips as short as these is the whole.
    names = [PLAIN, *(name for name in VARIATIONS if name != "part")]
    stacked = np.stack([examples.functionals[name] for name in names])
    distances = np.abs(stacked[:, None] - stacked[None]).max(axis=(2, 3))
    assert distances[~np.eye(len(stacked), dtype=bool)].min() > 0.1


def test_faster_clips_are_shorter_and_slower_ones_longer(examples):
    slower, plain, faster = (
        np.array([len(mel) for mel in examples.log_mels[name]])
        for name in ("slower", PLAIN, "faster")
    )
    assert (slower > plain).all()
    assert (plain > faster).all()


def test_labels_and_speakers_are_those_of_the_clips(clips, tmp_path):
    examples = load_examples(clips, CONFIG, cache=tmp_path, varied=False)
    assert [EMOTIONS[label] for label in examples.labels] == [clip.emotion for clip in clips]
    assert examples.speakers.tolist() == [clip.speaker for clip in clips]


def test_features_are_computed_once(clips, tmp_path):
    first = load_examples(clips, CONFIG, cache=tmp_path, varied=False)
    again = load_examples(clips, CONFIG, cache=tmp_path, varied=False, read=never)
    np.testing.assert_array_equal(again.functionals[PLAIN], first.functionals[PLAIN])
    for one, other in zip(again.log_mels[PLAIN], first.log_mels[PLAIN], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "change",
    [
        {"config": FeatureConfig(n_mels=32)},
        {"seed": 1},
        {"varied": True},
        {"clips": slice(1, None)},
    ],
)
def test_other_clips_seeds_and_front_ends_are_not_taken_from_the_cache(clips, tmp_path, change):
    load_examples(clips, CONFIG, cache=tmp_path, varied=False)
    options = {"config": CONFIG, "seed": 0, "varied": False} | change
    chosen = clips[options.pop("clips", slice(None))]
    with pytest.raises(AssertionError, match="decoded again"):
        load_examples(chosen, options.pop("config"), cache=tmp_path, read=never, **options)


def test_a_run_that_breaks_off_leaves_no_half_cache(clips, tmp_path):
    def broken(path):
        if path == clips[3].path:
            raise SilentError("The waveform is silent")
        return decode(path)

    with pytest.raises(SilentError):
        load_examples(clips, CONFIG, cache=tmp_path / "work", varied=False, read=broken)
    assert not list(tmp_path.rglob("*.npz"))
    assert len(load_examples(clips, CONFIG, cache=tmp_path / "work", varied=False).labels) == 6


def test_the_seed_decides_about_noise_and_parts(clips, tmp_path):
    one, two, other = (
        load_examples(clips[:2], CONFIG, cache=tmp_path / str(n), varied=True, seed=seed)
        for n, seed in enumerate((5, 5, 6))
    )
    np.testing.assert_array_equal(one.functionals["noisy"], two.functionals["noisy"])
    np.testing.assert_array_equal(one.functionals[PLAIN], other.functionals[PLAIN])
    assert np.abs(one.functionals["noisy"] - other.functionals["noisy"]).max() > 0.01


def test_a_subset_keeps_everything_of_the_chosen_clips(examples):
    chosen = examples.labels == examples.labels[0]
    subset = examples.subset(chosen)
    assert set(subset.labels) == {examples.labels[0]}
    for name in (PLAIN, *VARIATIONS):
        np.testing.assert_array_equal(subset.functionals[name], examples.functionals[name][chosen])
        kept = [mel for mel, keep in zip(examples.log_mels[name], chosen, strict=True) if keep]
        assert all(a is b for a, b in zip(subset.log_mels[name], kept, strict=True))
