"""Format the queries an ORM logged: few statements, but with IN lists of hundreds of ids and a bulk INSERT.

This is what the SQL panel of a web framework's debug toolbar does with sqlparse.
"""

import random

import sqlparse


def selection(rng, size):
    ids = ", ".join(str(rng.randrange(1, 10_000_000)) for _ in range(size))
    return (
        'SELECT "shop_order"."id", "shop_order"."number", "shop_order"."placed_at", "shop_customer"."name" '
        'FROM "shop_order" INNER JOIN "shop_customer" ON ("shop_order"."customer_id" = "shop_customer"."id") '
        f'WHERE ("shop_order"."id" IN ({ids}) AND NOT ("shop_order"."state" = \'cancelled\')) '
        'ORDER BY "shop_order"."placed_at" DESC'
    )


def insertion(rng, rows):
    values = ", ".join(
        f"({rng.randrange(10**6)}, 'sku-{rng.randrange(10**4)}', {rng.random() * 100:.2f}, NULL)" for _ in range(rows)
    )
    return f'INSERT INTO "shop_line" ("order_id", "sku", "price", "note") VALUES {values}'


STATEMENTS = []


def setup():
    rng = random.Random(11)
    sizes = [600, 250, 900, 1500]
    STATEMENTS[:] = [insertion(rng, 120), *(selection(rng, size) for size in sizes)]


def workload():
    return [sqlparse.format(statement, reindent=True) for statement in STATEMENTS]
