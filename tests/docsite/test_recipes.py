"""The recipes on projects of their kind: each `llmopt profile` that the page shows finds the hot functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import shop

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
LINES = re.findall(r"^\$ llmopt (profile .*)$", PAGE, re.MULTILINE)
SUMMARY = """
    import numpy as np
    import pandas as pd

    from corelib import width


    def by_shop(sales):
        sums = {}
        for _, row in sales.iterrows():
            sums[row["shop"]] = sums.get(row["shop"], 0.0) + row["amount"]
        return pd.Series(sums).sort_index()


    def smooth(values, places=width()):
        return np.array([values[max(0, i - places + 1) : i + 1].mean() for i in range(len(values))])
    """
TESTS = """
    import numpy as np

    from shopdata.summary import smooth


    def test_smooth_speed(benchmark):
        values = np.arange(20_000.0)
        assert benchmark(smooth, values, 30)[-1] == 19984.5
    """
ASV = """
    import numpy as np

    from shopdata.summary import smooth


    class Smoothing:
        params = [10, 100]

        def setup(self, places):
            self.values = np.arange(20_000.0)

        def time_smooth(self, places):
            smooth(self.values, places)
    """
PACKAGE = {
    "shopdata/__init__.py": "",
    "shopdata/summary.py": SUMMARY,
    "benchmarks/bench_summary.py": next(re.finditer(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))[1],
}
FILES = {
    **PACKAGE,
    **{f"packages/reports/{path}": text for path, text in PACKAGE.items()},
    "packages/reports/pyproject.toml": next(re.finditer(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))[1],
    "packages/core/corelib/__init__.py": "def width():\n    return 30\n",
    "corelib.py": "def width():\n    return 30\n",
    "tests/test_speed.py": TESTS,
    "asv_bench/asv.conf.json": '{"version": 1, "project": "shopdata", "repo": "."}',
    "asv_bench/benchmarks/__init__.py": "",
    "asv_bench/benchmarks/smoothing.py": ASV,
    "pyproject.toml": "",
}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("line", LINES)
def test_a_profile_that_is_shown_finds_what_is_hot(line: str, tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "project", FILES)
    words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", line)]
    done = shop.llmopt(repo, *words)
    assert done.code == 0, done.err
    assert "summary.py::" in done.out


def test_each_kind_of_project_has_its_profile() -> None:
    assert [re.search(r"pytest|asv|packages", line)[0] for line in LINES] == ["pytest", "asv", "packages"]  # type: ignore[index]
