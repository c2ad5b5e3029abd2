"""The figures of the report."""

from typing import Dict, List, Tuple

import numpy as np
import pandas as pd


def add_amounts(sales: pd.DataFrame) -> pd.DataFrame:
    """A copy with the columns revenue, margin, and month ("2024-03"); amounts are rounded to cents per sale."""
    sales = sales.copy()
    sales["revenue"] = sales.apply(
        lambda row: round(row["quantity"] * row["price"] * (1 - row["discount"]), 2), axis=1
    )
    sales["margin"] = sales.apply(lambda row: round(row["revenue"] - row["quantity"] * row["cost"], 2), axis=1)
    sales["month"] = sales["date"].apply(lambda day: day.strftime("%Y-%m"))
    return sales


def monthly_totals(sales: pd.DataFrame) -> pd.DataFrame:
    """Orders, items, revenue and margin of each month, by month. Returned items are negative and no orders."""
    totals = pd.DataFrame(columns=["month", "orders", "items", "revenue", "margin"])
    for month in sorted(sales["month"].unique()):
        orders = items = 0
        revenue = margin = 0.0
        for _, row in sales[sales["month"] == month].iterrows():
            if row["quantity"] > 0:
                orders += 1
            items += row["quantity"]
            revenue += row["revenue"]
            margin += row["margin"]
        line = pd.DataFrame(
            [{"month": month, "orders": orders, "items": int(items), "revenue": round(revenue, 2), "margin": round(margin, 2)}]
        )
        totals = line if totals.empty else pd.concat([totals, line], ignore_index=True)
    return totals


def revenue_table(sales: pd.DataFrame) -> pd.DataFrame:
    """Revenue by shop (rows) and category (columns), both by name; 0 where nothing was sold."""
    shops = sorted(sales["shop"].unique())
    categories = sorted(sales["category"].unique())
    table = pd.DataFrame(0.0, index=shops, columns=categories)
    for shop in shops:
        for category in categories:
            part = sales[(sales["shop"] == shop) & (sales["category"] == category)]
            table.loc[shop, category] = round(float(part["revenue"].sum()), 2)
    return table


def best_customers(sales: pd.DataFrame, n: int = 5) -> List[Tuple[str, float]]:
    """The customers with most revenue; equal ones by name. Sales without a customer do not count."""
    totals: Dict[str, float] = {}
    for _, row in sales.iterrows():
        if row["customer"] == "":
            continue
        totals[row["customer"]] = totals.get(row["customer"], 0.0) + row["revenue"]
    ranking = [(customer, round(float(total), 2)) for customer, total in totals.items()]
    return sorted(ranking, key=lambda item: (-item[1], item[0]))[:n]


def daily_revenue(sales: pd.DataFrame) -> pd.Series:
    """Revenue of each day from the first to the last, 0 for days without sales."""
    days = pd.date_range(sales["date"].min(), sales["date"].max(), freq="D")
    values = []
    for day in days:
        values.append(float(sales[sales["date"] == day]["revenue"].sum()))
    return pd.Series(values, index=days, name="revenue")


def moving_average(values: np.ndarray, width: int = 7) -> np.ndarray:
    """Mean of each value with up to `width` - 1 values before it."""
    if width < 1:
        raise ValueError("width must be at least 1")
    result = np.array([])
    for i in range(len(values)):
        start = max(0, i - width + 1)
        total = 0.0
        for j in range(start, i + 1):
            total += values[j]
        result = np.append(result, total / (i + 1 - start))
    return result


def unusual_days(daily: pd.Series, width: int = 28, limit: float = 2.5) -> List[Tuple[str, float]]:
    """Days whose revenue is more than `limit` standard deviations from the mean of the `width` days before.

    Days with less than a week before them, or after days that were all the same, do not count.
    """
    values = daily.to_numpy()
    result = []
    for i in range(len(values)):
        before = values[max(0, i - width) : i]
        if len(before) < 7:
            continue
        mean = sum(before) / len(before)
        variance = sum([(value - mean) ** 2 for value in before]) / (len(before) - 1)
        if variance > 0 and abs(values[i] - mean) > limit * variance**0.5:
            result.append((daily.index[i].strftime("%Y-%m-%d"), round(float(values[i]), 2)))
    return result


def trend(daily: pd.Series) -> float:
    """Change of the revenue per day, by the median of the slopes between all pairs of days (Theil-Sen)."""
    values = daily.to_numpy()
    slopes = []
    for i in range(len(values)):
        for j in range(i + 1, len(values)):
            slopes.append((values[j] - values[i]) / (j - i))
    if not slopes:
        return 0.0
    return float(np.median(slopes))
