"""Print an inventory as text tables with tabulate, as a command-line tool does with --format."""

import random

from tabulate import tabulate

ROWS = []
HEADERS = ["sku", "place", "count", "price", "weight", "note"]


def setup():
    """Make the rows of a small warehouse, some notes in colour."""
    rng = random.Random(9)
    notes = ["", "fragile", "\x1b[31mlast one\x1b[0m", "returns only", None]
    ROWS[:] = [
        [
            f"sku-{rng.randrange(10**5)}",
            f"{rng.choice('ABCDEF')}{rng.randrange(90)}",
            rng.randrange(500),
            round(rng.random() * 900, 2),
            f"{rng.random() * 40:.3f}",
            rng.choice(notes),
        ]
        for _ in range(1500)
    ]


def workload():
    """Write the table in three formats."""
    for kind in ("simple", "github", "fancy_grid"):
        print(tabulate(ROWS, headers=HEADERS, tablefmt=kind))
