"""The read side: open a profile and ask it for files, pairs and groups. Nothing here writes or computes for long."""
