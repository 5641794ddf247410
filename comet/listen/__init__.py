"""From a file to what is known of its sound: audio hash, fingerprint, length, codec, audible start and end.

One demux and one decode of a file give all of it. Nothing here trusts a file: what is read may be damaged, made up,
or not audio at all, so `fingerprint.listen_all` lets worker processes with limits do the reading.
"""
