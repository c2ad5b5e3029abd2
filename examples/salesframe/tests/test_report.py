import pytest

from salesframe import report, sample
from salesframe.load import ExportError, load_folder


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    sample.write_exports(folder, rows=40)
    return folder


def test_the_whole_report(exports):
    assert report.build_report(load_folder(exports)) == EXPECTED


def test_tables_of_one_month(exports):
    text = report.build_report(load_folder(exports), "2024-02")
    months, rest = text.split("Revenue by shop and category")
    assert months in EXPECTED
    assert rest.startswith(MONTH_TABLE)


def test_a_month_without_sales(exports):
    with pytest.raises(ExportError, match="no sales in month 2023-02"):
        report.build_report(load_folder(exports), "2023-02")


def test_building_a_report_leaves_the_sales_alone(exports):
    sales = load_folder(exports)
    before = sales.copy()
    report.build_report(sales)
    assert list(sales.columns) == list(before.columns)
    assert sales.equals(before)


def test_command(exports, capsys):
    assert report.main([str(exports)]) == 0
    assert capsys.readouterr().out == EXPECTED


def test_command_without_exports(tmp_path, capsys):
    assert report.main([str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "salesframe: no sales in %s\n" % tmp_path


def test_samples_are_the_same_each_time(exports, tmp_path, capsys):
    assert sample.main([str(tmp_path), "--rows", "40"]) == 0
    assert len(capsys.readouterr().out.split()) == 6
    for path in exports.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


EXPECTED = """\
Months
   month    orders   items     revenue      margin
 2024-01        38     129     2053.44      881.29
 2024-02        42     132     2232.30      762.35
 2024-03        42     106     1901.36      715.81
 2024-04        37      95     1797.42      582.37
 2024-05        32      94     1914.29      643.84
 2024-06        43     106     1154.78      493.53

Revenue by shop and category
                coffee     kitchen      sweets         tea    vouchers
Aachen          663.69      854.20       67.14       87.18       65.00
Bremen          571.62     1325.80        6.84      185.90      165.00
Celle           705.39      926.70       46.98      127.20      475.00
Dresden         520.35      818.80       14.22      139.58      522.50
Erfurt          316.80      707.50        3.60      400.64      225.00
Fulda           611.80      193.60       21.60      108.96      175.00

Best customers
   C0010      359.10
   C0274      353.20
   C0031      352.60
   C0017      321.00
   C0158      319.20

Unusual days
2024-01-10    238.00
2024-01-20    344.20
2024-02-01    326.45
2024-03-18    200.75
2024-03-20    281.95
2024-03-27    452.00
2024-05-12    225.00
2024-05-18    359.10
2024-06-23    122.96

Last week 28.54 a day, trend +0.000 a day
"""

MONTH_TABLE = """\

                coffee     kitchen      sweets         tea    vouchers
Aachen           49.50      319.20        0.00       28.55       40.00
Bremen          102.20      119.70        0.00       23.20        0.00
Celle             9.90       39.90        0.00       71.37       75.00
Dresden          79.20      272.00        3.60        0.00       22.50
Erfurt          111.40      102.00        0.00      136.40      200.00
Fulda           180.70       79.80        3.60       12.58      150.00

Best customers
   C0158      319.20
   C0017      200.00
   C0241      125.00
   C0014      119.70
   C0116      102.00

"""
