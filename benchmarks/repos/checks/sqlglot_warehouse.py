"""Random queries with CTEs, subqueries and unions, put through the whole optimizer and through single rules."""

import sql_texts
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.optimizer import optimize
from sqlglot.optimizer.canonicalize import canonicalize
from sqlglot.optimizer.merge_subqueries import merge_subqueries
from sqlglot.optimizer.scope import traverse_scope

SCHEMA = {table: {"a": "INT", "b": "INT", "c": "VARCHAR", "d": "DATE"} for table in sql_texts.TABLES}


def case(rng):
    """One query."""
    text = sql_texts.query(rng)
    for number in range(rng.randint(0, 3)):
        kept = f"SELECT a, b, c, d FROM {rng.choice(sql_texts.TABLES)} WHERE {sql_texts.condition(rng, [], 1)}"
        text = text.replace(" FROM x", f" FROM cte{number}", 1)
        text = (
            f"WITH cte{number} AS ({kept}) {text}"
            if not text.startswith("WITH")
            else text.replace("WITH ", f"WITH cte{number} AS ({kept}), ", 1)
        )
    if rng.random() < 0.3:
        text += f" UNION {rng.choice(['', 'ALL '])}{sql_texts.query(rng, 0)}"
    rules = [
        lambda tree: optimize(tree, schema=SCHEMA),
        lambda tree: merge_subqueries(tree, leave_tables_isolated=rng.random() < 0.3),
        canonicalize,
    ]
    found = [outcome(rule, text) for rule in rules]
    return " | ".join([*found, scopes(text)])


def outcome(rule, text):
    """What a rule makes of the query."""
    try:
        return rule(sqlglot.parse_one(text)).sql()
    except SqlglotError as problem:
        return f"{type(problem).__name__}: {problem}"


def scopes(text):
    """What is in each scope of the query, in order."""
    try:
        found = traverse_scope(sqlglot.parse_one(text))
    except SqlglotError as problem:
        return f"{type(problem).__name__}: {problem}"
    return repr(
        [
            (
                list(scope.sources),
                [c.sql() for c in scope.columns],
                [t.sql() for t in scope.tables],
                scope.scope_type.name,
            )
            for scope in found
        ]
    )
