"""What of a merged set arrives in which format: `python -m tests.benchmarks.formats`, as a table.

For each ordered pair of formats a file with all that Comet knows and two covers is merged with one that says other
things, which gets the result. A number says how many fields were to be written; behind it stands what its format cannot
hold, and that undoing did not bring back every byte.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.integration.carrying import NINE, carry, make


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        sys.stdout.write(f"| from, into | {' | '.join(NINE)} |\n|{'---|' * (len(NINE) + 1)}\n")
        exact = 0
        for source in NINE:
            cells = []
            for target in NINE:
                carried = carry(folder, source, target)
                exact += carried.back
                lost = "".join(f", not {field}" for field in sorted(carried.lost))
                cells.append(f"{len(carried.asked)}{lost}{'' if carried.back else ', undo differs'}")
            sys.stdout.write(f"| {source} | {' | '.join(cells)} |\n")
        sys.stdout.write(f"undo exact: {exact} of {len(NINE) ** 2}\n")


if __name__ == "__main__":
    main()
