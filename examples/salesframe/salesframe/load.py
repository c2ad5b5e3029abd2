"""Reading of the exports."""

from datetime import datetime
from pathlib import Path
from typing import Union

import pandas as pd
from pandas.api.types import is_numeric_dtype

COLUMNS = ["date", "product", "category", "quantity", "price", "cost", "discount", "customer"]
DATE_FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"]


class ExportError(ValueError):
    """An export that cannot be used."""


def parse_date(text: str) -> datetime:
    """Parse a date in one of the formats that the tills use."""
    for date_format in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), date_format)
        except ValueError:
            continue
    raise ExportError("not a date: %r" % text)


def parse_discount(text: str) -> float:
    """The discount as a fraction: "15%" is 0.15, nothing is 0."""
    text = text.strip()
    if not text:
        return 0.0
    try:
        value = float(text.rstrip("%")) / 100
    except ValueError:
        raise ExportError("not a discount: %r" % text) from None
    if not 0 <= value <= 1:
        raise ExportError("not a discount: %r" % text)
    return value


def load_export(path: Union[str, Path]) -> pd.DataFrame:
    """Read the export of one shop; the file's name is the shop's."""
    path = Path(path)
    frame = pd.read_csv(path, dtype={"discount": str, "customer": str, "date": str}, keep_default_na=False)
    missing = [column for column in COLUMNS if column not in list(frame.columns)]
    if missing:
        raise ExportError("%s lacks %s" % (path.name, ", ".join(missing)))
    frame = frame[COLUMNS].copy()
    for column in ["quantity", "price", "cost"]:
        if len(frame) and not is_numeric_dtype(frame[column]):
            raise ExportError("%s has a %s that is not a number" % (path.name, column))
    frame["shop"] = path.stem.capitalize()
    frame["date"] = pd.to_datetime(frame["date"].apply(parse_date))
    frame["discount"] = frame["discount"].apply(parse_discount).astype(float)
    return frame


def load_folder(folder: Union[str, Path]) -> pd.DataFrame:
    """Read all exports of a folder, by file name, into one frame with rows numbered from 0.

    Exports without sales are passed over; ExportError if there are no others.
    """
    sales = pd.DataFrame()
    for path in sorted(Path(folder).glob("*.csv")):
        export = load_export(path)
        if len(export) > 0:
            sales = pd.concat([sales, export], ignore_index=True)
    if len(sales) == 0:
        raise ExportError("no sales in %s" % folder)
    return sales
