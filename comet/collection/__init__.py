"""The read side: open a profile and ask it for files, pairs, groups, history. Nothing here computes for long.

What it writes: decisions, and into the cache which files the journal has moved.
"""
