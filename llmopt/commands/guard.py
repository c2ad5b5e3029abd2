"""`llmopt guard`: what is about to be pushed in; `llmopt compare`'s word on it, and an exit code, out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmopt import git, output, scopes
from llmopt.commands import compare

NOTHING = 0


def run(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str], options: compare.Options) -> int:
    """Compare what is pushed, else what HEAD has over its upstream; 0 where there is nothing to compare."""
    root = git.top(path)
    push = scopes.of_hook(root, environ) or scopes.of_upstream(root)
    if push is None:
        output.say("llmopt guard: nothing to compare: this branch has no upstream, and pre-commit named no commits")
        return NOTHING
    if git.tree_of(root, push.old) == git.tree_of(root, push.new):
        output.say(f"llmopt guard: nothing to compare: {push.new[:10]} has the files of {push.old[:10]}")
        return NOTHING
    return compare.run(push.old, push.new, path, flags, options)
