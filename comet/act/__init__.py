"""Changing what lies under a root. Only `vault` touches it; everything else asks `actions`."""
