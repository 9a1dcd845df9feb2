from emotion.ml.labels import EMOTIONS


def test_there_are_seven_emotions_in_alphabetical_order():
    assert len(EMOTIONS) == 7
    assert list(EMOTIONS) == sorted(set(EMOTIONS))
