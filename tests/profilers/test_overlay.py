"""The overlay folder: filled from PyPI once, never half, and absent without a network."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from interpreters import EVERY, OWN
from probing import probing

from llmopt.data import Interpreter
from llmopt.profilers import overlay


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    overlay._folder.cache_clear()
    yield tmp_path / "cache" / "llmopt" / "overlay"
    overlay._folder.cache_clear()


def interpreter(python: str) -> Interpreter:
    return Interpreter(python, (3, 0, 0), "test")


def test_failure_is_none_and_not_tried_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert overlay.folder(interpreter(OWN)) is None
    assert list(cache.iterdir()) == []  # nothing half filled stays behind
    monkeypatch.setattr(overlay, "_fill", pytest.fail)
    assert overlay.folder(interpreter(OWN)) is None


def test_interpreter_that_does_not_start_has_none() -> None:
    assert overlay.folder(interpreter("/nowhere/python")) is None


def test_filled_folder_is_used_as_it_is(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = overlay._tag(OWN)
    assert tag is not None
    (cache / "-".join(tag) / "line_profiler").mkdir(parents=True)
    monkeypatch.setattr(overlay, "_fill", pytest.fail)
    assert overlay.folder(interpreter(OWN)) == cache / "-".join(tag)


@pytest.mark.slow
@pytest.mark.parametrize("python", EVERY)
def test_lines_are_measured_by_the_overlay(tmp_path: Path, python: str) -> None:
    folder = overlay.folder(interpreter(python))
    if folder is None:
        pytest.skip("no package index can be reached")
    bare = tmp_path / "bare"  # whatever else the interpreter has installed, it has no line_profiler here
    subprocess.run([python, "-m", "venv", "--without-pip", str(bare)], check=True)
    source = "def f(x):\n    return x\nfor _ in range(5): f(1)\n"
    here = probing(tmp_path, str(bare / "bin" / "python"), {"main.py": source})
    observed = {"functions": [{"path": "main.py", "name": "f", "line": 1}], "overlay": str(folder)}
    (report,) = here.run("main.py", observe=observed).reports["observe"]
    assert report["measured_by"].startswith("overlay line_profiler ")
    assert [tuple(line[:2]) for line in report["functions"][0]["lines"]] == [(2, 5)]
