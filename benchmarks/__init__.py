"""Timings, each a ratio against a named alternative in one run; run as `python -m benchmarks.NAME`."""
