"""A neutral reading rendered with the emotion of an acted clip."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from synthesis.ml.making.donors import Donor, resample
from synthesis.ml.making.formants import with_formants
from synthesis.ml.making.recipe import Gains
from synthesis.ml.recordings.world import Analysis, Floats, synthesise
from synthesis.ml.speaking.spectrum import TRAINING_RMS

TEMPO_BOUNDS = (0.35, 3.0)
MAX_LENGTHENING = 1.4  # of the neutral duration: slower speech stops sounding like reading
MAX_F0_HZ = 450.0  # of the 95th percentile: above, WORLD's envelope falls between the harmonics
OWN_LEVEL_BOUND_DB = 15.0
PEAK = 0.98


@dataclass(frozen=True)
class Rendering:
    """A rendered clip and what is known of it without analysing it again.

    Attributes:
        waveform: 16 kHz, RMS `TRAINING_RMS` unless its peak forbids, shape (samples,).
        f0: In Hz, 0 where unvoiced, every 5 ms, shape (frames,).
        positions: Frame of the neutral reading at the middle of each frame, shape (frames,).
    """

    waveform: NDArray[np.float32]
    f0: Floats
    positions: Floats


def render(reading: Analysis, donor: Donor, gains: Gains, rng: np.random.Generator) -> Rendering:
    """Impose a donor's tempo, pitch, level and timbre on a neutral reading.

    Args:
        reading: The neutral clip.
        donor: The acted clip.
        gains: How much of the donor is taken.
        rng: Source of jitter and shimmer.

    Returns:
        The rendering, at most `MAX_LENGTHENING` times as long as the reading, with the 95th
        percentile of its pitch at most `MAX_F0_HZ`.
    """
    positions = time_map(len(reading), donor.contours.tempo**gains.tempo)
    frames = np.minimum(positions.astype(int), len(reading) - 1)
    semitones = _pitch(reading, donor, gains, positions)
    semitones += rng.standard_normal(len(frames)) * gains.jitter * 12 / np.log(2)
    semitones = _bounded(semitones, reading.voiced[frames])
    level_db = _level(reading, donor, gains, positions)
    level_db += rng.standard_normal(len(frames)) * gains.shimmer_db
    stretched = Analysis(
        np.where(reading.voiced[frames], np.clip(2 ** (semitones / 12), 50, 800), 0.0),
        reading.spectrum[frames],
        reading.aperiodicity[frames],
    )
    coloured = _coloured(stretched, donor, gains)
    spectrum = coloured.spectrum * 10 ** (level_db / 10)[:, None]
    waveform = to_training_level(synthesise(replace(coloured, spectrum=spectrum)))
    return Rendering(waveform, coloured.f0, positions)


def time_map(n_frames: int, tempo: Floats) -> Floats:
    """Lay out the frames of a reading anew.

    Args:
        n_frames: Of the reading.
        tempo: Output frames per input frame along the clip, any number of points.

    Returns:
        Input frame (frame i covers i to i + 1) at the middle of each output frame.
    """
    rate = resample(np.clip(tempo, *TEMPO_BOUNDS), n_frames)
    rate *= min(1.0, MAX_LENGTHENING / rate.mean())
    ends = np.concatenate([[0.0], np.cumsum(rate)])
    middles = np.arange(int(ends[-1])) + 0.5
    return np.interp(middles, ends, np.arange(n_frames + 1))


def to_training_level(waveform: Floats) -> NDArray[np.float32]:
    """Scale to `TRAINING_RMS`, or less where the peak would clip."""
    rms = np.sqrt(np.square(waveform).mean()) + 1e-9
    scale = min(TRAINING_RMS / rms, PEAK / (np.abs(waveform).max() + 1e-9))
    return (waveform * scale).astype(np.float32)


def _pitch(reading: Analysis, donor: Donor, gains: Gains, positions: Floats) -> Floats:
    median = reading.median_semitones
    own = np.interp(positions - 0.5, np.arange(len(reading)), reading.semitones) - median
    if gains.adds_to_own_pitch:
        theirs = _along(donor.contours.semitones_gained, positions / len(reading))
        centre, share = theirs.mean(), gains.own_pitch_range
    else:
        theirs = resample(donor.contours.semitones, len(positions))
        centre, share = np.median(theirs), gains.own_pitch
    pitch: Floats = (
        median + share * own + gains.pitch * centre + gains.pitch_shape * (theirs - centre)
    )
    return pitch


def _bounded(semitones: Floats, voiced: NDArray[np.bool_]) -> Floats:
    """Press the highs together until the 95th percentile meets the bound."""
    limit = 12 * np.log2(MAX_F0_HZ)
    high = np.percentile(semitones[voiced], 95)
    if high <= limit:
        return semitones
    median = min(float(np.median(semitones[voiced])), limit - 3.0)
    squeezed = median + (semitones - median) * (limit - median) / (high - median)
    return np.where(semitones > median, squeezed, semitones)


def _level(reading: Analysis, donor: Donor, gains: Gains, positions: Floats) -> Floats:
    """Change of level in dB, per output frame."""
    theirs = _along(donor.contours.level_db, positions / len(reading)) * gains.level
    frames = np.minimum(positions.astype(int), len(reading) - 1)
    typical = np.median(reading.energy_db[reading.active])
    own = np.clip(reading.energy_db[frames] - typical, -30, 20)
    widened = gaussian_filter1d(own, 4) * (gains.own_level - 1)
    return theirs + np.clip(widened, -OWN_LEVEL_BOUND_DB, OWN_LEVEL_BOUND_DB)


def _coloured(analysis: Analysis, donor: Donor, gains: Gains) -> Analysis:
    """Change formants, envelope and breathiness; the energy of each frame stays."""
    timbre = donor.shared_timbre if gains.shares_timbre else donor.own_timbre
    voiced = _smooth(timbre.voiced) * gains.timbre
    unvoiced = _smooth(timbre.unvoiced) * gains.timbre / 2
    breath = _smooth(timbre.aperiodicity) * gains.aperiodicity
    warped = with_formants(np.log(analysis.spectrum), gains.frequency_warp)
    spectrum = np.exp(warped + np.where(analysis.voiced[:, None], voiced, unvoiced))
    energy = analysis.spectrum.mean(axis=1, keepdims=True)
    return Analysis(
        analysis.f0,
        spectrum * energy / spectrum.mean(axis=1, keepdims=True),
        np.clip(analysis.aperiodicity * np.exp(breath), 1e-3, 0.9999),
    )


def _smooth(curve: Floats) -> Floats:
    smoothed: Floats = gaussian_filter1d(curve, 5)
    return smoothed


def _along(curve: Floats, progress: Floats) -> Floats:
    return np.interp(np.clip(progress, 0, 1), np.linspace(0, 1, len(curve)), curve)
