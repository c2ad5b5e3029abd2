"""Random SQL for the checks of sqlglot: texts with joins, subqueries, CTEs, conditions, and some that are wrong."""

COLUMNS = ("a", "b", "c", "d")
TABLES = ("x", "y", "z")


def query(rng, depth=2, apply=False):
    """A SELECT over one to four tables."""
    sources = [source(rng, depth, i) for i in range(rng.randint(1, 4))]
    names = [name for _, name in sources]
    text = f"SELECT {', '.join(item(rng, names, i) for i in range(rng.randint(1, 3)))} FROM {sources[0][0]}"
    for body, name in sources[1:]:
        if apply and rng.random() < 0.6:
            text += f" {rng.choice(['CROSS', 'OUTER'])} APPLY (SELECT {rng.choice(COLUMNS)} FROM {name}_t) AS {name}"
        elif rng.random() < 0.2:
            text += f", {body}"
        else:
            kind = rng.choice(["JOIN", "LEFT JOIN", "INNER JOIN", "FULL OUTER JOIN", "CROSS JOIN"])
            on = "" if kind == "CROSS JOIN" else f" ON {condition(rng, [names[0], name], 1)}"
            text += f" {kind} {body}{on}"
    if rng.random() < 0.7:
        text += f" WHERE {condition(rng, names, 3)}"
    if rng.random() < 0.3:
        text += f" ORDER BY {column(rng, names)}{rng.choice(['', ' DESC'])}"
    return text + (f" LIMIT {rng.randrange(9)}" if rng.random() < 0.2 else "")


def source(rng, depth, number):
    """A table or a subquery, and its alias."""
    name = f"t{number}"
    if depth and rng.random() < 0.3:
        return f"(SELECT a, b, c, d FROM {rng.choice(TABLES)} WHERE {condition(rng, [], 1)}) AS {name}", name
    return f"{rng.choice(TABLES)} AS {name}", name


def item(rng, names, number):
    """One selected value."""
    value = rng.choice([column(rng, names), f"{column(rng, names)} + {rng.randrange(5)}", "1", "'text'"])
    return f"{value} AS v{number}"


def column(rng, names):
    """A column with or without its table."""
    return f"{rng.choice(names)}.{rng.choice(COLUMNS)}" if names else rng.choice(COLUMNS)


def condition(rng, names, depth):
    """Conditions joined by AND, OR and NOT, constants among them."""
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(
            [
                f"{column(rng, names)} {rng.choice(['=', '<', '>=', '<>'])} {rng.randrange(4)}",
                f"{rng.randrange(3)} {rng.choice(['=', '<'])} {column(rng, names)}",
                f"{column(rng, names)} = {column(rng, names)}",
                f"{column(rng, names)} IS NULL",
                f"{column(rng, names)} IN (1, {rng.randrange(3)})",
                f"{column(rng, names)} BETWEEN 1 AND {rng.randrange(4)}",
                rng.choice(["TRUE", "FALSE", "NULL", "1 = 1", "2 > 3"]),
            ]
        )
    parts = [condition(rng, names, depth - 1) for _ in range(rng.randint(2, 4))]
    joined = f" {rng.choice(['AND', 'OR'])} ".join(f"({part})" for part in parts)
    return f"NOT ({joined})" if rng.random() < 0.2 else joined


def damaged(rng, text):
    """The text with a piece lost or doubled, now and then."""
    if rng.random() < 0.85:
        return text
    words = text.split()
    at = rng.randrange(len(words))
    return " ".join(words[:at] + words[at : at + 1] * rng.choice([0, 2]) + words[at + 1 :])
