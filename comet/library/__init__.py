"""Which files there are: root folders, what changed in them, and the cache of all that can be computed again."""
