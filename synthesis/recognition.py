"""Whether people recognise what a clip, or a speaker's way of an emotion, is meant to be (pure)."""

from labeling.statistics import rate_interval

# What is believed of a clip before anybody answered: nine of ten people recognise it.
PRIOR_RIGHT, PRIOR_WRONG = 9, 1
# Fewer answers decide nothing about a rendition.
LEAST_ANSWERS = 20
LIKE_ANSWERS = 35


def is_clip_clear(*, right: int, wrong: int, least: float) -> bool:
    """Tell whether a clip may be asked about again.

    A clip has a few answers at most and is cheap to replace, so a belief is enough: the mean of the
    posterior over the prior above.

    Args:
        right: Answers that named the intended emotion.
        wrong: Other answers.
        least: Rate of recognition below which a clip is given up.

    >>> is_clip_clear(right=0, wrong=0, least=0.85)
    True
    >>> is_clip_clear(right=1, wrong=1, least=0.85)
    False
    """
    answers = right + wrong + PRIOR_RIGHT + PRIOR_WRONG
    return (right + PRIOR_RIGHT) / answers >= least


def person_rate(*, clip: tuple[int, int], rendition: tuple[int, int]) -> float:
    """Estimate how often people recognise a clip, from its own answers and those of its like.

    Args:
        clip: Right and wrong answers to it.
        rendition: The same of all clips of its speaker and emotion, by visitors who passed. They
            count as `LIKE_ANSWERS` answers at most: clips of one kind differ.

    Returns:
        Mean of the posterior over the prior above, from 0 to 1.

    >>> person_rate(clip=(0, 0), rendition=(0, 0))
    0.9
    >>> round(person_rate(clip=(0, 1), rendition=(60, 40)), 3)
    0.674
    """
    share = min(1.0, LIKE_ANSWERS / max(1, sum(rendition)))
    right = PRIOR_RIGHT + clip[0] + share * rendition[0]
    wrong = PRIOR_WRONG + clip[1] + share * rendition[1]
    return right / (right + wrong)


def is_rendition_clear(*, right: int, wrong: int, least: float) -> bool:
    """Tell whether a rendition may be spoken on: false once even the upper end of the 95 % interval
    of its rate lies below `least`.

    >>> is_rendition_clear(right=17, wrong=3, least=0.85)
    True
    >>> is_rendition_clear(right=12, wrong=8, least=0.85)
    False
    """
    answers = right + wrong
    return answers < LEAST_ANSWERS or rate_interval(right, answers)[1] >= least
