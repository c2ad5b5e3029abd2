import pandas as pd
import pytest

from salesframe.metrics import add_amounts


@pytest.fixture
def make_sales():
    """Make a frame of sales, from one dict of fields per sale."""

    def make(*rows):
        defaults = {
            "date": "2024-01-01",
            "product": "Green tea",
            "category": "tea",
            "quantity": 1,
            "price": 10.0,
            "cost": 4.0,
            "discount": 0.0,
            "customer": "",
            "shop": "Celle",
        }
        frame = pd.DataFrame([dict(defaults, **row) for row in rows], columns=list(defaults))
        frame["date"] = pd.to_datetime(frame["date"])
        return frame

    return make


@pytest.fixture
def make_amounts(make_sales):
    def make(*rows):
        return add_amounts(make_sales(*rows))

    return make
