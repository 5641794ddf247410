"""Covers: pictures that are near, what is made of one, and the plan that embeds it."""
