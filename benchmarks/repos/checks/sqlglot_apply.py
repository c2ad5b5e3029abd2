"""Random queries with joins and APPLY, some of them damaged: the tree, and the text in other dialects."""

import sql_texts
import sqlglot
from sqlglot.errors import SqlglotError


def case(rng):
    """One text, read in a dialect and written in three."""
    text = sql_texts.damaged(rng, sql_texts.query(rng, apply=rng.random() < 0.7))
    read = rng.choice(["tsql", "tsql", None, "oracle", "snowflake"])
    try:
        tree = sqlglot.parse_one(text, read=read)
    except SqlglotError as problem:
        return f"{type(problem).__name__}: {problem}"
    written = [tree.sql(dialect=dialect) for dialect in ("tsql", "spark", "postgres")]
    return f"{tree!r} {written} {tree.sql(pretty=True)}"
