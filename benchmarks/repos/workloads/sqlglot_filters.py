"""Simplify the filters that a dashboard builds: long OR chains of pairs of conditions, one per selected cell."""

import random

import sqlglot
from sqlglot.optimizer.simplify import simplify

FILTERS = []


def setup():
    """Make the WHERE clauses of a few clicks."""
    rng = random.Random(3)
    FILTERS.clear()
    for cells in (20, 60, 180, 260):
        chosen = [(rng.randrange(500), rng.choice("abcdefgh"), rng.randrange(2015, 2027)) for _ in range(cells)]
        clauses = [f"(store = {store} AND grp = '{group}' AND yr >= {year})" for store, group, year in chosen]
        FILTERS.append("SELECT * FROM sales WHERE open AND (" + " OR ".join(clauses) + ")")


def workload():
    """Parse and simplify each, as the query planner does before it sends them on."""
    for text in FILTERS:
        print(simplify(sqlglot.parse_one(text)).sql())
