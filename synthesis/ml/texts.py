"""Sentences to speak: everyday, short, and silent about how the speaker feels.

A small grammar gives thousands of them. Who does what, where and when is drawn independently, and
no word carries praise, blame, loss, danger or joy.
"""

import random

PEOPLE = (
    "The teacher", "My neighbour", "The driver", "Her brother", "His sister", "The baker",
    "Our cousin", "The postman", "The student", "A colleague", "The gardener", "The librarian",
    "The man next door", "The woman upstairs", "One of the children", "The engineer",
)  # fmt: skip
ACTIONS = (
    "put the box", "left the keys", "placed the basket", "found the letter", "set the lamp",
    "kept the papers", "laid the coat", "stored the tools", "saw the bicycle", "left the picture",
    "dropped off the parcel", "moved the chair", "counted the bottles",
    "washed the cups", "folded the blankets", "read the newspaper", "made the tea",
)  # fmt: skip
PLACES = (
    "on the table", "by the window", "near the station", "in the kitchen", "behind the school",
    "next to the door", "at the office", "under the stairs", "beside the river", "in the hall",
    "across the street", "in front of the shop", "at the corner", "on the second floor",
)  # fmt: skip
TIMES = (
    "in the morning", "after lunch", "before seven", "on Tuesday", "last week", "at noon",
    "this afternoon", "on the way home", "at half past nine", "around four", "in the evening",
    "two days ago",
)  # fmt: skip
SCHEDULES = (
    (("The city train", "The next bus", "The ferry", "The night train"), ("leaves", "arrives")),
    (("The meeting", "The evening class", "The second lesson", "The film"), ("starts", "ends")),
    (("The market", "The library", "The swimming pool", "The museum"), ("opens", "closes")),
)
HOURS = (
    "six", "half past six", "seven", "a quarter to eight", "eight", "half past nine", "ten",
    "eleven", "noon", "two", "half past three", "a quarter past four", "five",
)  # fmt: skip
REQUESTS = (
    "Turn left", "Take the second road", "Wait for me", "Leave the bag", "Meet us",
    "Look for the green sign", "Walk straight on", "Bring the map",
)  # fmt: skip
APPOINTMENTS = (
    "in the morning", "after lunch", "before seven", "at noon", "this afternoon",
    "at half past nine", "around four", "in the evening",
)  # fmt: skip
WAYS = (
    "at the bridge", "after the traffic light", "behind the church", "near the fountain",
    "at the end of the road", "by the main entrance", "before the tunnel", "at platform two",
)  # fmt: skip
SUBJECTS = (
    "The blue folder", "The old map", "The spare key", "The wooden ladder", "The yellow envelope",
    "The small table", "The garden hose", "The grey suitcase", "The photo album", "The big spoon",
)  # fmt: skip


def random_sentence(rng: random.Random) -> str:
    """Draw one of about sixty thousand sentences.

    Args:
        rng: Source of randomness; the same state gives the same sentence.

    Returns:
        Five to twenty words, ending in a full stop.
    """
    pattern = rng.choice((_deed, _deed, _schedule, _direction, _location))
    return pattern(rng)


def _deed(rng: random.Random) -> str:
    words = [rng.choice(PEOPLE), rng.choice(ACTIONS), rng.choice(PLACES)]
    return " ".join([*words, rng.choice(TIMES)]) + "."


def _schedule(rng: random.Random) -> str:
    things, happenings = rng.choice(SCHEDULES)
    return f"{rng.choice(things)} {rng.choice(happenings)} at {rng.choice(HOURS)}."


def _direction(rng: random.Random) -> str:
    return f"{rng.choice(REQUESTS)} {rng.choice(WAYS)} {rng.choice(APPOINTMENTS)}."


def _location(rng: random.Random) -> str:
    first, second = rng.sample(SUBJECTS, 2)
    here, there = rng.sample(PLACES, 2)
    return f"{first} is {here}, and {second[0].lower()}{second[1:]} is {there}."
