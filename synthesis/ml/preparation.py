"""From the corpora on disk to training examples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from audio import decode
from synthesis.ml.alignment import SILENCE, Ints, Spoken, align
from synthesis.ml.analysis_cache import AnalysisCache
from synthesis.ml.corpora import Prompt, read_acted_clips, read_prompts
from synthesis.ml.donors import Donor, DonorLibrary
from synthesis.ml.examples import Example, ExampleStore, make_example
from synthesis.ml.phonemes import PUNCTUATION, STRESS, WORD_BOUNDARY, Phonemizer
from synthesis.ml.recipe import EmotionRecipe, load_recipe
from synthesis.ml.rendering import render, to_training_level
from synthesis.ml.world import ACTOR_F0_HZ, READER_F0_HZ, Floats, pitch, trim

# Women's voices lend to a woman's reading; only these five were searched for donors.
DONOR_ACTORS = frozenset({2, 4, 6, 8, 10})


@dataclass(frozen=True)
class PreparationConfig:
    """What is rendered of each reading.

    Attributes:
        table: Character of each phoneme.
        rendered_prompts: The first so many readings are rendered; analysing a reading for that
            costs most of the preparation. The rest is learnt from as it was read.
        renderings_per_prompt: Emotions that such a reading is rendered in, chosen at random.
        seed: Of that choice, of the donors, of jitter and shimmer, and of the alignment.
    """

    table: Mapping[str, str]
    rendered_prompts: int = 700
    renderings_per_prompt: int = 3
    seed: int = 0


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
    takes = load_takes(acted, work.analyses, show_progress)
    phonemizer = Phonemizer(config.table)
    for number, prompt in enumerate(tqdm(prompts, desc="examples", disable=not show_progress)):
        if prompt.name not in work.examples:
            spoken = (prompt, phonemizer(prompt.text), starts[prompt.name])
            is_rendered = number < config.rendered_prompts
            examples = (
                [*rendered_examples(*spoken, takes, work, config)]
                if is_rendered
                else [neutral_example(*spoken)]
            )
            work.examples.add(prompt.name, [e for e in examples if e is not None])


@dataclass(frozen=True)
class Take:
    """One way to render an emotion."""

    emotion: str
    number: int
    donor: Donor
    recipe: EmotionRecipe


def load_takes(acted: Path, analyses: AnalysisCache, show_progress: bool) -> list[Take]:
    """Analyse the actors and cut every donor of the recipe."""
    clips = read_acted_clips(acted, DONOR_ACTORS)
    for clip in tqdm(clips, desc="actors", disable=not show_progress):
        analyses.add(clip.name, clip.path, ACTOR_F0_HZ)
    library = DonorLibrary((clip, analyses.load(clip.name)[1]) for clip in clips)
    return [
        Take(
            emotion,
            number,
            library.donor(key.actor, emotion, key.statement, key.repetition),
            recipe,
        )
        for emotion, recipe in load_recipe().items()
        for number, key in enumerate(recipe.donors)
    ]


def neutral_example(prompt: Prompt, spelling: str, starts: Ints) -> Example | None:
    """The example of a reading that is not rendered."""
    waveform = trim(decode(prompt.path))
    f0 = pitch(waveform, READER_F0_HZ)
    return _as_read(prompt, spelling, starts, waveform, f0)


def rendered_examples(
    prompt: Prompt,
    spelling: str,
    starts: Ints,
    takes: Sequence[Take],
    work: WorkFolder,
    config: PreparationConfig,
) -> Iterator[Example | None]:
    """The examples of a reading and of its renderings."""
    work.analyses.add(prompt.name, prompt.path, READER_F0_HZ)
    waveform, reading = work.analyses.load(prompt.name)
    yield _as_read(prompt, spelling, starts, waveform.astype(np.float64), reading.f0)
    rng = np.random.default_rng([config.seed, *prompt.name.encode()])
    for take in _choose(takes, config.renderings_per_prompt, rng):
        rendering = render(reading, take.donor, take.recipe.gains, rng)
        yield make_example(
            prompt.name,
            take.emotion,
            take.number,
            spelling,
            starts,
            rendering.waveform,
            rendering.f0,
            rendering.positions,
        )


def _as_read(
    prompt: Prompt, spelling: str, starts: Ints, waveform: Floats, f0: Floats
) -> Example | None:
    return make_example(
        prompt.name,
        "neutral",
        0,
        spelling,
        starts,
        to_training_level(waveform),
        f0,
        np.arange(len(f0), dtype=np.float64) + 0.5,
    )


def _choose(takes: Sequence[Take], n: int, rng: np.random.Generator) -> Iterator[Take]:
    """Some emotions, each by one of its donors."""
    emotions = sorted({take.emotion for take in takes})
    for emotion in rng.permutation(emotions)[:n]:
        own = [take for take in takes if take.emotion == emotion]
        yield own[int(rng.integers(len(own)))]


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
        partial = cache.with_suffix(".partial.npz")
        found = {p.name: s for p, s in zip(prompts, starts, strict=True)}
        np.savez(partial, **found)  # type: ignore[arg-type]  # a name could be an option's
        partial.replace(cache)
    with np.load(cache) as stored:
        return {name: stored[name] for name in stored.files}


def _label(token: str, labels: Mapping[str, str]) -> str:
    """The sound of a token; stress is left out, so that rare vowels share their states."""
    if token == WORD_BOUNDARY or token in PUNCTUATION:
        return SILENCE
    return labels[token].removeprefix(STRESS)
