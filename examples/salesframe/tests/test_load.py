from datetime import datetime

import pandas as pd
import pytest

from salesframe.load import COLUMNS, ExportError, load_export, load_folder, parse_date, parse_discount

HEADER = ",".join(COLUMNS) + "\n"
ROW = "2024-03-01,Green tea,tea,2,7.25,3.1,10%,C0001\n"


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01", datetime(2024, 3, 1)),
        ("01.03.2024", datetime(2024, 3, 1)),
        ("03/01/2024", datetime(2024, 3, 1)),
        (" 29.2.2024 ", datetime(2024, 2, 29)),
    ],
)
def test_dates(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize("text", ["", "2023-02-29", "13/13/2024", "yesterday", "2024-03-01 10:00"])
def test_bad_dates(text):
    with pytest.raises(ExportError) as caught:
        parse_date(text)
    assert str(caught.value) == "not a date: %r" % text


@pytest.mark.parametrize(("text", "expected"), [("", 0.0), (" ", 0.0), ("15%", 0.15), ("100%", 1.0), ("7", 0.07), (" 5 ", 0.05)])
def test_discounts(text, expected):
    assert parse_discount(text) == expected


@pytest.mark.parametrize("text", ["-5%", "101%", "ten", "%", "nan"])
def test_bad_discounts(text):
    with pytest.raises(ExportError, match="not a discount"):
        parse_discount(text)


def test_an_export(write):
    frame = load_export(write("celle.csv", HEADER + ROW + "02.03.2024,Teapot,kitchen,-1,34,19.4,,\n"))
    assert list(frame.columns) == COLUMNS + ["shop"]
    assert frame["date"].tolist() == [pd.Timestamp(2024, 3, 1), pd.Timestamp(2024, 3, 2)]
    assert frame["discount"].tolist() == [0.1, 0.0]
    assert frame["customer"].tolist() == ["C0001", ""]
    assert frame["quantity"].tolist() == [2, -1]
    assert frame["price"].tolist() == [7.25, 34.0]
    assert frame["shop"].tolist() == ["Celle", "Celle"]
    assert [frame[column].dtype.kind for column in ["date", "quantity", "price", "discount"]] == ["M", "i", "f", "f"]


def test_formats_of_dates_may_be_mixed(write):
    rows = "".join("%s,x,y,1,1.0,1.0,,\n" % day for day in ["2024-01-02", "03.01.2024", "01/04/2024"])
    assert load_export(write("a.csv", HEADER + rows))["date"].dt.day.tolist() == [2, 3, 4]


def test_columns_in_another_order_and_more_of_them(write):
    frame = load_export(write("a.csv", "till,customer,discount,cost,price,quantity,category,product,date\n1,NA,,1,2.0,3,c,p,2024-01-01\n"))
    assert list(frame.columns) == COLUMNS + ["shop"]
    assert frame["customer"].tolist() == ["NA"]


def test_missing_columns(write):
    with pytest.raises(ExportError, match="a.csv lacks cost, customer"):
        load_export(write("a.csv", "date,product,category,quantity,price,discount\n"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2024-03-01,x,y,two,7.25,3.1,,\n", "a.csv has a quantity that is not a number"),
        ("2024-03-01,x,y,2,,3.1,,\n", "a.csv has a price that is not a number"),
        ("2024-13-01,x,y,2,7.25,3.1,,\n", "not a date: '2024-13-01'"),
        ("2024-03-01,x,y,2,7.25,3.1,x%,\n", "not a discount: 'x%'"),
    ],
)
def test_bad_rows(write, row, message):
    with pytest.raises(ExportError) as caught:
        load_export(write("a.csv", HEADER + ROW + row))
    assert str(caught.value) == message


def test_a_folder_is_read_by_name(write, tmp_path):
    write("b.csv", HEADER + ROW + ROW)
    write("a.csv", HEADER + ROW)
    write("notes.txt", "hello")
    write("closed.csv", HEADER)
    frame = load_folder(tmp_path)
    assert frame["shop"].tolist() == ["A", "B", "B"]
    assert frame.index.tolist() == [0, 1, 2]
    assert [frame[column].dtype.kind for column in ["date", "quantity", "price", "discount"]] == ["M", "i", "f", "f"]


def test_a_folder_without_sales(write, tmp_path):
    with pytest.raises(ExportError, match="no sales in"):
        load_folder(tmp_path)
    write("closed.csv", HEADER)
    with pytest.raises(ExportError, match="no sales in"):
        load_folder(str(tmp_path))
