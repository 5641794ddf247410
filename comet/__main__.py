"""`python -m comet`."""

import sys

from comet.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
