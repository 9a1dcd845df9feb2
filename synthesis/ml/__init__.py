"""Emotional speech: rendering, training and speaking, free of Django."""
