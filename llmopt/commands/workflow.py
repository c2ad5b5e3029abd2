"""A repository and what is known of its workload in, a workflow for pull requests out; one that is there stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from llmopt import __version__
from llmopt.errors import ProjectError, UsageError
from llmopt.folders import rewrite

FILE = ".github/workflows/llmopt.yml"
# Actions of others by commit, as in action.yml: a tag can be moved to other code.
TEXT = """\
# Is a pull request slower? See docs/ci.md of llmopt for suggestions, budgets and forks.
name: llmopt
on:
  pull_request:
permissions: {{}}
concurrency:
  group: llmopt-${{{{ github.event.pull_request.number }}}}
  cancel-in-progress: true
jobs:
  guard:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0
        with:
          python-version: "3.13"
      # What the workload and the tests need; adapt it to your project.
      - run: python -m venv .venv && .venv/bin/pip install -e . pytest
      - uses: llmopt/llmopt@v{version}
        with:
          mode: guard # suggest: also faster code for what a pull request touches, as suggestions on its lines
{workloads}"""


def write(root: Path, workloads: Sequence[str]) -> Path:
    """Write the file; UsageError where there is one."""
    file = root / FILE
    if file.exists():
        raise UsageError(f"{FILE} is there already", "docs/ci.md says what it takes")
    try:
        rewrite(file, text(workloads).encode())
    except OSError as problem:
        raise ProjectError(f"cannot write {file}: {problem.strerror}", "docs/ci.md has the workflow") from None
    return file


def text(workloads: Sequence[str]) -> str:
    """The workflow, with the workloads that are known; without any the action finds them as `llmopt` does."""
    lines = "".join(f"            {each}\n" for each in workloads if "\n" not in each)
    block = f"          workload: |\n{lines}" if lines else f"          # workload: {json.dumps('benchmarks/...')}\n"
    return TEXT.format(version=__version__, workloads=block)
