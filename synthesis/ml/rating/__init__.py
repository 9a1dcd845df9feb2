"""How well voices speak: judges of emotion and of words; imported by commands only."""
