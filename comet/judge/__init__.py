"""What a pair of audios is, and which tracks belong together: pure functions from arrays and nouns to nouns."""
