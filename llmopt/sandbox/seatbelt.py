"""A command in, the same under a profile of macOS's sandbox-exec out: files and network by rules (Seatbelt).

Everything is denied first. What stays open are the system's own files, what programs need to start, and what the
command and the grants name. It has not been run: the project has no macOS machine to run it on.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from llmopt.data import Command, Grants
from llmopt.sandbox import reach
from llmopt.sandbox.child import Wrapped

PROGRAM = "/usr/bin/sandbox-exec"
SYSTEM = (
    "/usr", "/bin", "/sbin", "/System", "/Library/Frameworks", "/Library/Developer", "/Library/Apple", "/opt/homebrew",
    "/opt/local", "/private/etc/ssl", "/private/etc/localtime", "/private/var/db/timezone", "/private/var/db/dyld",
    "/private/var/select", "/etc", "/tmp", "/var", "/nix/store",
)  # fmt: skip
DEVICES = ("null", "zero", "random", "urandom", "tty", "fd", "dtracehelper")
HEAD = """(version 1)
(deny default)
(allow process-fork)
(allow process-exec)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
(allow mach-priv-task-port (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem)
(allow ipc-posix-shm)
(allow pseudo-tty)
(allow user-preference-read)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo") (global-name "com.apple.system.logger"))
(allow file-read-metadata)
(allow file-read* (literal "/"))"""
OWN_NETWORK = """(allow network-bind (local ip "localhost:*"))
(allow network-inbound (local ip "localhost:*"))
(allow network-outbound (remote ip "localhost:*"))"""
ALL_NETWORK = """(allow network*)
(allow system-socket)
(allow mach-lookup (global-name "com.apple.dnssd.service") (global-name "com.apple.trustd.agent"))"""


def missing() -> str:
    """Why it cannot be used at all here; "" when it can be tried."""
    if sys.platform != "darwin":
        return "only macOS has it"
    return "" if shutil.which(PROGRAM) else f"{PROGRAM} is missing"


def wrap(command: Command, grants: Grants, home: Path) -> Wrapped:
    """The layer."""
    return Wrapped((PROGRAM, "-p", profile(command, grants, home), *command.argv))


def profile(command: Command, grants: Grants, home: Path) -> str:
    """The profile's text. Later rules win over earlier ones; the checkout is closed again where a grant holds it."""
    programs = reach.programs(command.argv, command.environment)
    read = [*map(Path, SYSTEM), *grants.read, *reach.libraries(command.environment), *programs, *command.reads]
    written = [home, *command.writes]
    lines = [HEAD, ALL_NETWORK if grants.network else OWN_NETWORK]
    lines += [f"(allow file-read* {_below(path)})" for path in dict.fromkeys([*read, reach.PROBE])]
    lines += [f"(deny file-read-data file-write* {_below(place)})" for _, place in command.stands_for]
    inside = [path for path in grants.read for _, place in command.stands_for if path.is_relative_to(place)]
    lines += [f"(allow file-read* {_below(path)})" for path in inside]  # an environment in the checkout
    lines += [f"(allow file-read* file-write* {_below(path)})" for path in written]
    lines += [f"(deny file-write* {_below(path)})" for path in command.keeps]
    names = " ".join(f"(literal {_quoted(f'/dev/{name}')})" for name in DEVICES)
    lines.append(f'(allow file-read* file-write* file-ioctl {names} (subpath "/dev/fd"))')
    return "\n".join(lines) + "\n"


def _below(path: Path) -> str:
    """A path as the kernel names it, without links: /tmp is /private/tmp there."""
    return f"(subpath {_quoted(os.path.realpath(path))})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
