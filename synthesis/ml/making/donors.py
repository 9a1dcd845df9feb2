"""What an acted clip lends to a neutral reading: its timing, pitch, level and timbre.

A donor is compared with the same actor's neutral reading of the same sentence, so that what is
taken is the emotion and not the actor.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from librosa.sequence import dtw
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.ndimage import gaussian_filter1d, median_filter

from synthesis.ml.recordings.corpora import ActedClip
from synthesis.ml.recordings.world import Analysis, Floats

RATE_BOUNDS = (0.35, 3.5)  # of a local change of tempo; beyond, the alignment has slipped
LEVEL_BOUND_DB = 15.0
N_CEPSTRA = 24


@dataclass(frozen=True)
class Timbre:
    """Mean log envelope of voiced and of unvoiced frames, mean log aperiodicity; (bins,) each."""

    voiced: Floats
    unvoiced: Floats
    aperiodicity: Floats

    def minus(self, other: "Timbre") -> "Timbre":
        return Timbre(
            self.voiced - other.voiced,
            self.unvoiced - other.unvoiced,
            self.aperiodicity - other.aperiodicity,
        )


@dataclass(frozen=True)
class Contours:
    """How an acted clip moves, each curve over its own length.

    Attributes:
        tempo: Acted frames per neutral frame, along the neutral clip.
        semitones: Pitch relative to the actor's neutral median, along the acted clip.
        semitones_gained: Pitch minus the neutral clip's at the same place in the sentence.
        level_db: Level minus the neutral clip's, both re their maximum, around its median.
    """

    tempo: Floats
    semitones: Floats
    semitones_gained: Floats
    level_db: Floats


@dataclass(frozen=True)
class Donor:
    """One acted clip with everything a rendering takes from it.

    Attributes:
        own_timbre: What the emotion does to the timbre of this actor.
        shared_timbre: What it does on average over the actors of the same sex.
    """

    name: str
    emotion: str
    contours: Contours
    own_timbre: Timbre
    shared_timbre: Timbre


class DonorLibrary:
    """Donors cut from the analysed clips of several actors of one sex.

    Args:
        clips: Strong emotional and neutral clips with their analyses.
    """

    def __init__(self, clips: Iterable[tuple[ActedClip, Analysis]]) -> None:
        self._clips = {_key(clip): (clip, analysis) for clip, analysis in clips}
        self._actors = sorted({actor for actor, *_ in self._clips})
        self._changes: dict[tuple[int, str], Timbre] = {}

    def donor(self, actor: int, emotion: str, statement: str, repetition: str) -> Donor:
        """Cut one donor."""
        clip, acted = self._clips[actor, emotion, statement, repetition]
        _, neutral = self._clips[actor, "neutral", statement, repetition]
        return Donor(
            name=clip.name,
            emotion=emotion,
            contours=compare(acted, neutral, self._reference(actor)),
            own_timbre=self._change(actor, emotion),
            shared_timbre=_mean([self._change(other, emotion) for other in self._actors]),
        )

    def _reference(self, actor: int) -> float:
        """The actor's median neutral pitch in semitones re 1 Hz."""
        neutral = [analysis.f0[analysis.voiced] for analysis in self._of(actor, "neutral")]
        return float(np.median(12 * np.log2(np.concatenate(neutral))))

    def _change(self, actor: int, emotion: str) -> Timbre:
        if (actor, emotion) not in self._changes:
            acted = _mean([timbre_of(analysis) for analysis in self._of(actor, emotion)])
            neutral = _mean([timbre_of(analysis) for analysis in self._of(actor, "neutral")])
            self._changes[actor, emotion] = acted.minus(neutral)
        return self._changes[actor, emotion]

    def _of(self, actor: int, emotion: str) -> list[Analysis]:
        return [
            analysis for key, (_, analysis) in self._clips.items() if key[:2] == (actor, emotion)
        ]


def timbre_of(analysis: Analysis) -> Timbre:
    """Average a clip's spectrum over its active frames, loudness removed."""
    log_spectrum = np.log(analysis.spectrum + 1e-14)
    log_spectrum -= np.log(analysis.spectrum.mean(axis=1, keepdims=True) + 1e-14)
    voiced = analysis.active & analysis.voiced
    unvoiced = analysis.active & ~analysis.voiced
    return Timbre(
        log_spectrum[voiced].mean(axis=0),
        log_spectrum[unvoiced if unvoiced.any() else voiced].mean(axis=0),
        np.log(analysis.aperiodicity[voiced].mean(axis=0) + 1e-3),
    )


def compare(acted: Analysis, neutral: Analysis, reference: float) -> Contours:
    """Describe how an acted clip differs from the same words read neutrally.

    Args:
        acted: The donor.
        neutral: The same actor and sentence, neutral.
        reference: The actor's median neutral pitch, in semitones re 1 Hz.
    """
    span, acted_span = neutral.active_span, acted.active_span
    places = matching_frames(_warping_features(acted), _warping_features(neutral))[span]
    tempo = np.clip(gaussian_filter1d(np.gradient(places), 15), *RATE_BOUNDS)
    semitones = _pitch_contour(acted, reference)
    progress = (places - acted_span.start) / (acted_span.stop - 1 - acted_span.start)
    acted_there = np.interp(progress, np.linspace(0, 1, len(semitones)), semitones)
    gained = acted_there - resample(_pitch_contour(neutral, reference), len(acted_there))
    return Contours(
        tempo=tempo,
        semitones=semitones,
        semitones_gained=gaussian_filter1d(gained, 8),
        level_db=_level_difference(acted, neutral, places),
    )


def matching_frames(source: Floats, target: Floats) -> Floats:
    """Find where in `source` each frame of `target` is said.

    Args:
        source: Shape (source frames, features).
        target: Shape (target frames, features).

    Returns:
        Mean matching source frame of each target frame, never falling; shape (target frames,).

    Source:
        Sakoe and Chiba, 1978, symmetric steps without slope limits.
    """
    _, path = dtw(target.T, source.T, metric="euclidean")
    target_frames, source_frames = path.T  # each of shape (steps,), from the end to the start
    places: Floats = np.bincount(target_frames, source_frames) / np.bincount(target_frames)
    return places


def resample(curve: Floats, length: int) -> Floats:
    """Stretch a curve linearly to another number of points."""
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(curve)), curve)


def _level_difference(acted: Analysis, neutral: Analysis, places: Floats) -> Floats:
    smooth = gaussian_filter1d(acted.energy_db, 4)
    theirs = np.interp(places, np.arange(len(smooth)), smooth)
    ours = gaussian_filter1d(neutral.energy_db, 4)[neutral.active_span]
    difference = gaussian_filter1d(_below_peak(theirs) - _below_peak(ours), 10)
    return np.clip(difference - np.median(difference), -LEVEL_BOUND_DB, LEVEL_BOUND_DB)


def _below_peak(level_db: Floats) -> Floats:
    return np.clip(level_db - level_db.max(), -40, 0)


def _pitch_contour(analysis: Analysis, reference: float) -> Floats:
    semitones = analysis.semitones[analysis.active_span] - reference
    smooth: Floats = gaussian_filter1d(median_filter(semitones, 7), 2.0)
    return smooth


def _warping_features(analysis: Analysis) -> NDArray[np.float64]:
    """Cepstra 1 to 23 and energy, each with unit variance; shape (frames, N_CEPSTRA)."""
    # The envelope is thinned to 65 bins first: the cepstra kept are smoother than that.
    cepstra = dct(np.log(analysis.spectrum[:, ::8] + 1e-14), axis=1, norm="ortho")[:, :N_CEPSTRA]
    cepstra[:, 0] = _below_peak(analysis.energy_db)
    features: NDArray[np.float64] = (cepstra - cepstra.mean(axis=0)) / (cepstra.std(axis=0) + 1e-6)
    return features


def _mean(timbres: list[Timbre]) -> Timbre:
    return Timbre(
        np.mean([timbre.voiced for timbre in timbres], axis=0),
        np.mean([timbre.unvoiced for timbre in timbres], axis=0),
        np.mean([timbre.aperiodicity for timbre in timbres], axis=0),
    )


def _key(clip: ActedClip) -> tuple[int, str, str, str]:
    return clip.actor, clip.emotion, clip.statement, clip.repetition
