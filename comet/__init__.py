"""Comet finds the same recording in a music collection by its sound."""

__version__ = "0.1.0"
