"""`llmopt init --hooks` writes a configuration that pre-commit takes, and changes nothing else in one that is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import shop

from llmopt.commands.hooks import block, extended
from llmopt.errors import UsageError

CHECKOUT = Path(__file__).parent.parent.parent
OTHER = "- repo: https://github.com/psf/black\n  rev: 24.1.0\n  hooks:\n  - id: black  # formats\n"
INDENTED = "".join(f"  {line}\n" for line in OTHER.splitlines())


def validated(text: str, folder: Path, kind: str = "config") -> None:
    file = folder / "file.yaml"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", f"validate-{kind}", str(file)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", f"repos:\n{block('')}\n"),
        ("# ours\nfail_fast: true\n", f"# ours\nfail_fast: true\nrepos:\n{block('')}\n"),
        (f"repos:\n{OTHER}", f"repos:\n{OTHER}{block('')}\n"),
        (f"repos:  # all\n{INDENTED}", f"repos:  # all\n{INDENTED}{block('  ')}\n"),
        (
            f"repos:\n\n{INDENTED}\n# last\nfail_fast: true\n",
            f"repos:\n\n{INDENTED}{block('  ')}\n\n# last\nfail_fast: true\n",
        ),
    ],
)
def test_the_hooks_come_after_what_is_there(before: str, expected: str, tmp_path: Path) -> None:
    assert extended(before) == expected
    validated(expected, tmp_path)


@pytest.mark.parametrize("text", [f"repos:\n{block('')}\n", "repos: [{repo: local, hooks: []}]\n"])
def test_a_file_that_has_them_or_is_laid_out_otherwise_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        extended(text)


def test_the_manifest_is_valid_and_has_the_hooks(tmp_path: Path) -> None:
    text = (CHECKOUT / ".pre-commit-hooks.yaml").read_text()
    validated(text, tmp_path, "manifest")
    assert all(f"- id: {hook}\n" in text for hook in ("llmopt-check", "llmopt-guard", "llmopt-optimize"))


def test_init_writes_hooks_only_when_asked(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    file = repo / ".pre-commit-config.yaml"
    assert shop.llmopt(repo, "init", "--yes").code == 0
    assert not file.exists()
    done = shop.llmopt(repo, "init", "--yes", "--hooks")  # the table is there already, and stays
    assert done.code == 0, done.err
    assert "pre-commit install --hook-type pre-commit --hook-type pre-push" in done.out
    validated(file.read_text(), tmp_path)
    again = shop.llmopt(repo, "init", "--yes", "--hooks")
    assert (again.code, again.err.count("\n")) == (2, 1)
