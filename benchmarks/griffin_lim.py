"""Put our Griffin-Lim beside librosa's and torchaudio's, on what the shipped voice predicts.

    OMP_NUM_THREADS=1 python -m benchmarks.griffin_lim

All are given the same amplitudes, iterations and momentum, so they do the same sums from other
random phases. Times are of the processor, one thread, turn about in one run. Spectral convergence
is the distance of the spectrum of what comes out from the amplitudes asked for, over these; lower
is better. Words are counted by pocketsphinx.
"""

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import torch

from emotion.ml.labels import EMOTIONS
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from synthesis.ml.rating.evaluation import Recognizer, word_error_rate
from synthesis.ml.speaking import vocoder
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.spectrum import HOP_LENGTH, N_FFT, SAMPLING_RATE, WINDOW_LENGTH
from synthesis.ml.speaking.texts import random_sentence
from synthesis.ml.speaking.voices import load_voice

VOICES = Path(__file__).resolve().parent.parent / "synthesis" / "voices"

Inversion = Callable[[np.ndarray, int], np.ndarray]


class Listening(vocoder.GriffinLim):
    """Keeps the amplitudes that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[np.ndarray] = []

    def _amplitudes(self, mel: torch.Tensor) -> torch.Tensor:
        amplitudes = super()._amplitudes(mel)
        self.asked.append(amplitudes.numpy())  # (bins, frames)
        return amplitudes


def spoken_amplitudes(voice: Path, sentences: int) -> tuple[list[str], list[np.ndarray]]:
    """Texts through all speakers and emotions, and the amplitudes that the voice gives them."""
    engine = SpeechEngine(load_voice(voice))
    engine.warm_up()
    listening = engine._loaded.tts.synthesizer.vocoder_model = Listening()
    rng, texts = random.Random(0), []
    for _ in range(sentences):
        for speaker in engine.voice.speakers:
            for emotion in EMOTIONS:
                texts.append(random_sentence(rng))
                engine.speak(texts[-1], emotion, seed=len(texts), speaker=speaker)
    return texts, listening.asked


def ours() -> Inversion:
    model = vocoder.GriffinLim()

    def invert(amplitudes: np.ndarray, seed: int) -> np.ndarray:
        model.seed = seed
        with torch.inference_mode():
            return model._waveform(torch.from_numpy(amplitudes)).numpy()

    return invert


def librosas(amplitudes: np.ndarray, seed: int) -> np.ndarray:
    return librosa.griffinlim(
        amplitudes,
        n_iter=vocoder.N_ITERATIONS,
        hop_length=HOP_LENGTH,
        win_length=WINDOW_LENGTH,
        n_fft=N_FFT,
        momentum=vocoder.MOMENTUM,
        random_state=seed,
    )


def torchaudios() -> Inversion:
    ensure_torchaudio_imports()
    from torchaudio.functional import griffinlim

    window = torch.hann_window(WINDOW_LENGTH)

    def invert(amplitudes: np.ndarray, seed: int) -> np.ndarray:
        torch.manual_seed(seed)
        with torch.inference_mode():
            return griffinlim(
                torch.from_numpy(amplitudes),
                window,
                N_FFT,
                HOP_LENGTH,
                WINDOW_LENGTH,
                power=1.0,
                n_iter=vocoder.N_ITERATIONS,
                momentum=vocoder.MOMENTUM,
                length=None,
                rand_init=True,
            ).numpy()

    return invert


def convergence(amplitudes: np.ndarray, waveform: np.ndarray) -> float:
    found = np.abs(
        librosa.stft(waveform, n_fft=N_FFT, hop_length=HOP_LENGTH, win_length=WINDOW_LENGTH)
    )
    length = min(found.shape[1], amplitudes.shape[1])
    asked = amplitudes[:, :length]
    return float(np.linalg.norm(found[:, :length] - asked) / np.linalg.norm(asked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", type=Path, help="folder; the only shipped voice if not given")
    parser.add_argument("--sentences", type=int, default=3, help="of each speaker's emotion")
    parser.add_argument("--transcribed", type=int, default=84, help="of all clips")
    options = parser.parse_args()
    torch.set_num_threads(1)
    voice = options.voice or min(VOICES.glob("*/voice.toml")).parent
    texts, asked = spoken_amplitudes(voice, options.sentences)
    inversions: dict[str, Inversion] = {
        "ours": ours(),
        "librosa's": librosas,
        "torchaudio's": torchaudios(),
    }
    cost_s = dict.fromkeys(inversions, 0.0)
    clips: dict[str, list[np.ndarray]] = {name: [] for name in inversions}
    for invert in inversions.values():
        invert(asked[0], 0)  # caches and compiled parts
    for seed, amplitudes in enumerate(asked):
        for name, invert in inversions.items():
            began = time.process_time()
            clips[name].append(invert(amplitudes, seed))
            cost_s[name] += time.process_time() - began
    length_s = sum(len(clip) for clip in clips["ours"]) / SAMPLING_RATE
    recognizer = Recognizer()
    print(f"{len(asked)} clips, {length_s:.0f} s, {vocoder.N_ITERATIONS} iterations, one thread:")
    print(f"{'':14}{'CPU s/s':>8}{'ratio':>7}{'convergence':>13}{'WER':>6}")
    for name, own in clips.items():
        distance = np.mean([convergence(a, clip) for a, clip in zip(asked, own, strict=True)])
        heard = list(zip(texts, own, strict=True))[:: max(1, len(texts) // options.transcribed)]
        wer = word_error_rate(recognizer, [(text, 0.3 * c / np.abs(c).max()) for text, c in heard])
        factor, ratio = cost_s[name] / length_s, cost_s[name] / cost_s["ours"]
        print(f"{name:14}{factor:8.4f}{ratio:7.2f}{distance:13.4f}{wer:6.2f}", flush=True)


if __name__ == "__main__":
    main()
