"""Random conditions, simplified: in a query, alone, with constants carried along, and in normal forms."""

import sql_texts
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize import normalize
from sqlglot.optimizer.simplify import simplify


def case(rng):
    """One condition and one query."""
    condition = sqlglot.parse_one(sql_texts.condition(rng, ["t0", "t1"], rng.randint(1, 4)))
    outcomes = [simplify(condition.copy()).sql(), simplify(condition.copy(), constant_propagation=True).sql()]
    try:
        outcomes.append(normalize(condition.copy(), dnf=rng.random() < 0.5, max_distance=40).sql())
    except SqlglotError as problem:
        outcomes.append(str(problem))
    query = sqlglot.parse_one(sql_texts.query(rng))
    before = query.sql()
    outcomes.append(simplify(query.copy()).sql())
    return repr([*outcomes, query.sql() == before])
