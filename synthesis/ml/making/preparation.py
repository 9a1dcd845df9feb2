"""From the corpora on disk to training examples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from audio import decode
from audio.whole_files import whole_file
from synthesis.ml.making.donors import Donor, DonorLibrary
from synthesis.ml.making.examples import Example, ExampleStore, Row, make_example
from synthesis.ml.making.recipe import Gains, load_recipes
from synthesis.ml.making.rendering import render, to_training_level
from synthesis.ml.making.speakers import Speaker, load_speakers
from synthesis.ml.recordings.alignment import SILENCE, Ints, Spoken, align
from synthesis.ml.recordings.analysis_cache import AnalysisCache
from synthesis.ml.recordings.corpora import ActedClip, Prompt, read_acted_clips, read_prompts
from synthesis.ml.recordings.world import (
    ACTOR_F0_HZ,
    READER_F0_HZ,
    Floats,
    analyse,
    pitch,
    synthesise,
    trim,
)
from synthesis.ml.speaking.phonemes import PUNCTUATION, STRESS, WORD_BOUNDARY, Phonemizer

_Item = TypeVar("_Item")

# Only these were searched for donors: women's voices lend to women, men's to men.
DONOR_ACTORS = {"women": frozenset({2, 4, 6, 8, 10}), "men": frozenset({1, 3, 5, 7, 9})}


@dataclass(frozen=True)
class PreparationConfig:
    """What is rendered of each reading.

    Attributes:
        table: Character of each phoneme.
        rendered_prompts: The first so many readings are rendered; the rest is learnt from as it
            was read.
        renderings_per_prompt: Emotions that every speaker speaks such a reading in, chosen at
            random.
        seed: Of that choice, of the donors, of jitter and shimmer, and of the alignment.
        workers: Processes that render.
    """

    table: Mapping[str, str]
    rendered_prompts: int = 300
    renderings_per_prompt: int = 3
    seed: int = 0
    workers: int = 1


@dataclass(frozen=True)
class WorkFolder:
    """Where prepared data is kept between runs."""

    path: Path

    @property
    def analyses(self) -> AnalysisCache:
        return AnalysisCache(self.path / "analyses")

    @property
    def examples(self) -> ExampleStore:
        return ExampleStore(self.path / "examples")

    @property
    def alignment(self) -> Path:
        return self.path / "alignment.npz"


def prepare(
    reader: Path, acted: Path, work: WorkFolder, config: PreparationConfig, *, show_progress: bool
) -> None:
    """Analyse, align and render; whatever a former run did is kept.

    Args:
        reader: Folder of the neutral reader.
        acted: Folder of RAVDESS.
        work: Where results go.
        config: What to render.
        show_progress: Print bars.
    """
    prompts = read_prompts(reader)
    starts = aligned_starts(prompts, work.alignment, config, show_progress)
    takes = load_takes(acted, work, config.workers, show_progress)
    renderer = Renderer(load_speakers(), takes, work, config)
    phonemizer = Phonemizer(config.table)
    jobs = [
        Job(prompt, phonemizer(prompt.text), starts[prompt.name], number < config.rendered_prompts)
        for number, prompt in enumerate(prompts)
        if prompt.name not in work.examples
    ]
    _each(renderer, jobs, config.workers, "examples", show_progress)


@dataclass(frozen=True)
class Job:
    """One reading to make examples of.

    Attributes:
        spelling: Its text, one character per token.
        starts: Of its tokens and its end, in frames of 10 ms.
        is_rendered: Whether it is also spoken by others and in emotions.
    """

    prompt: Prompt
    spelling: str
    starts: Ints
    is_rendered: bool


@dataclass(frozen=True)
class Take:
    """One way to render an emotion of a speaker."""

    row: Row
    donor: Donor
    gains: Gains


def load_takes(acted: Path, work: WorkFolder, workers: int, show_progress: bool) -> list[Take]:
    """Analyse the actors and cut every donor of the recipes."""
    clips = read_acted_clips(acted, frozenset[int]().union(*DONOR_ACTORS.values()))
    _each(ActorAnalysis(work), clips, workers, "actors", show_progress)
    libraries = {
        sex: DonorLibrary(
            (clip, work.analyses.load(clip.name)[1]) for clip in clips if clip.actor in actors
        )
        for sex, actors in DONOR_ACTORS.items()
    }
    recipes = load_recipes()
    return [
        Take(
            Row(speaker.name, emotion, number),
            libraries[speaker.donors].donor(
                take.donor.actor, emotion, take.donor.statement, take.donor.repetition
            ),
            take.gains,
        )
        for speaker in load_speakers()
        for emotion, takes in recipes[speaker.name].items()
        for number, take in enumerate(takes)
    ]


@dataclass(frozen=True)
class ActorAnalysis:
    """Takes one acted clip apart."""

    work: WorkFolder

    def __call__(self, clip: ActedClip) -> None:
        self.work.analyses.add(clip.name, clip.path, ACTOR_F0_HZ)


@dataclass(frozen=True)
class Renderer:
    """Makes all examples of one reading."""

    speakers: Sequence[Speaker]
    takes: Sequence[Take]
    work: WorkFolder
    config: PreparationConfig

    def __call__(self, job: Job) -> None:
        """Render and store one reading."""
        made = self._rendered(job) if job.is_rendered else [self._as_read(job)]
        self.work.examples.add(job.prompt.name, [e for e in made if e is not None])

    def _as_read(self, job: Job) -> Example | None:
        reader = next(speaker for speaker in self.speakers if speaker.is_reader)
        waveform = trim(decode(job.prompt.path))
        return _neutral_example(job, reader, waveform, pitch(waveform, READER_F0_HZ))

    def _rendered(self, job: Job) -> Iterator[Example | None]:
        waveform = trim(decode(job.prompt.path))
        analysis = analyse(waveform, READER_F0_HZ)
        rng = np.random.default_rng([self.config.seed, *job.prompt.name.encode()])
        for speaker in self.speakers:
            reading = speaker.reading(analysis)
            neutral = waveform if speaker.is_reader else synthesise(reading)
            yield _neutral_example(job, speaker, neutral, reading.f0)
            for take in self._choose(speaker, rng):
                rendering = render(reading, take.donor, take.gains, rng)
                yield make_example(
                    job.prompt.name,
                    take.row,
                    job.spelling,
                    job.starts,
                    rendering.waveform,
                    rendering.f0,
                    rendering.positions,
                )

    def _choose(self, speaker: Speaker, rng: np.random.Generator) -> Iterator[Take]:
        """Some emotions, each by one of its donors."""
        takes = [take for take in self.takes if take.row.speaker == speaker.name]
        emotions = sorted({take.row.emotion for take in takes})
        for emotion in rng.permutation(emotions)[: self.config.renderings_per_prompt]:
            own = [take for take in takes if take.row.emotion == emotion]
            yield own[int(rng.integers(len(own)))]


def _neutral_example(job: Job, speaker: Speaker, waveform: Floats, f0: Floats) -> Example | None:
    return make_example(
        job.prompt.name,
        Row(speaker.name, "neutral", 0),
        job.spelling,
        job.starts,
        to_training_level(waveform),
        f0,
        np.arange(len(f0), dtype=np.float64) + 0.5,
    )


def _each(
    work: Callable[[_Item], None],
    items: Sequence[_Item],
    workers: int,
    title: str,
    show_progress: bool,
) -> None:
    """Do every item, in several processes if asked to."""
    bar = partial(tqdm, total=len(items), desc=title, disable=not show_progress)
    if workers == 1:
        for item in bar(items):
            work(item)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), set_worker, (work,)) as pool:
        for _ in bar(pool.map(do_item, items, chunksize=1)):
            pass


_worker: Callable[[Any], None] | None = None


def set_worker(work: Callable[[Any], None]) -> None:
    """Keep what a process does, so that it is sent there once and not with every item."""
    global _worker
    _worker = work


def do_item(item: Any) -> None:
    """Do one item in a process."""
    assert _worker is not None  # noqa: S101  # the pool starts every process with set_worker
    _worker(item)


def aligned_starts(
    prompts: Sequence[Prompt], cache: Path, config: PreparationConfig, show_progress: bool
) -> dict[str, Ints]:
    """Token starts of every reading, from the cache or aligned now."""
    if not cache.exists():
        labels = {character: name for name, character in config.table.items()}
        phonemizer = Phonemizer(config.table)
        clips = [
            Spoken(
                trim(decode(prompt.path)).astype(np.float32),
                [_label(token, labels) for token in phonemizer(prompt.text)],
            )
            for prompt in tqdm(prompts, desc="reading", disable=not show_progress)
        ]
        starts = align(clips, config.seed, show_progress)
        found = {p.name: s for p, s in zip(prompts, starts, strict=True)}
        with whole_file(cache) as unfinished:
            np.savez(unfinished, **found)  # type: ignore[arg-type]  # a name could be an option's
    with np.load(cache) as stored:
        return {name: stored[name] for name in stored.files}


def _label(token: str, labels: Mapping[str, str]) -> str:
    """The sound of a token; stress is left out, so that rare vowels share their states."""
    if token == WORD_BOUNDARY or token in PUNCTUATION:
        return SILENCE
    return labels[token].removeprefix(STRESS)
