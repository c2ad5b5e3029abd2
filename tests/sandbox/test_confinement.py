"""What a confined command reaches and what it does not, under each layer that runs here; and what bounds it."""

from __future__ import annotations

import http.server
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import layers
import pytest

from llmopt import output
from llmopt.data import Command, Grants, Limits, Ran
from llmopt.sandbox import cgroups

pytestmark = pytest.mark.skipif(not layers.CONFINING, reason="nothing confines here")
confined = pytest.mark.parametrize("layer", layers.CONFINING)
everywhere = pytest.mark.parametrize("layer", layers.RUNNING)
in_bubblewrap = pytest.mark.skipif("bubblewrap" not in layers.CONFINING, reason="bubblewrap does not run here")
with_groups = pytest.mark.skipif(not cgroups.available(), reason="no control group can be made here")
MEGABYTE = 1024**2


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def python(layer: str, code: str, grants: Grants = Grants(), *, seconds: float = 30, **command: object) -> Ran:  # noqa: B008
    run = layers.open_layer(layer, grants)
    return run(Command((sys.executable, "-c", code), Path("/"), **command), Limits(seconds=seconds))  # type: ignore[arg-type]


def said(ran: Ran) -> str:
    """Its output; a failure with its traceback."""
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout.strip()


# --- files -------------------------------------------------------------------------------------------------------


@confined
def test_files_outside_are_neither_read_nor_written(layer: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    code = f"""
for path, mode in (({str(secret)!r}, "r"), ({str(secret)!r}, "w"), ({str(tmp_path / "new")!r}, "w")):
    try:
        with open(path, mode) as file: print(file.read() if mode == "r" else file.write("changed"))
    except OSError as problem:
        pass
"""
    assert "secret" not in said(python(layer, code))  # a file system of its own may take what is written
    assert secret.read_text() == "secret"
    assert not (tmp_path / "new").exists()


@confined
def test_home_shows_nothing_but_what_the_interpreter_needs(layer: str) -> None:
    home = Path.home()
    code = f"""
import os
for name in {sorted(path.name for path in home.iterdir())!r}:
    path = os.path.join({str(home)!r}, name)
    try:
        print(name, len(os.listdir(path)) if os.path.isdir(path) else open(path).read(1))
    except OSError:
        pass
"""
    seen = [line.split()[0] for line in said(python(layer, code)).splitlines()]
    own = Path(tempfile.gettempdir())  # where the command's HOME is, and the folders above it
    needed = {path.relative_to(home).parts[0] for path in (*layers.interpreter(), own) if path.is_relative_to(home)}
    assert set(seen) <= needed


@confined
def test_granted_paths_are_read_and_not_written(layer: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows").write_text("one")
    code = f"print(open({str(data / 'rows')!r}).read()); open({str(data / 'rows')!r}, 'w')"
    ran = python(layer, code, Grants(read=(data,)))
    assert (ran.exit_code, ran.stdout) == (1, "one\n")
    assert (data / "rows").read_text() == "one"


@confined
def test_named_folders_are_written(layer: str, tmp_path: Path) -> None:
    said(python(layer, f"open({str(tmp_path / 'new')!r}, 'w').write('x')", writes=(tmp_path,)))
    assert (tmp_path / "new").read_text() == "x"


@in_bubblewrap
def test_what_is_kept_below_a_written_folder_is_read_only(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    code = f"open({str(tests / 'test_x.py')!r}, 'w')"
    ran = python("bubblewrap", code, writes=(tmp_path,), keeps=(tests,))
    assert "Read-only file system" in ran.stderr


@in_bubblewrap
def test_tree_stands_in_the_checkouts_place(tmp_path: Path) -> None:
    checkout, tree = tmp_path / "checkout", tmp_path / "tree"
    for folder, text in ((checkout, "old"), (tree, "new")):
        (folder / "pkg").mkdir(parents=True)
        (folder / "pkg" / "which").write_text(text)
    (checkout / "untracked").write_text("secret")
    code = f"import os; print(open({str(checkout)!r} + '/pkg/which').read(), sorted(os.listdir({str(checkout)!r})))"
    ran = python("bubblewrap", code, writes=(tree,), stands_for=((tree, checkout),))
    assert said(ran) == "new ['pkg']"


@in_bubblewrap
@pytest.mark.parametrize("tree_is_read_too", [False, True])
def test_environment_in_the_checkout_is_still_there_when_a_tree_stands_for_it(
    tree_is_read_too: bool, tmp_path: Path
) -> None:
    checkout, tree = tmp_path / "checkout", tmp_path / "tree"
    (checkout / ".venv" / "lib").mkdir(parents=True)
    (checkout / ".venv" / "lib" / "one").write_text("1")
    tree.mkdir()
    code = f"print(open({str(checkout / '.venv' / 'lib' / 'one')!r}).read())"
    grants = Grants(read=(checkout / ".venv",))
    reads = (tree,) if tree_is_read_too else ()
    ran = python("bubblewrap", code, grants, reads=reads, writes=(tree,), stands_for=((tree, checkout),))
    assert said(ran) == "1"


@in_bubblewrap
@pytest.mark.parametrize("tree_is_read_too", [False, True])
def test_link_of_an_environment_in_the_checkout_is_shown_once(tree_is_read_too: bool, tmp_path: Path) -> None:
    """An environment's interpreter is a link that the mount of the environment shows; bubblewrap below 0.9 makes none
    where one is already."""
    checkout, tree = tmp_path / "checkout", tmp_path / "tree"
    (checkout / ".venv" / "bin").mkdir(parents=True)
    link = checkout / ".venv" / "bin" / "python"
    link.symlink_to(sys.executable)
    tree.mkdir()
    grants = Grants(read=(checkout / ".venv",))
    reads = (link, tree) if tree_is_read_too else (link,)
    code = f"import os; print(os.readlink({str(link)!r}))"
    ran = python("bubblewrap", code, grants, reads=reads, writes=(tree,), stands_for=((tree, checkout),))
    assert said(ran) == sys.executable


@in_bubblewrap
def test_environment_that_is_a_link_shows_what_it_leads_to(tmp_path: Path) -> None:
    checkout, tree, environment = tmp_path / "checkout", tmp_path / "tree", tmp_path / "environments" / "one"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    (environment / "lib").mkdir()
    (environment / "lib" / "one").write_text("1")
    checkout.mkdir()
    tree.mkdir()
    link = checkout / ".venv"
    link.symlink_to(environment)
    grants = Grants(read=(link / "bin", link))
    code = (
        f"import os; print(open({str(link / 'lib' / 'one')!r}).read(), os.readlink({str(link / 'bin' / 'python')!r}))"
    )
    ran = python("bubblewrap", code, grants, reads=(link / "bin" / "python",), stands_for=((tree, checkout),))
    assert said(ran) == f"1 {sys.executable}"


@confined
def test_standard_parts_of_python_work(layer: str) -> None:
    code = """
import ctypes, datetime, getpass, locale, multiprocessing, os, pwd, shutil, sqlite3, ssl, subprocess, tempfile, zoneinfo
with tempfile.TemporaryFile() as file: file.write(b"x")
assert sqlite3.connect(os.path.join(tempfile.gettempdir(), "x.db")).execute("select 1").fetchone() == (1,)
assert ssl.create_default_context().get_ca_certs() or True
assert pwd.getpwuid(os.getuid()).pw_uid == os.getuid()
assert zoneinfo.ZoneInfo("Europe/Berlin") and os.cpu_count()
assert subprocess.run(["git", "--version"], capture_output=True).returncode == 0
with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]
multiprocessing.Semaphore().acquire()
print(os.path.expanduser("~") == os.environ["HOME"])
"""
    assert said(python(layer, code)) == "True"


# --- network -----------------------------------------------------------------------------------------------------

CONNECT = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2).close(); print("connected")
except OSError as problem:
    print("refused")
"""


@contextmanager
def served() -> Iterator[int]:
    """The port of a server on this machine."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@confined
def test_servers_of_this_machine_are_reached_only_when_allowed(layer: str) -> None:
    with served() as port:
        assert said(python(layer, CONNECT.format(port=port))) == "refused"
        assert said(python(layer, CONNECT.format(port=port), Grants(network=True))) == "connected"


LOCAL = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
print(socket.create_connection(server.getsockname()).recv(5).decode())
"""


@in_bubblewrap
def test_command_talks_to_its_own_server_on_loopback() -> None:
    assert said(python("bubblewrap", LOCAL)) == "hello"


@pytest.mark.skipif("landlock" not in layers.CONFINING, reason="Landlock does not run here")
def test_landlock_alone_has_no_loopback_which_the_table_says() -> None:
    ran = python("landlock", LOCAL)
    assert "Operation not permitted" in ran.stderr
    ended = output.ending(ran, Limits(seconds=9), "--test-timeout")
    assert ended.startswith("ended with exit code 1 (the sandbox lets it open no sockets: --allow-network): ")


@confined
@pytest.mark.parametrize("abstract", [False, True])
def test_sockets_by_name_are_out_of_reach(layer: str, abstract: bool, tmp_path: Path) -> None:
    name = f"\0llmopt-{os.getpid()}" if abstract else str(Path(tempfile.mkdtemp(dir="/tmp")) / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
        assert python(layer, code).exit_code == 1
    if not abstract:
        Path(name).unlink()
        Path(name).parent.rmdir()


# --- other processes and the kernel ------------------------------------------------------------------------------


@confined
def test_other_processes_are_neither_signalled_nor_looked_into(layer: str) -> None:
    code = f"""
import os, signal
for act in (lambda: os.kill({os.getpid()}, 0), lambda: open("/proc/{os.getpid()}/environ", "rb").read(),
            lambda: open("/proc/{os.getpid()}/mem", "rb").read(1), lambda: os.readlink("/proc/{os.getpid()}/cwd")):
    try:
        act(); print("reached")
    except OSError:
        print("refused")
"""
    ran = python(layer, code)
    # Inside a namespace of its own the number may be another process's, of the command itself.
    assert said(ran).split() == ["refused"] * 4 or layer == "bubblewrap"


@confined
def test_no_capability_is_left_and_none_can_be_gained(layer: str) -> None:
    status = said(python(layer, "print(open('/proc/self/status').read())"))
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    capabilities = [int(value, 16) for name, value in fields.items() if name.startswith("Cap")]
    assert capabilities == [0] * 5
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


# --- bounds ------------------------------------------------------------------------------------------------------

BOMB = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError: time.sleep(0.01)"


@with_groups
@everywhere
def test_fork_bomb_ends_with_a_word_and_nothing_left(layer: str) -> None:
    mark = f"llmopt-bomb-{time.time_ns()}"
    started = time.monotonic()
    ran = python(layer, f"# {mark}\n{BOMB}", Grants(processes=64))
    assert (ran.exit_code, ran.exceeded, ran.timed_out) == (-9, "64 processes", False)
    assert layers.running(mark) == []
    assert time.monotonic() - started < 15


@with_groups
@everywhere
def test_too_much_memory_ends_with_a_word(layer: str) -> None:
    code = "held = []\nwhile True: held.append(bytearray(10_000_000))"
    ran = python(layer, code, Grants(memory_bytes=300 * MEGABYTE))
    assert (ran.exit_code, ran.exceeded) == (-9, "0.293 GB of memory")


@with_groups
@everywhere
def test_memory_of_all_processes_counts_together(layer: str) -> None:
    code = "import os, time\nfor _ in range(4): os.fork()\nheld = bytearray(50_000_000); time.sleep(2)"
    ran = python(layer, code, Grants(memory_bytes=300 * MEGABYTE))
    assert ran.exceeded == "0.293 GB of memory"


@everywhere
def test_filling_the_disk_ends_with_a_word(layer: str) -> None:
    code = """
import os
for number in range(1000):
    with open(os.path.join(os.environ["TMPDIR"], str(number)), "wb") as file:
        file.write(bytes(20_000_000)); file.flush(); os.fsync(file.fileno())
"""
    ran = python(layer, code, Grants(disk_bytes=200 * MEGABYTE))
    assert (ran.exit_code, ran.exceeded) == (-9, "0.195 GB of disk")


@everywhere
def test_cpu_time_of_a_process_is_bounded(layer: str) -> None:
    run = layers.open_layer(layer)
    ran = run(Command((sys.executable, "-c", "while True: pass"), Path("/")), Limits(seconds=60, cpu_seconds=1))
    assert ran.exit_code in (-24, -9)
    assert ran.cpu_seconds < 3


@everywhere
def test_daemon_that_ignores_signals_and_hides_its_environment_is_ended(layer: str) -> None:
    mark = f"llmopt-daemon-{time.time_ns()}"
    daemon = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; time.sleep(60)"
    code = f"""
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = subprocess.DEVNULL
        subprocess.Popen([sys.executable, "-c", {daemon!r}, {mark!r}], env={{}}, stdin=null, stdout=null, stderr=null)
    os._exit(0)
os.wait()
"""
    said(python(layer, code))
    assert layers.running(mark) == []
