"""What may confine the target in; the sandbox out, the function that every command of the target goes through."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llmopt.data import Grants, Sandbox
from llmopt.errors import UsageError
from llmopt.sandbox import bubblewrap, cgroups, containers, landlock, probing, process, seatbelt
from llmopt.sandbox.process import Layer

LAYERS: Mapping[str, Layer] = {
    "bubblewrap": bubblewrap.wrap,
    "landlock": landlock.wrap,
    "seatbelt": seatbelt.wrap,
    "docker": containers.layer("docker"),
    "podman": containers.layer("podman"),
    "process": process.plain,
}
# What `auto` and `strict` look for. A container is for those who ask: it starts slowly and hides what a command uses.
STRONGEST_FIRST = ("seatbelt",) if sys.platform == "darwin" else ("bubblewrap", "landlock")
MEASURES_NO_USE = ("docker", "podman")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "auto": (*STRONGEST_FIRST, "process"),
    "strict": STRONGEST_FIRST,
    "off": ("process",),
    **{name: (name,) for name in LAYERS if name != "process"},
}


@dataclass(frozen=True)
class Opened:
    """A sandbox, the layer it is made of, and why stronger ones were not taken."""

    run: Sandbox
    layer: str
    grants: Grants
    refused: tuple[str, ...] = ()

    @property
    def confines(self) -> bool:
        return self.layer != "process"

    @property
    def name(self) -> str:
        """As a user gives it."""
        return self.layer if self.confines else "off"


def open_sandbox(choice: str = "off", grants: Grants = process.NOTHING) -> Opened:
    """The strongest layer that works here among those the choice allows; UsageError when none does."""
    if choice not in CHOICES:
        raise UsageError(f"no sandbox is called {choice!r}", f"known: {', '.join(CHOICES)}")
    refused: list[str] = []
    for layer in CHOICES[choice]:
        reason = unusable(layer)
        if not reason:
            run = functools.partial(process.run, layer=LAYERS[layer], grants=grants)
            return Opened(run, layer, grants, tuple(refused))
        refused.append(f"{layer}: {reason}")
    raise UsageError(
        f"--sandbox {choice}: nothing here confines the code under test ({'; '.join(refused)})",
        "install bubblewrap, or take less with --sandbox auto",
    )


def unusable(layer: str) -> str:
    """Why a layer cannot be used here, found by running a command under it; "" when it can."""
    return "" if layer == "process" else probing.reason(layer, LAYERS[layer])


SAYS: Mapping[str, Callable[[Grants], str]] = {
    "bubblewrap": lambda grants: f"own file system, processes and {_network(grants)}; seccomp filter",
    "landlock": lambda grants: f"files by rules, {_sockets(grants)}; seccomp filter",
    "seatbelt": lambda grants: f"files by rules, {_network(grants)}",
    "docker": lambda grants: f"a container with {_network(grants)}; CPU time and memory are not measured",
    "podman": lambda grants: f"a container with {_network(grants)}; CPU time and memory are not measured",
    "process": lambda grants: "own tree, HOME and TMPDIR; the network and other files of this user are NOT closed off",
}


def bounds(processes: int) -> str:
    """What bounds memory and the number of processes here."""
    if cgroups.available():
        return f"memory and {processes} processes for each command, by control groups"
    if os.getuid() == 0:
        return "memory for each process, by rlimits; the number of processes is bounded by time alone for root"
    return f"memory for each process and {processes} processes, by rlimits: no control group can be made here"


def _network(grants: Grants) -> str:
    return "the network of this machine" if grants.network else "loopback network"


def _sockets(grants: Grants) -> str:
    return "the network of this machine" if grants.network else "no sockets"


def describe(opened: Opened) -> str:
    """The layer in one line, for reports."""
    return f"{opened.name} ({SAYS[opened.layer](opened.grants)})"
