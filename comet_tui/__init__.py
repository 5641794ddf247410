"""The terminal application: shows what is known of a collection, and does what is confirmed there.

Textual reads these variables once, when it is imported, and every module below imports it.
"""

import gc
import os

from comet.core import early

gc.set_threshold(50_000)  # at its 700 new objects a tenth of the start is looking for garbage where there is none

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
if "SSH_CONNECTION" in os.environ:
    # An arrow key that the network splits would otherwise arrive as Esc and two letters.
    os.environ.setdefault("ESCDELAY", "300")
if early.ui("colours") == "none":
    os.environ.setdefault("NO_COLOR", "1")
elif (colours := {"16": "standard", "256": "256", "truecolor": "truecolor"}.get(early.ui("colours"))) is not None:
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", colours)
