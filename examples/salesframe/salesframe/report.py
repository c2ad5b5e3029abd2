"""The report as text.

    python -m salesframe.report FOLDER [--month 2024-03]
"""

import argparse
import sys
from pathlib import Path
from typing import List, Optional

import pandas as pd

from .load import ExportError, load_folder
from .metrics import (
    add_amounts,
    best_customers,
    daily_revenue,
    monthly_totals,
    moving_average,
    revenue_table,
    trend,
    unusual_days,
)


def table_lines(table: pd.DataFrame) -> List[str]:
    lines = ["%-10s" % "" + "".join(["%12s" % column for column in table.columns])]
    for shop, row in table.iterrows():
        lines.append("%-10s" % shop + "".join(["%12.2f" % value for value in row]))
    return lines


def build_report(sales: pd.DataFrame, month: Optional[str] = None) -> str:
    """The whole report; with a month, tables and customers are of that month only."""
    sales = add_amounts(sales)
    daily = daily_revenue(sales)
    lines = ["Months", "   month    orders   items     revenue      margin"]
    for _, row in monthly_totals(sales).iterrows():
        lines.append(
            "%8s %9d %7d %11.2f %11.2f" % (row["month"], row["orders"], row["items"], row["revenue"], row["margin"])
        )
    chosen = sales if month is None else sales[sales["month"] == month]
    if len(chosen) == 0:
        raise ExportError("no sales in month %s" % month)
    lines += ["", "Revenue by shop and category"] + table_lines(revenue_table(chosen))
    lines += ["", "Best customers"]
    for customer, total in best_customers(chosen):
        lines.append("%8s %11.2f" % (customer, total))
    lines += ["", "Unusual days"]
    for day, revenue in unusual_days(daily):
        lines.append("%10s %9.2f" % (day, revenue))
    average = moving_average(daily.to_numpy())
    lines += ["", "Last week %.2f a day, trend %+.3f a day" % (average[-1], trend(daily))]
    return "\n".join(lines) + "\n"


def main(argv: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m salesframe.report", description="Print the monthly sales report.")
    parser.add_argument("folder", type=Path, help="folder of the exports, one CSV file per shop")
    parser.add_argument("--month", help="month of the tables, like 2024-03 (default: all)")
    args = parser.parse_args(argv)
    try:
        text = build_report(load_folder(args.folder), args.month)
    except (OSError, ExportError) as error:
        print("salesframe: %s" % error, file=sys.stderr)
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
