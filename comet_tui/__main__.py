"""`python -m comet_tui`."""

import sys

from comet_tui.app import main

sys.exit(main())
