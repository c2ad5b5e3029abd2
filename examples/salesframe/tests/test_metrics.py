import numpy as np
import pandas as pd
import pytest

from salesframe.metrics import (
    add_amounts,
    best_customers,
    daily_revenue,
    monthly_totals,
    moving_average,
    revenue_table,
    trend,
    unusual_days,
)


def test_amounts(make_amounts):
    sales = make_amounts(
        {"quantity": 3, "price": 9.99, "cost": 4.0, "discount": 0.1, "date": "2024-03-31"},
        {"quantity": -1, "price": 10.0, "cost": 4.0, "date": "2023-12-01"},
    )
    assert sales["revenue"].tolist() == [26.97, -10.0]
    assert sales["margin"].tolist() == [14.97, -6.0]
    assert sales["month"].tolist() == ["2024-03", "2023-12"]
    assert list(sales.columns)[-3:] == ["revenue", "margin", "month"]
    assert sales["revenue"].dtype == float


@pytest.mark.parametrize(
    ("price", "expected"), [(2.675, 2.67), (1.115, 1.11), (0.125, 0.12), (0.375, 0.38), (1.005, 1.0), (4.035, 4.04), (8.165, 8.16)]
)
def test_half_cents_are_rounded_as_round_does(make_amounts, price, expected):
    assert round(price, 2) == expected
    assert make_amounts({"price": price})["revenue"].tolist() == [expected]


def test_amounts_leave_the_sales_alone(make_sales):
    sales = make_sales({}, {"quantity": 2})
    before = sales.copy()
    amounts = add_amounts(sales)
    pd.testing.assert_frame_equal(sales, before)
    assert amounts is not sales


def test_amounts_keep_the_index(make_sales):
    sales = make_sales({"price": 1.0}, {"price": 2.0}, {"price": 3.0})
    sales.index = [7, 7, 2]
    amounts = add_amounts(sales)
    assert amounts.index.tolist() == [7, 7, 2]
    assert amounts["revenue"].tolist() == [1.0, 2.0, 3.0]


def test_monthly_totals(make_amounts):
    totals = monthly_totals(
        make_amounts(
            {"date": "2024-02-10", "quantity": 2},
            {"date": "2024-01-31", "quantity": 5, "price": 0.1, "cost": 0.0},
            {"date": "2024-02-01", "quantity": -1},
            {"date": "2023-12-31"},
        )
    )
    assert totals.to_dict("records") == [
        {"month": "2023-12", "orders": 1, "items": 1, "revenue": 10.0, "margin": 6.0},
        {"month": "2024-01", "orders": 1, "items": 5, "revenue": 0.5, "margin": 0.5},
        {"month": "2024-02", "orders": 1, "items": 1, "revenue": 10.0, "margin": 6.0},
    ]
    assert list(totals.columns) == ["month", "orders", "items", "revenue", "margin"]
    assert totals.index.tolist() == [0, 1, 2]
    assert [totals[column].dtype.kind for column in ["orders", "items", "revenue", "margin"]] == ["i", "i", "f", "f"]


def test_a_month_of_returns_has_no_orders(make_amounts):
    totals = monthly_totals(make_amounts({"quantity": -2}, {"quantity": 0}))
    assert totals.to_dict("records") == [{"month": "2024-01", "orders": 0, "items": -2, "revenue": -20.0, "margin": -12.0}]


def test_revenue_table(make_amounts):
    table = revenue_table(
        make_amounts(
            {"shop": "Fulda", "category": "tea", "price": 1.1},
            {"shop": "Celle", "category": "tea", "price": 2.0},
            {"shop": "Celle", "category": "coffee", "price": 3.0},
            {"shop": "Fulda", "category": "tea", "price": 2.2},
        )
    )
    assert table.index.tolist() == ["Celle", "Fulda"]
    assert table.columns.tolist() == ["coffee", "tea"]
    assert table.to_numpy().tolist() == [[3.0, 2.0], [0.0, 3.3]]
    assert not table.isna().any().any()


def test_best_customers(make_amounts):
    sales = make_amounts(
        {"customer": "C2", "price": 5.0},
        {"customer": "", "price": 99.0},
        {"customer": "C3", "price": 7.0},
        {"customer": "C1", "price": 2.5},
        {"customer": "C1", "price": 2.5},
        {"customer": "C4", "price": 9.0, "quantity": -1},
    )
    assert best_customers(sales) == [("C3", 7.0), ("C1", 5.0), ("C2", 5.0), ("C4", -9.0)]
    assert best_customers(sales, 2) == [("C3", 7.0), ("C1", 5.0)]
    assert all(type(total) is float for _, total in best_customers(sales))
    assert best_customers(sales[sales["customer"] == ""]) == []


def test_daily_revenue_has_all_days(make_amounts):
    daily = daily_revenue(
        make_amounts({"date": "2024-03-01", "price": 4.0}, {"date": "2024-02-27"}, {"date": "2024-03-01", "price": 0.5})
    )
    assert daily.index.strftime("%m-%d").tolist() == ["02-27", "02-28", "02-29", "03-01"]
    assert daily.tolist() == [10.0, 0.0, 0.0, 4.5]
    assert daily.name == "revenue"
    assert daily.dtype == float


def test_daily_revenue_of_one_day(make_amounts):
    assert daily_revenue(make_amounts({})).tolist() == [10.0]


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([], 3, []),
        ([4.0], 3, [4.0]),
        ([1.0, 2.0, 3.0, 4.0, 8.0], 3, [1.0, 1.5, 2.0, 3.0, 5.0]),
        ([1.0, 2.0, 3.0], 1, [1.0, 2.0, 3.0]),
        ([1, 2, 4], 10, [1.0, 1.5, 7 / 3]),
    ],
)
def test_moving_average(values, width, expected):
    result = moving_average(np.array(values), width)
    assert isinstance(result, np.ndarray)
    assert result.dtype == float
    assert result.tolist() == pytest.approx(expected, rel=1e-12)


def test_moving_average_is_not_upset_by_one_large_value():
    result = moving_average(np.array([1e17, 1.0, 1.0, 1.0]), 2)
    assert result[2:].tolist() == [1.0, 1.0]
    with_gap = moving_average(np.array([1.0, np.nan, 1.0, 1.0, 1.0]), 2)
    assert np.isnan(with_gap).tolist() == [False, True, True, False, False]


def test_moving_average_needs_a_width():
    with pytest.raises(ValueError, match="at least 1"):
        moving_average(np.array([1.0]), 0)


def series(values):
    return pd.Series(values, index=pd.date_range("2024-01-01", periods=len(values)), dtype=float)


def test_unusual_days():
    values = [10, 11, 9, 10, 11, 9, 10, 30, 10, 10, 1]
    assert unusual_days(series(values)) == [("2024-01-08", 30.0)]
    assert unusual_days(series(values), width=7) == [("2024-01-08", 30.0)]
    assert unusual_days(series(values), limit=1.2) == [("2024-01-08", 30.0), ("2024-01-11", 1.0)]


def test_the_limit_is_in_sample_standard_deviations():
    week = [10, 11, 9, 10, 11, 9, 10]
    assert unusual_days(series(week + [12.0])) == []
    assert unusual_days(series(week + [12.1])) == [("2024-01-08", 12.1)]
    assert unusual_days(series(week + [7.9])) == [("2024-01-08", 7.9)]


def test_the_first_week_and_days_after_equal_ones_do_not_count():
    assert unusual_days(series([10, 11, 9, 10, 11, 9, 90])) == []
    assert unusual_days(series([10] * 9 + [99])) == []
    assert unusual_days(series([])) == []
    assert unusual_days(series([10, 11] * 20 + [99]), width=6) == []


def test_the_window_of_the_days_before():
    values = [0, 100] * 10 + [50, 51] * 14 + [60]
    assert unusual_days(series(values), width=28) == [("2024-02-18", 60.0)]
    assert unusual_days(series(values), width=48) == []


def test_trend():
    assert trend(series([1, 3, 5, 7])) == pytest.approx(2.0)
    assert trend(series([5, 4, 100, 2, 1])) == pytest.approx(-1.0)
    assert trend(series([1, 2, 9])) == pytest.approx(4.0)
    assert type(trend(series([1, 2]))) is float


def test_trend_of_too_few_days():
    assert trend(series([7])) == 0.0
    assert trend(series([])) == 0.0
