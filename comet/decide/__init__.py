"""What should happen to a group, with reasons: pure functions over nouns."""
