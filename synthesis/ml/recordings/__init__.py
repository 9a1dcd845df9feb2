"""Recordings that voices are made of, taken apart: WORLD, alignment; imported by commands only."""
