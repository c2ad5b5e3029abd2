"""A command in, the same with rules for the launcher out: Landlock for files, seccomp for the rest (Linux).

For where namespaces are forbidden. The command stays one process of the system's own tree, so nothing of it is measured
otherwise than without; what is closed is closed by the kernel, when the launcher's child becomes the command.
"""

from __future__ import annotations

import functools
from pathlib import Path

from llmopt.data import Command, Grants
from llmopt.sandbox import reach, restrict, seccomp
from llmopt.sandbox.child import Wrapped

# LANDLOCK_ACCESS_FS_*, by the version of the ABI that brought them (linux/landlock.h).
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # the first 13; REFER; TRUNCATE; IOCTL_DEV
LOOK = EXECUTE | READ_FILE | READ_DIR
TRUNCATE = 1 << 14
TCP = {4: 0b11}  # LANDLOCK_ACCESS_NET_BIND_TCP and CONNECT_TCP
SCOPES = {6: 0b11}  # abstract sockets and signals
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")  # no terminals: the user's are among them
COUNTERS_OF_KERNEL = ("/sys/bus/event_source", "/sys/devices")  # what perf looks up


def wrap(command: Command, grants: Grants, home: Path) -> Wrapped:
    """The layer."""
    counting = command.counter == "perf"
    filtered = seccomp.program(sockets=grants.network, alone=False, counting=counting) if seccomp.machine() else b""
    version = restrict_version()
    handled = _up_to(RIGHTS, version)
    rules = [(bytes(path), handled & rights) for path, rights in _rules(command, grants, home, counting)]
    network = 0 if grants.network else _up_to(TCP, version)
    plan = (bool(seccomp.machine()), (handled, network, _up_to(SCOPES, version), rules), filtered)
    return Wrapped(command.argv, plan=plan)


@functools.cache
def restrict_version() -> int:
    return restrict.landlock_version()


def _up_to(rights: dict[int, int], version: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= version)


def _rules(command: Command, grants: Grants, home: Path, counting: bool) -> list[tuple[Path, int]]:
    hidden = [place for _, place in command.stands_for]
    everything = _up_to(RIGHTS, max(RIGHTS))
    environment = command.environment
    own = [*reach.libraries(environment), *reach.programs(command.argv, environment), reach.PROBE]
    kernel = [Path(path) for path in ("/proc", *(COUNTERS_OF_KERNEL if counting else ()))]
    looked = [*_system(grants.network, *hidden), *kernel, *grants.read, *own, *command.reads]
    return [
        *((path, LOOK) for path in dict.fromkeys(looked)),
        *((Path("/dev", name), READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | RIGHTS[5]) for name in DEVICES),
        *((path, everything) for path in (Path("/dev/shm"), home, *command.writes)),
    ]


@functools.cache
def _system(network: bool, *hidden: Path) -> tuple[Path, ...]:
    """The system's paths without a checkout that lies in them."""
    found = [*reach.system(network), *(Path("/etc", name) for name in reach.ACCOUNTS)]
    for place in hidden:
        found = [part for path in found for part in reach.around(path, place)]
    return tuple(found)
