"""The templates render with all values and with the fewest, and what they ask for is what the parser takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmopt import edits, prompts
from llmopt.errors import UsageError


def refine(**values: object) -> str:
    everything = {
        "kind": "tests",
        "stage": "tests",
        "reason": "2 tests fail",
        "measured_pairs": False,
        "moved": (),
        "lines": (),
        "again": False,
        "wider": False,
        "speedup": 1.0,
        "interval": (0.0, 0.0),
        "evidence": [],
        "hint": "",
        "left": True,
    }
    return prompts.render("refine", **{**everything, **values})


def test_the_example_of_the_reply_format_is_one_the_parser_takes() -> None:
    text = prompts.render("system")
    (edit,) = edits.parse(text)
    files = edits.apply([edit], lambda path: f"def without(words, banned):\n{edit.search}")
    assert edit.path == "pkg/filters.py"
    assert "    banned = set(banned)\n" in files["pkg/filters.py"]


def test_a_correction_carries_the_reason() -> None:
    assert "occurs 3 times" in prompts.render("retry-edit", reason="the SEARCH text occurs 3 times")


def test_a_refinement_shows_the_failing_tests_or_the_measured_ratio() -> None:
    failed = refine(evidence=[("output", "assert 1 == 2\n```\nodd\n```")])
    assert "````text\nassert 1 == 2\n```\nodd\n```\n````" in failed
    assert "times as fast" not in failed
    slow = refine(kind="timing", measured_pairs=True, speedup=0.987, interval=(0.97, 1.004))
    assert "0.987 times as fast, 95 % interval 0.970 to 1.004" in slow
    assert "crashes" in refine(kind="timing", reason="the workload crashes")
    assert "nothing was tried:\n\n```text\nno edit\n```" in refine(kind="edit", reason="no edit")


def test_a_folder_of_the_user_wins_template_by_template(tmp_path: Path) -> None:
    (tmp_path / "retry-edit.md").write_text("Again: {{ reason }}\n")
    assert prompts.render("retry-edit", tmp_path, reason="why") == "Again: why\n"
    assert prompts.render("system", tmp_path) == prompts.render("system")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{% if %}", "retry-edit.md"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_a_usage_error(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "retry-edit.md").write_text(text)
    with pytest.raises(UsageError, match=reason):
        prompts.render("retry-edit", tmp_path, reason="why")


def test_a_template_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.md"):
        prompts.render("nowhere")


@pytest.mark.parametrize(
    ("interval", "says", "advice"),
    [
        ((1.2, 1.4), "95 % interval 1.200 to 1.400", "It is faster: keep what gains"),
        ((0.0, 1e300), "too few pairs for an interval", "too noisy to tell"),
        ((0.8, 0.9), "95 % interval 0.800 to 0.900", "Take another of your plans"),
    ],
)
def test_a_measured_edit_comes_back_with_what_its_interval_allows_to_say(
    interval: tuple[float, float], says: str, advice: str
) -> None:
    speedup = 0.85 if interval[1] < 1 else 1.3
    text = refine(kind="timing", measured_pairs=True, speedup=speedup, interval=interval)
    assert says in text
    assert advice in text
