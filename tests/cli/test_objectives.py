"""What decides when it is not time: memory, CPU time, instructions; and what an objective costs elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop
from model_server import Answer, ModelServer
from shop import DECLINE, FILES, GOOD, Done, llmopt

from llmopt.sandbox import counters

MEMORY = {
    **{name: FILES[name] for name in ("pyproject.toml", ".gitignore")},
    "shop/__init__.py": "",
    "shop/squares.py": """
        def squares(n):
            return sum([i * i for i in range(n)])
        """,
    "tests/test_squares.py": """
        from shop.squares import squares


        def test_squares():
            assert squares(4) == 14
        """,
    "bench.py": """
        from shop.squares import squares


        def workload():
            print(squares(800_000))
        """,
}
LESS = """A generator holds one number at a time.

shop/squares.py
```python
<<<<<<< SEARCH
    return sum([i * i for i in range(n)])
=======
    return sum(i * i for i in range(n))
>>>>>>> REPLACE
```
"""


def optimize(repo: Path, function: str, answer: str, *options: object) -> Done:
    with ModelServer([Answer(answer), *[Answer(DECLINE)] * 3]) as server:
        return llmopt(
            repo,
            *("optimize", "--workload", "bench.py", "--no-rules", "--function", function, "--attempts", 1),
            *("--model", f"openai:local-model@{server.url}/v1", "--json", *options),
            seconds=900,
            NO_PROXY="*",
        )


@pytest.mark.slow
def test_memory_decides_when_it_is_the_objective(tmp_path: Path) -> None:
    done = optimize(shop.repository(tmp_path / "shop", MEMORY), "squares", LESS, "--objective", "memory")
    assert done.code in (0, 3), done.err
    result = done.json
    assert result["objective"] == "memory"
    if result["accepted"]:
        assert result["speedup"] > 1.3
    else:  # a generator is slower than a list on some versions, and time is guarded
        assert "times the time of the base" in result["rejected"][0]["reason"]


@pytest.mark.slow
@pytest.mark.thorough
def test_cpu_time_decides_when_it_is_the_objective(tmp_path: Path) -> None:
    done = optimize(shop.repository(tmp_path / "shop"), "customers", GOOD, "--objective", "cpu")
    assert done.code == 0, done.err
    assert done.json["objective"] == "cpu"
    assert done.json["speedup"] > 2


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1000)
@pytest.mark.skipif(not counters.available(), reason="nobody counts instructions here")
def test_instructions_decide_when_they_are_the_objective(tmp_path: Path) -> None:
    done = optimize(shop.repository(tmp_path / "shop"), "customers", GOOD, "--objective", "instructions")
    assert done.code == 0, done.err
    assert done.json["objective"] == "instructions"
    assert done.json["speedup"] > 1.5
    low, high = done.json["accepted"][0]["interval"]
    assert high / low < 1.05  # counts hardly vary


@pytest.mark.skipif(counters.energy_available(), reason="energy is counted here")
def test_energy_that_nobody_counts_is_refused_before_anything_runs(tmp_path: Path) -> None:
    done = llmopt(shop.repository(tmp_path / "shop"), "optimize", "--workload", "bench.py", "--objective", "energy")
    assert done.code == 2
    assert "--objective energy: this machine gives no energy counters (RAPL)" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_an_unknown_objective_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = llmopt(shop.repository(tmp_path / "shop"), "optimize", "--objective", "speed")
    assert done.code == 2
    assert "'time', 'cpu', 'memory', 'instructions' or 'energy'" in done.err
