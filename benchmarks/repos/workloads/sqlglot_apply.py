"""Translate the reports of a SQL Server shop to another database: queries with chains of CROSS and OUTER APPLY."""

import sqlglot

QUERIES = []


def query(applies, number):
    """Make one report that looks up the latest row of several tables for each customer."""
    lookups = " ".join(
        f"{'OUTER' if i % 2 else 'CROSS'} APPLY (SELECT TOP 1 t{i}.amount, t{i}.booked_at FROM ledger_{i} AS t{i} "
        f"WHERE t{i}.customer_id = c.id AND t{i}.kind = {number} ORDER BY t{i}.booked_at DESC) AS last_{i}"
        for i in range(applies)
    )
    columns = ", ".join(f"last_{i}.amount AS amount_{i}" for i in range(applies))
    return f"SELECT c.id, c.name, {columns} FROM customers AS c {lookups} WHERE c.region = 'R{number}'"


def setup():
    """Make the reports."""
    QUERIES[:] = [query(applies, number) for number in range(3) for applies in (1, 2, 4, 6, 8)]


def workload():
    """Read each report as T-SQL and write it for two databases."""
    for text in QUERIES:
        tree = sqlglot.parse_one(text, read="tsql")
        print(tree.sql(dialect="spark"))
        print(tree.sql(dialect="tsql"))
