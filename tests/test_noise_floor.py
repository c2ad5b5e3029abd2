"""The remembered noise floor: whose it is, how long it holds, and what is done about a broken file."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import Scripted, base

from llmopt import noise_floor


def counting(floors: list[float]) -> tuple[list[float], object]:
    taken: list[float] = []

    def measure() -> float:
        taken.append(floors[len(taken)])
        return taken[-1]

    return taken, measure


def test_it_is_measured_once_for_a_key(tmp_path: Path) -> None:
    taken, measure = counting([0.1, 0.2])
    file = tmp_path / "noise.json"
    assert [noise_floor.remembered(file, key, measure) for key in ("a", "a", "b", "a")] == [0.1, 0.1, 0.2, 0.1]  # type: ignore[arg-type]
    assert taken == [0.1, 0.2]


def test_an_old_one_is_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "noise.json"
    file.write_text(json.dumps({"a": [0.5, time.time() - 25 * 3600]}))
    assert noise_floor.remembered(file, "a", lambda: 0.1) == 0.1
    assert noise_floor.remembered(file, "a", lambda: 0.3) == 0.1


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": [1, 2, 3]}', '{"a": ["x", 1]}'])
def test_a_broken_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "noise.json"
    file.write_text(content)
    assert noise_floor.remembered(file, "a", lambda: 0.1) == 0.1


def test_without_a_place_it_is_measured_each_time(tmp_path: Path) -> None:
    assert noise_floor.remembered(None, "a", lambda: 0.1) == 0.1
    assert noise_floor.remembered(tmp_path / "missing" / "noise.json", "a", lambda: 0.2) == 0.2


def test_the_key_tells_workloads_interpreter_and_objective_apart() -> None:
    project = Scripted(lambda commit, line, before: 1.0).target(["one", "two"], [1.0, 1.0]).project
    known = replace(base(2), pinned=(True, False))
    key = noise_floor.key(project, known, "time")
    others = [
        noise_floor.key(project, known, "cpu"),
        noise_floor.key(project, replace(known, repetitions=(1, 5)), "time"),
        noise_floor.key(project, replace(known, pinned=(True, True)), "time"),
        noise_floor.key(replace(project, interpreter=replace(project.interpreter, version=(3, 13, 0))), known, "time"),
        noise_floor.key(replace(project, workloads=project.workloads[::-1]), known, "time"),
    ]
    assert len({key, *others}) == 6
    assert noise_floor.key(project, replace(known, commit="another"), "time") == key
