"""Suggest what may come next while someone types: a settings file and the queries of a shop, token by token."""

import random

from lark import Lark

SETTINGS = r"""
start: value
?value: object | array | ESCAPED_STRING -> string | SIGNED_NUMBER -> number
      | "true" -> true | "false" -> false | "null" -> null
array: "[" [value ("," value)*] "]"
object: "{" [pair ("," pair)*] "}"
pair: ESCAPED_STRING ":" value
%import common.ESCAPED_STRING
%import common.SIGNED_NUMBER
%import common.WS
%ignore WS
"""

QUERIES = r"""
start: query (";" query)*
query: "find" columns "in" NAME ("where" either)? ("sort" NAME ORDER?)? ("first" INT)?
columns: "*" -> all | NAME ("," NAME)*
?either: both ("or" both)*
?both: test ("and" test)*
?test: sum COMPARE sum -> compare | "not" test -> negate | NAME "between" sum "to" sum -> between | "(" either ")"
?sum: product (("+" | "-") product)*
?product: atom (("*" | "/") atom)*
?atom: INT -> number | NAME -> column | STRING -> text | NAME "[" sum "]" -> item
ORDER: "up" | "down"
COMPARE: "<=" | ">=" | "<" | ">" | "="
STRING: /'[^']*'/
%import common.CNAME -> NAME
%import common.INT
%import common.WS
%ignore WS
"""

TYPED = []


def setup():
    """Make the two parsers and what is typed, unfinished as it is."""
    rng = random.Random(12)
    settings, queries = Lark(SETTINGS, parser="lalr"), Lark(QUERIES, parser="lalr")
    TYPED[:] = [(settings, written(rng, size)) for size in (12, 25)]
    TYPED.extend((queries, " ; ".join(query(rng) for _ in range(count))) for count in (1, 3, 6, 9))


def written(rng, size):
    """A settings file that breaks off within its last entry."""
    entries = []
    for number in range(size):
        kind = rng.randrange(4)
        value = ["true", f"{rng.randrange(9000)}", f'["{number}", null, -{number}]', f'{{"on": {number}}}'][kind]
        entries.append(f'"option {number}": {value}')
    return "{" + ", ".join(entries) + ', "last": [1, '


def query(rng):
    """One query with some conditions."""
    names = ["price", "stock", "weight", "year"]
    tests = [
        f"({rng.choice(names)} * {rng.randrange(2, 9)} >= {rng.randrange(500)} or kind = 'book')",
        f"{rng.choice(names)} between {rng.randrange(9)} to {rng.randrange(9, 99)}",
        f"not sizes[{rng.randrange(5)} + 1] < {rng.randrange(70)}",
    ]
    chosen = rng.sample(tests, rng.randint(1, 3))
    return f"find name, {rng.choice(names)} in goods where {' and '.join(chosen)} sort price down first 20"


def workload():
    """Print what is offered where each token was typed, and at the end."""
    for parser, text in TYPED:
        cursor = parser.parse_interactive(text)
        for token in cursor.iter_parse():
            print(token, sorted(cursor.accepts()))
        print(sorted(cursor.accepts()))
