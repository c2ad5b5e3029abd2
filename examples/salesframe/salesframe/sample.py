"""Made-up exports, the same ones on every run.

    python -m salesframe.sample FOLDER [--rows N]
"""

import argparse
import random
from datetime import date, timedelta
from pathlib import Path
from typing import List, Optional

SHOPS = ["Aachen", "Bremen", "Celle", "Dresden", "Erfurt", "Fulda"]
PRODUCTS = [
    ("Espresso beans", "coffee", 14.5, 8.1),
    ("Filter coffee", "coffee", 9.9, 5.2),
    ("Green tea", "tea", 7.25, 3.1),
    ("Earl Grey", "tea", 6.8, 2.95),
    ("Teapot", "kitchen", 34.0, 19.4),
    ("Moka pot", "kitchen", 39.9, 24.0),
    ("Gift card", "vouchers", 25.0, 25.0),
    ("Dark chocolate", "sweets", 3.6, 1.75),
]
HEADER = "date,product,category,quantity,price,cost,discount,customer"


def format_date(day: date, shop: str) -> str:
    """The tills of some shops write dates the German way."""
    if shop in ("Bremen", "Fulda"):
        return day.strftime("%d.%m.%Y")
    return day.isoformat()


def make_row(rng: random.Random, shop: str) -> str:
    day = date(2024, 1, 1) + timedelta(days=int(rng.random() * 182))
    product, category, price, cost = PRODUCTS[int(rng.random() ** 1.3 * len(PRODUCTS))]
    quantity = 1 + int(rng.random() ** 3 * 9)
    if rng.random() < 0.03:
        quantity = -1
    discount = "%d%%" % (5 * int(1 + rng.random() * 4)) if rng.random() < 0.15 else ""
    customer = "C%04d" % int(rng.random() ** 2 * 400) if rng.random() < 0.7 else ""
    return "%s,%s,%s,%d,%.2f,%.2f,%s,%s" % (
        format_date(day, shop), product, category, quantity, price, cost, discount, customer,
    )


def write_exports(folder: Path, rows: int = 1000, seed: int = 3) -> List[Path]:
    """Write one file per shop with `rows` sales each; returns the paths."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for shop in SHOPS:
        lines = [HEADER] + [make_row(rng, shop) for _ in range(rows)]
        path = folder / ("%s.csv" % shop.lower())
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def main(argv: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m salesframe.sample", description="Write made-up exports.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1000, help="sales per shop")
    args = parser.parse_args(argv)
    for path in write_exports(args.folder, args.rows):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
