"""Playlists and likes of a Yandex Music account as real files in the library, kept up to date."""
