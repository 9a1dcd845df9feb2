"""How voices are made: from recordings to a voice folder; imported by commands only."""
