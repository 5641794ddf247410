"""The terminal application: shows what is known of a collection, and does what is confirmed there.

Textual reads these variables once, when it is imported, and every module below imports it.
"""

import os

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
if "SSH_CONNECTION" in os.environ:
    # An arrow key that the network splits would otherwise arrive as Esc and two letters.
    os.environ.setdefault("ESCDELAY", "300")
