"""What a hostile program is after, as stand-ins that a test makes: secrets, servers, a neighbour, a terminal.

Nothing here is the machine's own: a program that gets past everything has read a made-up key and stopped a process that
sleeps. `World.view` is all of it as its owner sees it; what no program changed is the same before and after.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import pty
import secrets
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import layers

from llmopt import target
from llmopt.data import Command, Grants, Limits, Ran
from llmopt.sandbox import seccomp

SECONDS = 60.0  # of a hostile program, on a machine that has other things to do
NOBODY = 65534
KEPT = "the owner's\n"
# Calls that the filter has no name for, on x86_64 and aarch64.
MORE_CALLS = {
    "tgkill": (234, 131),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "prlimit64": (302, 261),
    "ioprio_set": (251, 30),
    "renameat2": (316, 276),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}

PRELUDE = """
import array, ctypes, errno, json, os, signal, socket, stat, struct, subprocess, sys, time
from types import SimpleNamespace

world = SimpleNamespace(**json.loads(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p


def past(what):
    print("PAST", what, flush=True)


def call(name, *arguments):
    result = libc.syscall(ctypes.c_long(world.calls[name]), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def tries(*ways):
    "Each way; one that gives something, and not False, got past."
    for way in ways:
        try:
            got = way()
        except Exception as problem:
            print(way.__name__, "stopped:", repr(problem), flush=True)
        else:
            if got is not None and got is not False:
                past(way.__name__)


def read(path):
    with open(path, "rb") as stream:
        return world.secret.encode() in stream.read()


def write(path, mode="wb"):
    with open(path, mode) as stream:
        return stream.write(b"hostile\\n")
"""

NEIGHBOUR = """
import ctypes, os, sys
from llmopt.sandbox import restrict
restrict.drop_capabilities()  # root's too is one like a user's: who has none may look into it and hold it up
secret = ctypes.create_string_buffer(os.environ["STANDIN_TOKEN"].encode(), 64)
held = os.open(sys.argv[1], os.O_RDONLY)
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # whoever may debug may: Yama is not what is tested
print(ctypes.addressof(secret), held, flush=True)
for line in sys.stdin:
    print(secret.value.decode(), flush=True)
"""


@dataclass
class Neighbour:
    """A process of the same user, which has a secret in its environment, in its memory and in an open file."""

    process: subprocess.Popen[str]
    address: int
    held: int

    @property
    def pid(self) -> int:
        return self.process.pid

    def view(self) -> tuple[object, ...]:
        """Whether it runs, with what priority, on which cores, within what limits, and what its memory holds."""
        if self.process.poll() is not None:
            return ("ended", self.process.returncode)
        state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state in "Tt":
            return ("stopped",)
        return (
            "running",
            os.getpriority(os.PRIO_PROCESS, self.pid),
            sorted(os.sched_getaffinity(self.pid)),
            os.sched_getscheduler(self.pid),
            Path(f"/proc/{self.pid}/limits").read_text(),
            Path(f"/proc/{self.pid}/oom_score_adj").read_text(),
            self._memory(),
        )

    def _memory(self) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


@dataclass
class World:
    """The stand-ins of one test."""

    folder: Path
    secret: str
    neighbour: Neighbour
    segment: int
    address: str
    ports: dict[str, int]
    abstract: str
    terminal: int
    terminal_path: str
    connections: list[str] = field(default_factory=list)
    shown: bytes = b""

    @property
    def shared(self) -> Path:
        """Memory that other programs of the user share by name."""
        return Path("/dev/shm", f"llmopt-standin-{self.secret}")

    def places(self) -> dict[str, Any]:
        """What a program is told: as much as it could guess or find out."""
        column = seccomp.ARCHITECTURES[seccomp.machine()][0]
        named = ("home", "checkout", "tree", "results", "outside", "site")
        return {
            **{name: str(self.folder / name) for name in named},
            "secret": self.secret,
            "key": str(self.folder / "home" / ".ssh" / "id_rsa"),
            "kept": str(self.folder / "outside" / "kept"),
            "probe": str(target.PROBE),
            "pid": self.neighbour.pid,
            "memory": self.neighbour.address,
            "held": self.neighbour.held,
            "segment": self.segment,
            "address": self.address,
            "ports": self.ports,
            "abstract": self.abstract,
            "terminal": self.terminal_path,
            "shared": str(self.shared),
            "calls": {name: numbers[column] for name, numbers in {**seccomp.NUMBERS, **MORE_CALLS}.items()},
        }

    def run(self, layer: str, program: str, limits: Limits | None = None, **grants: Any) -> Ran:
        """A hostile program as a command of the target: in the tree, which stands in the checkout's place."""
        tree = self.folder / "tree"
        run = layers.open_layer(layer, Grants(read=(self.folder / "site",), **grants))
        code = PRELUDE + textwrap.dedent(program)
        argv = (sys.executable, "-c", code, json.dumps(self.places()))
        command = Command(
            argv,
            tree,
            {"PYTHONDONTWRITEBYTECODE": "1"},
            marks=True,
            writes=(tree, self.folder / "results"),
            keeps=target.tests_in(tree),
            stands_for=((tree, self.folder / "checkout"),),
        )
        return run(command, limits or Limits(seconds=SECONDS))

    def view(self) -> dict[str, object]:
        """All of it but the tree and the results, in which a program may write; the tree's tests are in it."""
        return {
            **files(self.folder),
            "neighbour": self.neighbour.view(),
            "connections": tuple(self.connections),
            "terminal": self._terminal(),
            "segment": segment_text(self.segment),
            "shared": self.shared.read_text() if self.shared.exists() else None,
        }

    def _terminal(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            self.shown += os.read(self.terminal, 4096)
        return self.shown


def files(folder: Path) -> dict[str, object]:
    """Mode, time and content of each file that is not the program's to change."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        own = inside.parts[0] == "results" or (inside.parts[0] == "tree" and "tests" not in inside.parts)
        if not own and "__pycache__" not in path.parts:
            state = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(inside)] = (oct(state.st_mode), state.st_uid, state.st_mtime_ns, content)
    return found


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """The stand-ins, gone afterwards, whatever a program did to them."""
    secret = secrets.token_hex(12)
    with ExitStack() as stack:
        write_files(folder, secret)
        neighbour = stack.enter_context(sleeping(folder / "home" / ".ssh" / "id_rsa", secret))
        segment = stack.enter_context(shared_segment())
        terminal, slave = pty.openpty()
        stack.callback(os.close, terminal)
        stack.callback(os.close, slave)
        os.set_blocking(terminal, False)
        address, connections, ports = own_address(), [], {}  # type: tuple[str, list[str], dict[str, int]]
        abstract = f"\0llmopt-standin-{secret}"
        for name, family, kind, place in (
            ("loopback", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("own address", socket.AF_INET, socket.SOCK_STREAM, (address, 0)),
            ("names", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("docker", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "outside" / "docker.sock")),
            ("log", socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "outside" / "log.sock")),
            ("abstract", socket.AF_UNIX, socket.SOCK_STREAM, abstract),
        ):
            server = stack.enter_context(serving(name, socket.socket(family, kind), place, connections))
            if family == socket.AF_INET:
                ports[name] = server.getsockname()[1]
        made = World(
            folder, secret, neighbour, segment, address, ports, abstract, terminal, os.ttyname(slave), connections
        )
        made.shared.write_text(KEPT)
        stack.callback(made.shared.unlink, missing_ok=True)
        yield made


def write_files(folder: Path, secret: str) -> None:
    """A HOME, a checkout and its tree, a folder of packages, and what lies beside."""
    texts = {
        "home/.ssh/id_rsa": f"{secret}\n",
        "home/.netrc": f"machine example.org password {secret}\n",
        "home/.bashrc": "# the owner's\n",
        "home/.local/lib/site-packages/package.py": "",
        "checkout/.git/config": f"[remote]\nurl = https://me:{secret}@example.org/shop\n",
        "checkout/.git/hooks/pre-push.sample": "",
        "checkout/shop.py": "PRICE = 1\n",
        "checkout/tests/test_shop.py": "def test_price():\n    assert False\n",
        "tree/shop.py": "PRICE = 1\n",
        "tree/tests/test_shop.py": "def test_price():\n    assert False\n",
        "tree/inner/tests/test_inner.py": "def test_inner():\n    assert False\n",
        "tree/mount/keep": "",
        "tree/links/keep": "",
        "outside/kept": KEPT,
        "site/package.py": "VALUE = 1\n",
        "site/__pycache__/package.pyc": "",
        "results/settings.json": "{}",
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for link, place in (("tests", "home/.ssh"), ("conftest.py", "home/.netrc")):
        (folder / "tree" / "links" / link).symlink_to(folder / place)
    become_nobody = folder / "tree" / "id"  # a program that is nobody's, whoever starts it
    shutil.copy("/usr/bin/id", become_nobody)
    with contextlib.suppress(PermissionError):
        os.chown(become_nobody, NOBODY, NOBODY)
    become_nobody.chmod(0o4755)


@contextmanager
def sleeping(key: Path, secret: str) -> Iterator[Neighbour]:
    process = subprocess.Popen(
        [sys.executable, "-c", NEIGHBOUR, str(key)],
        env={**os.environ, "STANDIN_TOKEN": secret},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        address, held = process.stdout.readline().split()
        yield Neighbour(process, int(address), int(held))
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextmanager
def serving(name: str, server: socket.socket, place: Any, log: list[str]) -> Iterator[socket.socket]:
    """A server that writes down who came."""
    with server:
        server.bind(place)
        if server.type == socket.SOCK_STREAM:
            server.listen()
        server.settimeout(0.05)
        done = threading.Event()
        thread = threading.Thread(target=_serve, args=(name, server, log, done))
        thread.start()
        try:
            yield server
        finally:
            done.set()
            thread.join()


def _serve(name: str, server: socket.socket, log: list[str], done: threading.Event) -> None:
    while not done.is_set():
        with contextlib.suppress(TimeoutError):
            if server.type == socket.SOCK_STREAM:
                server.accept()[0].close()
            else:
                server.recv(1000)
            log.append(name)


def own_address() -> str:
    """The machine's address on its network, found without sending anything; loopback where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(any_socket.getsockname()[0])


# --- System V shared memory ------------------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
IPC_PRIVATE, IPC_RMID, MODE = 0, 0, 0o1600


@contextmanager
def shared_segment() -> Iterator[int]:
    number = libc.shmget(IPC_PRIVATE, 4096, MODE)
    assert number >= 0
    try:
        yield number
    finally:
        libc.shmctl(number, IPC_RMID, None)


def segment_text(number: int) -> bytes | None:
    """What the segment holds; None when it is gone."""
    at = libc.shmat(number, None, 0)
    if at in (None, ctypes.c_void_p(-1).value):
        return None
    try:
        return ctypes.string_at(at, 16)
    finally:
        libc.shmdt(ctypes.c_void_p(at))
