"""Time the shipped voice: real-time factor, cost per clip as a batch grows, clips an hour.

    OMP_NUM_THREADS=1 python -m benchmarks.synthesis

Times are of the processor, one thread. The alternative, in the same run, is Coqui's own Griffin-Lim
with the 60 iterations of its default configuration, in place of ours.
"""

import argparse
import itertools
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from audio import encode_ogg_opus
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.speaking.engine import SpeechEngine, Utterance
from synthesis.ml.speaking.texts import random_sentence
from synthesis.ml.speaking.voices import load_voice

VOICES = Path(__file__).resolve().parent.parent / "synthesis" / "voices"


def jobs(engine: SpeechEngine) -> Iterator[Callable[[], Utterance]]:
    """Sentences without end, through every speaker and emotion in turn."""
    rng = random.Random(0)
    turns = itertools.cycle(itertools.product(engine.voice.speakers, EMOTIONS))
    for seed, (speaker, emotion) in enumerate(turns):
        text = random_sentence(rng)
        yield lambda text=text, emotion=emotion, seed=seed, speaker=speaker: engine.speak(
            text, emotion, seed=seed, speaker=speaker
        )


def real_time_factor(engine: SpeechEngine, clips: int) -> float:
    """Processor seconds per second of speech, the median over clips, after a warm-up."""
    engine.warm_up()
    factors = []
    for job in itertools.islice(jobs(engine), clips):
        started = time.process_time()
        utterance = job()
        spent = time.process_time() - started
        factors.append(spent * utterance.sampling_rate / len(utterance.waveform))
    return float(np.median(factors))


def with_coquis_griffin_lim(engine: SpeechEngine) -> None:
    """Take our vocoder out of a loaded engine, so that Coqui uses its own."""
    engine.warm_up()
    engine._loaded.tts.synthesizer.vocoder_model = None


def batch_costs(voice: Path, sizes: list[int]) -> dict[int, float]:
    """Processor seconds per clip of batches of several sizes, loading of the voice included."""
    costs = {}
    for size in sizes:
        started = time.process_time()
        for job in itertools.islice(jobs(SpeechEngine(load_voice(voice))), size):
            job()
        costs[size] = (time.process_time() - started) / size
    return costs


def clips_an_hour(engine: SpeechEngine, clips: int) -> float:
    """Clips that one core speaks, judges and encodes, as the worker does to fill the pool."""
    engine.warm_up()
    judge = EmotionPredictor.load()
    started = time.process_time()
    for job in itertools.islice(jobs(engine), clips):
        utterance = job()
        judge.predict(utterance.waveform, utterance.sampling_rate)
        encode_ogg_opus(utterance.waveform, utterance.sampling_rate)
    return 3600 * clips / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", type=Path, help="folder; the only shipped voice if not given")
    parser.add_argument("--clips", type=int, default=28)
    options = parser.parse_args()
    torch.set_num_threads(1)
    voice = options.voice or min(VOICES.glob("*/voice.toml")).parent
    ours, theirs = SpeechEngine(load_voice(voice)), SpeechEngine(load_voice(voice))
    with_coquis_griffin_lim(theirs)
    fast, slow = real_time_factor(ours, options.clips), real_time_factor(theirs, options.clips)
    print(f"{voice.name}, {options.clips} clips, one thread, processor time:")
    print(f"real-time factor                    {fast:6.3f}")
    print(f"  with Coqui's Griffin-Lim          {slow:6.3f}  ({slow / fast:.1f} times ours)")
    for size, cost in batch_costs(voice, [1, 4, 16, 64]).items():
        print(f"seconds a clip, batch of {size:<3}         {cost:6.3f}")
    print(f"pool clips an hour, judged, encoded {clips_an_hour(ours, options.clips):6.0f}")


if __name__ == "__main__":
    main()
