"""Which layer is taken, what each starts, and how one that does not work says so."""

from __future__ import annotations

import itertools
import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import layers
import pytest

from llmopt import sandbox
from llmopt.data import Command, Grants, Limits
from llmopt.errors import UsageError
from llmopt.sandbox import bubblewrap, containers, probing, process, reach, seatbelt, seccomp

GRANTS = Grants(read=(Path("/data"),))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What was found out in other tests is not known here, and not remembered from here."""
    probing.reason.cache_clear()
    yield
    probing.reason.cache_clear()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(probing, "_place", lambda: tmp_path / "cache" / "sandbox.json")
    return tmp_path / "cache" / "sandbox.json"


# --- choosing ----------------------------------------------------------------------------------------------------


def only(*working: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "unusable", lambda name: "" if name in (*working, "process") else "broken here")


def test_auto_takes_the_strongest_that_works_and_says_why_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "CHOICES", {"auto": ("bubblewrap", "landlock", "process")})
    only("landlock", monkeypatch=monkeypatch)
    opened = sandbox.open_sandbox("auto")
    assert (opened.layer, opened.refused, opened.confines) == ("landlock", ("bubblewrap: broken here",), True)
    only(monkeypatch=monkeypatch)
    opened = sandbox.open_sandbox("auto")
    assert (opened.name, opened.confines, len(opened.refused)) == ("off", False, 2)


@pytest.mark.parametrize("choice", ["strict", "bubblewrap", "docker"])
def test_what_was_asked_for_is_refused_and_not_weakened(choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch=monkeypatch)
    with pytest.raises(UsageError, match="broken here") as refused:
        sandbox.open_sandbox(choice)
    assert refused.value.exit_code == 2


def test_every_layer_says_what_it_is_and_whether_the_network_is_open() -> None:
    for layer in sandbox.LAYERS:
        closed, opened = (
            sandbox.describe(sandbox.Opened(process.run, layer, Grants(network=network))) for network in (False, True)
        )
        assert closed.startswith("off" if layer == "process" else layer)
        assert (closed == opened) == (layer == "process")


# --- probing -----------------------------------------------------------------------------------------------------


def test_layer_that_keeps_nothing_closed_is_not_taken_for_one() -> None:
    assert probing.tried(process.plain) == "it runs, and keeps nothing closed"


def test_layer_that_does_not_start_says_what_its_program_said() -> None:
    def broken(command: Command, grants: Grants, home: Path) -> sandbox.process.Wrapped:
        return sandbox.process.Wrapped(("sh", "-c", "echo first >&2; echo setting up uid map >&2; exit 1"))

    assert probing.tried(broken) == "setting up uid map"


@pytest.mark.skipif(not layers.CONFINING, reason="nothing confines here")
def test_what_works_is_remembered_until_something_changes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = layers.CONFINING[-1]
    assert probing.reason(name, sandbox.LAYERS[name]) == ""
    probing.reason.cache_clear()
    monkeypatch.setattr(probing, "tried", lambda layer: "tried again")
    assert probing.reason(name, sandbox.LAYERS[name]) == ""
    probing.reason.cache_clear()
    monkeypatch.setattr(probing, "__version__", "another")
    assert probing.reason(name, sandbox.LAYERS[name]) == "tried again"
    assert "tried again" not in cache.read_text()


def test_cache_that_cannot_be_written_or_read_is_no_error(cache: Path) -> None:
    cache.parent.write_text("a file")
    name = layers.RUNNING[0]
    assert name == "process" or probing.reason(name, sandbox.LAYERS[name]) == ""


# --- the filter --------------------------------------------------------------------------------------------------

ALLOWED, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026


def answer(program: bytes, number: int, *arguments: int, architecture: int = 0xC000003E) -> int:
    """What the kernel's machine makes of a call: the few instructions that the filter uses, run here."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    steps = list(struct.iter_unpack("=HBBI", program))
    at = value = 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == seccomp.LOAD:
            (value,) = struct.unpack_from("=I", data, k)
        elif code == seccomp.AND:
            value &= k
        elif code == seccomp.RETURN:
            return int(k)
        else:
            tests = {seccomp.EQUAL: value == k, seccomp.AT_LEAST: value >= k, seccomp.ANY_BIT: bool(value & k)}
            at += yes if tests[code] else no


@pytest.mark.parametrize("sockets", [True, False])
def test_filter_refuses_what_the_table_says_and_nothing_else(sockets: bool) -> None:
    program = seccomp.program(sockets=sockets, architecture="x86_64")
    refused = {number for number in range(480) if answer(program, number) == EPERM}
    named = {numbers[0] for numbers in seccomp.NUMBERS.values() if numbers[0] is not None}
    assert refused - named == (set() if sockets else {seccomp.CONNECT[0], seccomp.SOCKET[0], 53})
    assert named <= refused
    assert answer(program, 1, architecture=0x40000003) == seccomp.KILL
    assert answer(program, 1 | seccomp.X32) == answer(program, 435) == ENOSYS


def test_filter_looks_at_the_arguments_of_calls_that_are_not_refused_as_such() -> None:
    program = seccomp.program(sockets=True, architecture="x86_64")
    assert answer(program, 56, 0x11) == answer(program, 56, 0x003D0F00) == ALLOWED  # a fork, a thread
    for bit in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(program, 56, 0x11 | bit) == EPERM
    assert answer(program, 16, 0, 0x5412) == answer(program, 16, 0, 0x541C) == EPERM
    assert answer(program, 16, 0, 0x5413) == ALLOWED
    families = [family for family in range(50) if answer(program, 41, family, 1) == ALLOWED]
    assert families == [1, 2, 10, 16]
    closed = seccomp.program(sockets=False, architecture="x86_64")
    assert [family for family in range(50) if answer(closed, 41, family, 1) == ALLOWED] == [1]
    for call in (41, 53):
        kinds = [kind for kind in range(16) if answer(closed, call, 1, kind | 0o2000000) == ALLOWED]
        assert kinds == [1, 5]  # a datagram could be sent to any name
    assert answer(seccomp.program(sockets=False, counting=True, architecture="x86_64"), 298) == ALLOWED


def test_filter_without_namespaces_keeps_from_what_the_users_processes_share() -> None:
    program = seccomp.program(sockets=True, alone=False, architecture="x86_64")
    assert all(answer(program, numbers[0]) == EPERM for numbers in seccomp.OF_THE_USERS.values() if numbers[0])
    for call in (302, 203, 144, 142, 314):  # limits, cores, scheduling: its own only
        assert (answer(program, call, 0, 7), answer(program, call, 7, 7)) == (ALLOWED, EPERM)
    for call, kinds in (
        (141, (0, 1)),
        (251, (1, 2)),
    ):  # priorities of processes and groups, not of all that a user runs
        assert all(answer(program, call, kind, 0) == ALLOWED for kind in kinds)
        assert all(answer(program, call, kind, 7) == EPERM for kind in kinds)
        assert answer(program, call, kinds[-1] + 1, 0) == EPERM


# --- what is visible ---------------------------------------------------------------------------------------------


def test_interpreter_needs_its_links_and_prefixes_and_never_the_checkout_or_home(tmp_path: Path) -> None:
    needed = layers.interpreter()
    assert Path(sys.executable).parent in needed
    assert Path(sys.base_prefix) in needed
    found = layers.inspected()
    root = Path(sys.prefix).parent
    for path in reach.interpreter(found, root):
        assert not root.is_relative_to(path)
        assert not Path.home().is_relative_to(path)


def test_paths_that_a_users_line_names_are_visible_and_what_holds_the_checkout_is_not(tmp_path: Path) -> None:
    root, data = tmp_path / "checkout", tmp_path / "data"
    for folder in (root, data):
        folder.mkdir()
    script, rows = data / "bench.py", tmp_path / "rows.csv"
    script.touch(), rows.touch()
    line = f"python {script} --on {rows} {root}/x {tmp_path} / /no/such"
    assert reach.named(("/bin/sh", "-c", line), root) == [data, rows]
    assert reach.named(("python", str(script)), root) == [data]
    assert reach.named(("python", "-c", f"open({str(rows)!r})"), root) == []


def test_folder_around_a_hidden_one_is_its_other_children(tmp_path: Path) -> None:
    for name in ("a", "b/c", "b/d"):
        (tmp_path / name).mkdir(parents=True)
    assert reach.around(tmp_path, tmp_path / "b" / "c") == [tmp_path / "a", tmp_path / "b" / "d"]
    assert reach.around(tmp_path / "a", tmp_path / "b") == [tmp_path / "a"]
    assert reach.around(tmp_path, tmp_path) == []


# --- what is not run here: macOS and containers ------------------------------------------------------------------


def command(tmp_path: Path, **more: object) -> Command:
    tree = tmp_path / "tree"
    tree.mkdir(exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home")}
    values = {"writes": (tree,), "stands_for": ((tree, tmp_path / "checkout"),), **more}
    return Command(("sh", "-c", "echo hello"), tree, environment, **values)  # type: ignore[arg-type]


def test_profile_of_macos_denies_first_and_names_what_is_open(tmp_path: Path) -> None:
    keeps = (tmp_path / "tree" / "tests",)
    home = tmp_path / 'ho"me'
    lines = seatbelt.profile(command(tmp_path, keeps=keeps), GRANTS, home).splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    assert f'(allow file-read* file-write* (subpath "{tmp_path}/tree"))' in lines
    assert f'(allow file-read* file-write* (subpath "{tmp_path}/ho\\"me"))' in lines
    assert '(allow file-read* (subpath "/data"))' in lines
    written = lines.index(f'(allow file-read* file-write* (subpath "{tmp_path}/tree"))')
    assert lines.index(f'(deny file-write* (subpath "{tmp_path}/tree/tests"))') > written  # later rules win
    assert lines.index(f'(deny file-read-data file-write* (subpath "{tmp_path}/checkout"))') < written
    assert "(allow network*)" not in lines
    assert '(allow network-outbound (remote ip "localhost:*"))' in lines
    assert all(line.count("(") == line.count(")") for line in lines)
    assert "(allow network*)" in seatbelt.profile(command(tmp_path), Grants(network=True), home).splitlines()


def test_container_is_started_without_network_privileges_or_a_writable_root(tmp_path: Path) -> None:
    home = tmp_path / "llmopt-home-1"
    home.mkdir()
    wrapped = containers.wrap("docker", command(tmp_path), Grants(memory_bytes=1 << 30, processes=99), home)
    argv = wrapped.argv[wrapped.argv.index("docker") :]
    for option in ("--read-only", "--rm", "--init"):
        assert option in argv
    for option, value in {
        "--network": "none",
        "--cap-drop": "ALL",
        "--security-opt": "no-new-privileges",
        "--user": f"{os.getuid()}:{os.getgid()}",
        "--memory": str(1 << 30),
        "--pids-limit": "99",
        "--pull": "never",
    }.items():
        assert argv[argv.index(option) + 1] == value
    mounts = [value for option, value in itertools.pairwise(argv) if option == "--mount"]
    tree = os.path.realpath(tmp_path / "tree")
    assert f"type=bind,source={tree},target={tmp_path / 'checkout'}" in mounts
    assert f"type=bind,source={tree},target={tmp_path / 'tree'}" in mounts
    assert "type=bind,source=/usr,target=/usr,readonly" in mounts
    assert not any(Path.home() == Path(mount.partition("target=")[2].partition(",")[0]) for mount in mounts)
    assert wrapped.ending == ("docker", "rm", "--force", "llmopt-home-1")


STAND_IN = """#!/bin/sh
# Stands for a client with a daemon: it runs what follows the image, as a container would.
echo "$1" >> "$0.asked"
[ "$1" = run ] || exit 0
while [ "$1" != IMAGE ]; do shift; done
shift
exec "$@"
"""


def stand_in(folder: Path, program: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = folder / program
    path.write_text(text.replace("IMAGE", containers.IMAGE))
    path.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "echo 'Cannot connect to the Docker daemon' >&2; exit 1",
            "Cannot connect to the Docker daemon (is its daemon",
        ),
        (
            "[ $1 = version ] || { echo 'No such image' >&2; exit 1; }",
            f"No such image (`docker pull {containers.IMAGE}`)",
        ),
    ],
)
def test_client_without_a_daemon_or_an_image_says_so(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "docker", f"#!/bin/sh\n{text}\n", monkeypatch)
    assert probing.reason("docker", sandbox.LAYERS["docker"]).startswith(said)


def test_missing_client_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probing.reason("podman", sandbox.LAYERS["podman"]) == "podman is not installed"


def test_marks_output_and_exit_code_come_through_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a script in the client's place; what it does not show is whether a real one takes these options."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client = stand_in(tmp_path, "podman", STAND_IN, monkeypatch)
    line = "echo begin >&3; sleep 0.5; echo end >&3; echo out; exit 3"
    marked = Command(("/bin/sh", "-c", line), tmp_path, marks=True)
    ran = process.run(marked, Limits(seconds=20), layer=sandbox.LAYERS["podman"])
    assert (ran.exit_code, ran.stdout) == (3, "out\n"), ran.stderr
    assert [label for label, _ in ran.marks] == ["begin", "end"]
    assert 0.3 <= ran.marks[1][1] - ran.marks[0][1] < 5, "less what a busy machine reads the first one late"
    assert (ran.cpu_seconds, ran.peak_memory_bytes, ran.mark_cpu_seconds) == (0.0, 0, ())
    assert Path(f"{client}.asked").read_text().split() == ["run", "rm"]


def test_bubblewrap_stays_out_of_reach_of_a_grant_above_the_checkout(tmp_path: Path) -> None:
    """`--allow-read` of a folder above the checkout shows the tree in its place all the same."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    mounts = bubblewrap.mounts(command(tmp_path), Grants(read=(tmp_path,)), tmp_path / "home")
    places = [(where, how, what) for where, how, what in mounts if where in (tmp_path, checkout)]
    assert places == [(tmp_path, "--ro-bind", str(tmp_path)), (checkout, "--bind", str(tmp_path / "tree"))]


@pytest.mark.skipif(not Path("/bin").is_symlink(), reason="/bin is no link here")
def test_what_a_link_of_the_root_shows_is_not_mounted_again(tmp_path: Path) -> None:
    """Where /bin is a link to /usr/bin, bubblewrap of Debian 12 ends at /bin/sh: there is such a link already."""
    asked = replace(command(tmp_path), argv=("/bin/sh", "-c", "true"))
    places = [where for where, _, _ in bubblewrap.mounts(asked, Grants(), tmp_path / "home")]
    assert not [where for where in places if where.parent == Path("/bin")]
