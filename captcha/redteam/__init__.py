"""Attacks on a running server over its public interface only, to measure what bots reach."""
