"""Monthly sales report from the exports of the shops' tills."""

__version__ = "0.2.0"
