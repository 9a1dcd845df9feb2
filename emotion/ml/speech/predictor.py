"""Serving: the shipped weights with onnxruntime and numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audio import voiced_segments
from audio.silence import loud_frames
from emotion.ml.errors import InvalidWaveformError, SilentError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.extraction import Features, describe
from emotion.ml.speech.features import FeatureConfig, FloatArray, prepare
from emotion.ml.speech.speakers import SpeakerProfile
from emotion.ml.speech.weights_folder import SHIPPED, Outputs, Weights

LONGEST_WHOLE_S: Final = 6.0
"""Clips up to this length of speech are judged in one piece; no training clip is longer."""

WINDOW_S: Final = 3.0
MOST_WINDOWS: Final = 12
"""Bounds the cost of a long clip: twelve windows of 3 s, spread evenly from start to end."""

AUDIBLE_RANGE_DB: Final = 30.0
"""A window of a long clip that is so far below the loudest is a pause."""

MOMENT_S: Final = 1.5
MOMENT_STEP_S: Final = 0.5
MOST_MOMENTS: Final = 120
"""A timeline has a moment of 1.5 s every 0.5 s; in a recording of over a minute they are spread
so that there are no more than this."""

LEAST_SPOKEN: Final = 0.3
"""So much of a moment must be speech for it to have an emotion."""

SPEECH_THRESHOLD: Final = 0.35
"""Of voice activity; lower than the detector's usual 0.5: of acted speech, shouting and crying are
often rated between 0.35 and 0.5."""

GATE_THRESHOLD: Final = 0.5
"""Of the speech gate, on which 1 is speech and 0 is other sound; see the model card's rates."""


@dataclass(frozen=True)
class Prediction:
    """The emotion of one waveform.

    Attributes:
        emotion: None where nothing can be said of one.
        reason: Why: `silence`, `no_speech` (nobody's voice is heard) or `not_speech` (a voice is
            suspected, but the sound is unlike speech). None beside an emotion.
        scores: Calibrated probabilities by emotion, in the order of `EMOTIONS`, summing to 1;
            empty where there is no emotion.
        duration_s: Of the waveform.
        voiced_s: Of it with speech.
        references: Clips of the same speaker that the scores were adapted to.
        segments: Where somebody speaks, as (start, end) in samples.
    """

    emotion: str | None
    scores: dict[str, float]
    reason: str | None = None
    duration_s: float = 0.0
    voiced_s: float = 0.0
    references: int = 0
    segments: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Moment:
    """What a stretch of a recording sounds like; no emotion and no scores where nobody speaks."""

    start_s: float
    end_s: float
    emotion: str | None
    scores: dict[str, float]


@dataclass
class SpeakerSession:
    """Clips of one speaker in a row: each is judged in the light of those before.

    Keeps one sum of features in memory and nothing else.
    """

    predictor: "EmotionPredictor"
    profile: SpeakerProfile = field(default_factory=SpeakerProfile)

    def predict(self, waveform: FloatArray, sampling_rate: int = 16_000) -> Prediction:
        """Score the next clip, then count it as a reference for those to come."""
        return self.predictor.follow(self.profile, waveform, sampling_rate)


@dataclass(frozen=True)
class LookedAt:
    """One clip, looked at once; it can be judged in the light of any number of profiles."""

    heard: Prediction
    """Without emotion and scores; its reason says why there can be none."""
    windows: Sequence[Features]
    """What the model looks at, none where there is a reason."""

    @property
    def functionals(self) -> FloatArray:
        """What a profile counts of the clip, the mean over windows, shape (features,)."""
        return _mean_functionals(self.windows)


class EmotionPredictor:
    """A loaded model. Safe to share between threads: it keeps no state between calls."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._features: FeatureConfig = weights.features
        self.name = weights.name
        self.version = weights.version
        self.sha256 = weights.sha256

    @classmethod
    def load(cls, folder: Path | str | None = None) -> "EmotionPredictor":
        """Open a folder with `model.onnx` and `model.json`.

        Args:
            folder: The shipped weights when None.

        Raises:
            ModelError: If a file is missing or damaged, or was made for other labels or features.
        """
        return cls(Weights.load(Path(folder) if folder is not None else SHIPPED))

    def predict(
        self,
        waveform: FloatArray,
        sampling_rate: int = 16_000,
        *,
        references: Sequence[FloatArray] = (),
        profile: SpeakerProfile | None = None,
        assume_speech: bool = False,
    ) -> Prediction:
        """Score the emotion of one utterance.

        Args:
            waveform: Mono signal, float32 in [-1, 1], shape (samples,).
            sampling_rate: In Hz; only 16 000 is accepted.
            references: Other clips of the same speaker, of any emotions, to adapt to the voice.
            profile: The same as a running sum; `references` are added to a copy of it.
            assume_speech: Skip the search for speech, as for clips that are known to be speech.

        Raises:
            TooShortError: If it is shorter than 0.1 s.
            InvalidWaveformError: If it is not one channel of finite numbers at 16 000 Hz.
        """
        known = self._known(references, profile)
        return self.predict_batch(
            [waveform], sampling_rate, profiles=[known], assume_speech=assume_speech
        )[0]

    def predict_batch(
        self,
        waveforms: Sequence[FloatArray],
        sampling_rate: int = 16_000,
        *,
        profiles: Sequence[SpeakerProfile] | None = None,
        assume_speech: bool = False,
    ) -> list[Prediction]:
        """Score several utterances, those of equal length together; as `predict` for each."""
        self._check_rate(sampling_rate)
        profiles = profiles or [SpeakerProfile()] * len(waveforms)
        clips = [self.look_at(waveform, assume_speech) for waveform in waveforms]
        return self.judge(clips, profiles, assume_speech)

    def follow(
        self, profile: SpeakerProfile, waveform: FloatArray, sampling_rate: int = 16_000
    ) -> Prediction:
        """Score the next clip of a speaker, then count it in the profile for those to come.

        What has no emotion is not counted. Otherwise as `predict`.
        """
        self._check_rate(sampling_rate)
        clip = self.look_at(waveform, assume_speech=False)
        (prediction,) = self.judge([clip], [profile], assume_speech=False)
        if prediction.emotion is not None:
            profile.add(clip.functionals)
        return prediction

    def timeline(
        self,
        waveform: FloatArray,
        sampling_rate: int = 16_000,
        *,
        segments: Sequence[tuple[int, int]] | None = None,
    ) -> tuple[Moment, ...]:
        """Follow the emotion through a recording.

        Args:
            waveform: Mono signal, float32 in [-1, 1], shape (samples,).
            sampling_rate: In Hz; only 16 000 is accepted.
            segments: Where somebody speaks, as a `Prediction` has it; searched for if None.

        Returns:
            Moments of `MOMENT_S` in order, every `MOMENT_STEP_S`, at most `MOST_MOMENTS` of them;
            one for a recording that is shorter. A moment with less speech than `LEAST_SPOKEN` has
            no emotion.
        """
        self._check_rate(sampling_rate)
        bounds = moment_bounds(waveform.size, sampling_rate)
        voiced = np.zeros(waveform.size, dtype=np.bool_)
        for start, end in _segments(waveform) if segments is None else segments:
            voiced[start:end] = True
        spoken = [voiced[start:end].mean() >= LEAST_SPOKEN for start, end in bounds]
        features: dict[int, Features] = {}
        for index, (start, end) in enumerate(bounds):
            if spoken[index]:
                try:
                    part = prepare(waveform[start:end], self._features)
                except SilentError:
                    continue
                features[index] = describe(part, self._features)
        outputs = self._weights.run(list(features.values()), [SpeakerProfile()] * len(features))
        scored = {
            index: _named(row) for index, row in zip(features, softmax(outputs.logits), strict=True)
        }
        return tuple(
            Moment(
                start / sampling_rate,
                end / sampling_rate,
                max(scored[index], key=scored[index].__getitem__) if index in scored else None,
                scored.get(index, {}),
            )
            for index, (start, end) in enumerate(bounds)
        )

    def session(self) -> SpeakerSession:
        """Begin a session of several clips of one speaker."""
        return SpeakerSession(self)

    def hear(self, profile: SpeakerProfile, waveform: FloatArray) -> None:
        """Count a clip as a reference for its speaker.

        Raises:
            EmotionError: If it is invalid, too short or silent.
        """
        profile.add(_mean_functionals(self._windows(prepare(waveform, self._features))))

    def look_at(self, waveform: FloatArray, assume_speech: bool) -> LookedAt:
        """Look for speech in a clip at 16 000 Hz and describe it, for `judge`."""
        rate = self._features.sampling_rate
        duration_s = np.size(waveform) / rate
        try:
            speech = prepare(waveform, self._features)
        except SilentError:
            return LookedAt(Prediction(None, {}, "silence", duration_s), ())
        whole = ((0, int(np.size(waveform))),)
        segments = whole if assume_speech else _segments(waveform)
        voiced_s = sum(end - start for start, end in segments) / rate
        if not segments:
            return LookedAt(Prediction(None, {}, "no_speech", duration_s), ())
        heard = Prediction(None, {}, None, duration_s, voiced_s, segments=segments)
        return LookedAt(heard, self._windows(speech))

    def judge(
        self, clips: Sequence[LookedAt], profiles: Sequence[SpeakerProfile], assume_speech: bool
    ) -> list[Prediction]:
        """Score clips that were looked at, their windows all together, each by its own profile."""
        windows = [window for clip in clips for window in clip.windows]
        owners = np.array([i for i, clip in enumerate(clips) for _ in clip.windows], dtype=np.intp)
        outputs = self._weights.run(windows, [profiles[owner] for owner in owners])
        if assume_speech:
            outputs = replace(outputs, gate=np.ones(len(owners)))
        return [
            _concluded(clip.heard, outputs, owners == i, profile) if clip.windows else clip.heard
            for i, (clip, profile) in enumerate(zip(clips, profiles, strict=True))
        ]

    def _known(
        self, references: Sequence[FloatArray], profile: SpeakerProfile | None
    ) -> SpeakerProfile:
        known = SpeakerProfile(profile.clips, profile.total) if profile else SpeakerProfile()
        for reference in references:
            self.hear(known, reference)
        return known

    def _check_rate(self, sampling_rate: int) -> None:
        expected = self._features.sampling_rate
        if sampling_rate != expected:
            raise InvalidWaveformError(
                f"Unexpected sampling rate {sampling_rate} Hz: send {expected} Hz mono"
            )

    def _windows(self, speech: FloatArray) -> list[Features]:
        """Describe a prepared clip whole, or the windows of a long one that hold sound."""
        return [describe(window, self._features) for window in self._cut(speech)]

    def _cut(self, speech: FloatArray) -> list[FloatArray]:
        rate = self._features.sampling_rate
        if speech.size <= LONGEST_WHOLE_S * rate:
            return [speech]
        length = int(WINDOW_S * rate)
        count = min(MOST_WINDOWS, -(-speech.size // length))
        starts = np.linspace(0, speech.size - length, count).astype(np.intp)
        windows = [speech[start : start + length] for start in starts]
        power = np.array([np.mean(np.square(window)) for window in windows])
        audible = loud_frames(power, AUDIBLE_RANGE_DB)
        return [
            prepare(window, self._features)
            for window, heard in zip(windows, audible, strict=True)
            if heard
        ]


def moment_bounds(samples: int, sampling_rate: int) -> list[tuple[int, int]]:
    """Return start and end of each moment of a timeline, in samples."""
    length = int(MOMENT_S * sampling_rate)
    if samples <= length:
        return [(0, samples)]
    step = MOMENT_STEP_S * sampling_rate
    count = min(MOST_MOMENTS, 1 + int(np.ceil((samples - length) / step)))
    starts = np.linspace(0, samples - length, count).astype(int)
    return [(int(start), int(start) + length) for start in starts]


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn each row into probabilities. (clips, emotions)"""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def _segments(waveform: FloatArray) -> tuple[tuple[int, int], ...]:
    return tuple(voiced_segments(waveform, threshold=SPEECH_THRESHOLD))


def _mean_functionals(windows: Sequence[Features]) -> FloatArray:
    mean = np.mean([window.functionals for window in windows], axis=0)
    return np.asarray(mean, dtype=np.float32)


def _concluded(
    heard: Prediction, outputs: Outputs, own: NDArray[np.bool_], profile: SpeakerProfile
) -> Prediction:
    """Say of one clip what its windows say on average."""
    heard = replace(heard, references=profile.clips)
    if outputs.gate[own].mean() < GATE_THRESHOLD:
        return replace(heard, reason="not_speech")
    scores = _named(softmax(outputs.logits[own]).mean(axis=0))
    return replace(heard, emotion=max(scores, key=scores.__getitem__), scores=scores)


def _named(probabilities: NDArray[np.float64]) -> dict[str, float]:
    exact = probabilities / probabilities.sum()
    return {name: float(score) for name, score in zip(EMOTIONS, exact, strict=True)}
