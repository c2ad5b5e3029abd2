"""Where commands of the target run: `open_sandbox(name)` gives the function every one of them goes through."""

from __future__ import annotations

from llmopt.data import Sandbox
from llmopt.errors import UsageError
from llmopt.sandbox import process

LAYERS = {"process": process.run}


def open_sandbox(name: str = "process") -> Sandbox:
    """The sandbox of that name; UsageError for an unknown one."""
    if name not in LAYERS:
        raise UsageError(f"no sandbox is called {name!r}", f"known: {', '.join(LAYERS)}")
    return LAYERS[name]


def describe(name: str = "process") -> str:
    """One line that says what a layer keeps code from, and what it does not."""
    return {
        "process": "own tree, own HOME and TMPDIR, environment without keys or tokens, time, output and file-size "
        "limits, all its processes ended; the network and other files of this user are NOT closed off",
    }[name]
