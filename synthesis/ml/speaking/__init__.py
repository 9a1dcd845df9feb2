"""Everything that speaks: from a sentence and an emotion to a waveform."""
