"""Optimize the layered queries of a data warehouse: many CTEs that read each other, wide unions, subqueries."""

from sqlglot import exp, parse_one
from sqlglot.optimizer import optimize

QUERIES = []
SCHEMA = {"raw": {f"c{i}": "INT" for i in range(24)}, "dim": {"id": "INT", "label": "VARCHAR", "weight": "DOUBLE"}}


def layers(depth):
    """Make a query of CTEs, each a filter or a join of the one before."""
    columns = ", ".join(f"c{i}" for i in range(24))
    steps = [f"l0 AS (SELECT {columns} FROM raw WHERE c1 > 5)"]
    for level in range(1, depth):
        steps.append(f"l{level} AS (SELECT {columns} FROM l{level - 1} WHERE c{level % 24} <> {level})")
    joined = f"SELECT l.c0, d.label, SUM(l.c2 * d.weight) AS total FROM l{depth - 1} AS l JOIN dim AS d ON d.id = l.c3"
    return f"WITH {', '.join(steps)} {joined} GROUP BY l.c0, d.label"


def union(parts):
    """Make a report that stacks many selections."""
    each = [f"SELECT c0, c{i % 24} AS v, '{i}' AS part FROM raw WHERE c{i % 7} = {i}" for i in range(parts)]
    return " UNION ALL ".join(each)


def setup():
    """Make the queries."""
    QUERIES[:] = [layers(6), layers(18), union(12), union(40)]


def workload():
    """Run the whole optimizer on each."""
    for text in QUERIES:
        tree = optimize(parse_one(text), schema=SCHEMA)
        print(tree.sql())
        print(sum(1 for _ in tree.find_all(exp.Column)))
