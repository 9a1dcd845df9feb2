"""Timings, each a ratio against a named alternative: `python -m benchmarks.NAME`."""
