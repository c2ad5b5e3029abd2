"""Sum up a shop's orders with toolz: by customer, by country and month, in batches for the next system."""

import random
from operator import itemgetter

import toolz

ORDERS = []
PRICES = []


def setup():
    """Make a year of orders, and the price lists of four suppliers."""
    rng = random.Random(5)
    countries = ["DE", "FR", "IT", "PL", "ES"]
    ORDERS[:] = [
        {
            "customer": rng.randrange(9000),
            "country": rng.choice(countries),
            "month": rng.randrange(12),
            "amount": rng.randrange(100, 90000),
        }
        for _ in range(250_000)
    ]
    PRICES[:] = [{f"sku-{rng.randrange(90_000)}": rng.randrange(10_000) for _ in range(60_000)} for _ in range(4)]


def add(total, order):
    """Add an order's amount to a total."""
    return total + order["amount"]


def workload():
    """Report as a nightly job does."""
    customers = toolz.groupby("customer", ORDERS)
    print(len(customers), max(len(orders) for orders in customers.values()))
    print(sorted(toolz.reduceby(itemgetter("country", "month"), add, ORDERS, 0).items())[:5])
    print(sum(len(batch) for batch in toolz.partition_all(7, ORDERS)))
    print(sum(toolz.merge_with(min, *PRICES).values()))
