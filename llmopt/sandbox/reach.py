"""What a confined command has to see besides its tree: the system's programs and libraries, and its interpreter."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from llmopt.data import Interpreter

PROBE = Path(__file__).parents[1] / "probe"  # llmopt's own code in the target's processes
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/run/current-system/sw")
# Of /etc what programs need to start and to find time zones, certificates, fonts and each other; no keys, no accounts.
# fmt: off
ETC = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "nsswitch.conf", "host.conf", "protocols",
    "services", "localtime", "timezone", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "ca-certificates.conf",
    "pki/tls/certs", "pki/tls/cert.pem", "pki/ca-trust/extracted", "crypto-policies", "os-release", "debian_version",
    "redhat-release", "lsb-release", "mime.types", "magic", "fonts", "locale.alias", "locale.conf", "inputrc",
    "terminfo", "python3", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "java-17-openjdk",
    "java-21-openjdk", "OpenCL", "ImageMagick-6", "R", "perl", "sgml", "xml",
)
# fmt: on
OF_NETWORK = ("hosts", "resolv.conf")  # and the folders that the second may be a link into
RESOLVERS = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager")
ACCOUNTS = ("passwd", "group")
# Which processors there are, which numerical libraries look up to choose their code and their number of threads.
KERNEL = ("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup")
PREFIX = ("bin", "lib", "lib64", "libexec", "include", "share", "etc", "ssl", "pyvenv.cfg", "python.exe", "conda-meta")
SHELL = Path("/bin/sh")


@functools.cache
def system(network: bool) -> tuple[Path, ...]:
    """The paths there are; links stay links."""
    etc = [f"/etc/{name}" for name in (*ETC, *(OF_NETWORK if network else ()))]
    found = [Path(path) for path in (*SYSTEM, *etc, *KERNEL, *(RESOLVERS if network else ()))]
    return tuple(path for path in found if path.is_symlink() or path.exists())


def interpreter(found: Interpreter, root: Path) -> tuple[Path, ...]:
    """What this interpreter needs: itself, each link to it, its prefixes, its search path. Nothing that the checkout
    `root` or the user's home lies in."""
    hidden = (root.resolve(), Path.home())
    needed: dict[Path, None] = {}
    for path in _links(Path(found.path)):
        needed |= dict.fromkeys(_beside(path, hidden))
    for prefix in (each for each in found.needs if not _below(Path(each), root)):
        needed |= dict.fromkeys(_prefix(Path(prefix), hidden))
    search = [Path(entry) for entry in (*found.search_path, *_outside(os.environ.get("PYTHONPATH", ""), root))]
    needed |= {path: None for path in search if path.exists() and not _holds(path, hidden) and not _below(path, root)}
    return tuple(needed)


def _links(path: Path) -> Iterator[Path]:
    """The path and what it is a link to, link by link."""
    for _ in range(40):
        yield path
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))


def _beside(path: Path, hidden: Iterable[Path]) -> list[Path]:
    """The folder of programs that one is in, where it is one of an environment; else the program alone."""
    folder = path.parent
    if folder.name in ("bin", "Scripts") and not _holds(folder, hidden):
        return [folder, *(each for each in [folder.parent / "pyvenv.cfg"] if each.exists())]
    return [path]


def _prefix(prefix: Path, hidden: Iterable[Path]) -> list[Path]:
    if not _holds(prefix, hidden):
        return [prefix]
    return [path for name in PREFIX if (path := prefix / name).exists() and not _holds(path, hidden)]


def _holds(path: Path, hidden: Iterable[Path]) -> bool:
    """Is it one of these, or a folder above one?"""
    real = path.resolve()
    return any(each.is_relative_to(real) for each in hidden)


def _below(path: Path, root: Path) -> bool:
    """In the checkout, and no environment's: an environment in the checkout is no part of what is measured."""
    real = path.resolve()
    if not real.is_relative_to(root.resolve()):
        return False
    return not any((parent / "pyvenv.cfg").exists() for parent in (real, *real.parents))


def _outside(path: str, root: Path) -> list[str]:
    return [each for each in path.split(os.pathsep) if each and not Path(each).resolve().is_relative_to(root.resolve())]


def libraries(environment: Mapping[str, str]) -> list[Path]:
    """The folders of LD_LIBRARY_PATH that there are, and the user's packages."""
    named = [*environment.get("LD_LIBRARY_PATH", "").split(os.pathsep), environment.get("PYTHONUSERBASE", "")]
    return [Path(each) for each in named if each and Path(each).is_dir() and not _holds(Path(each), (Path.home(),))]


def programs(argv: Iterable[str], environment: Mapping[str, str]) -> list[Path]:
    """The command's own program where it is a file outside of the system's folders, link by link."""
    first = next(iter(argv))
    found = first if "/" in first else shutil.which(first, path=environment.get("PATH", os.defpath))
    return [path for path in _links(Path(found)) if path.is_absolute()] if found else []


def installation(program: Path) -> tuple[Path, ...]:
    """What a program of the user's needs of where it is installed: itself, the interpreter that its first line names,
    and for each the Python environment or the folder of node packages that it lies in."""
    hidden = (Path.home(),)
    found: dict[Path, None] = {}
    for start in (program, *_of_first_line(program)):
        for path in _links(start):
            found |= dict.fromkeys([path, *_around_program(path)])
    return tuple(path for path in found if path.exists() and not _holds(path, hidden))


def _of_first_line(program: Path) -> list[Path]:
    """#!/usr/bin/env -S python3 -u: the python3 of the PATH."""
    try:
        with program.open("rb") as stream:
            line = stream.readline(4096)
    except OSError:
        return []
    words = [os.fsdecode(word) for word in line[2:].split()] if line.startswith(b"#!") else []
    names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    if words and Path(words[0]).name == "env":
        return [Path(path) for path in map(shutil.which, names[:1]) if path]
    return [Path(words[0])] if words else []


def _around_program(path: Path) -> list[Path]:
    environment = [parent for parent in path.parents if (parent / "pyvenv.cfg").exists()]
    packages = [parent for parent in path.parents if parent.name == "node_modules"]
    prefix = path.parent.parent
    library = sorted(prefix.glob("lib/*python3*")) if path.name.startswith("python") else []
    return [*environment[:1], *packages[-1:], *library]


def named(argv: Iterable[str], root: Path) -> list[Path]:
    """The files and folders outside of the checkout that a user's command names by their whole paths, a script with the
    folder it may import from; what holds the checkout or the user's home has to be granted."""
    hidden = (root.resolve(), Path.home())
    found = [Path(word) for word in _words(argv) if word.startswith("/") and len(word) > 1 and _exists(word)]
    places = [path.parent if path.suffix == ".py" and path.is_file() else path for path in found]
    wanted = [path if _holds(place, hidden) else place for path, place in zip(found, places, strict=True)]
    return [path for path in wanted if not _holds(path, hidden) and not path.resolve().is_relative_to(root.resolve())]


def _words(argv: Iterable[str]) -> list[str]:
    """The arguments, and the words of a shell's line. Code of another language in one names nothing to be reached."""
    words = list(argv)
    if words[:2] != [str(SHELL), "-c"]:
        return words
    try:
        return shlex.split(words[2])
    except ValueError:  # unbalanced quotes, for the shell to complain about
        return []


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # longer than any path, closed to this user
        return False


def around(path: Path, hidden: Path) -> list[Path]:
    """The path without what is hidden below it: itself where nothing is, else all its children but those on the way."""
    if not hidden.is_relative_to(path):
        return [path]
    if path == hidden:
        return []
    return [part for child in sorted(path.iterdir()) for part in around(child, hidden)]
