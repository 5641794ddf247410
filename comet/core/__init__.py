"""What every room stands on: errors, words, nouns, jobs, settings, profiles. It knows nothing of music."""
