"""Real commands in the process sandbox: what they see, how they end, and that nothing of them is left."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import layers
import pytest

from llmopt import sandbox
from llmopt.data import Command, Limits, Ran, Sandbox
from llmopt.errors import UsageError

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what was left running")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sandbox puts its folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(autouse=True, params=layers.RUNNING)
def layer(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every test here runs under every layer that runs here."""
    name: str = request.param
    open_layers[:] = [layers.open_layer(name, writes=(tmp_path,))]
    return name


open_layers: list[Sandbox] = []


def run(command: Command, limits: Limits) -> Ran:
    return open_layers[0](command, limits)


def python(code: str, folder: Path = Path("/"), marks: bool = False, **limits: float) -> Ran:
    return run(Command((sys.executable, "-c", code), folder, marks=marks), Limits(**limits))  # type: ignore[arg-type]


def shell(line: str, **limits: float) -> Ran:
    return run(Command(("sh", "-c", line), Path("/")), Limits(**limits))  # type: ignore[arg-type]


@pytest.fixture
def nap() -> str:
    """Seconds to sleep by which a process of this test is known: numbers inside a sandbox are its own."""
    return f"60.{time.time_ns()}"


# --- what a command sees -----------------------------------------------------------------------------------------

SECRETS = (
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "NPM_TOKEN",
    "DATABASE_URL",
    "CI",
    "GITHUB_ACTIONS",
    "PYTEST_CURRENT_TEST",
    "GIT_DIR",
    "LD_PRELOAD",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "VIRTUAL_ENV",
    "XDG_CONFIG_HOME",
    "NETRC",
    "lc_secret",
)


def test_keys_and_tokens_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "" if name == "LD_PRELOAD" else f"secret-{name}")
    seen = shell("env").stdout
    names = {line.partition("=")[0] for line in seen.splitlines()}
    assert not names & set(SECRETS)
    assert "secret" not in seen


def test_what_commands_need_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    ran = run(Command(("sh", "-c", "echo $LC_TIME $TZ $OWN $PATH"), Path("/"), {"OWN": "given"}), Limits())
    assert ran.stdout.split() == ["C.UTF-8", "Asia/Tokyo", "given", os.environ["PATH"]]


def test_home_and_tmpdir_are_fresh_and_gone_afterwards(temporary: Path) -> None:
    leave = "touch $HOME/x $TMPDIR/y; mkdir $HOME/locked; touch $HOME/locked/z; chmod 500 $HOME/locked"
    line = f"ls -A $TMPDIR; echo $HOME; echo $TMPDIR; {leave}"
    first, second = shell(line), shell(line)
    homes = [ran.stdout.splitlines() for ran in (first, second)]
    assert [len(lines) for lines in homes] == [2, 2]
    assert homes[0] != homes[1]
    assert all(Path(path).is_relative_to(temporary) for lines in homes for path in lines)
    assert list(temporary.iterdir()) == []


def test_standard_input_is_empty() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_command_runs_in_its_folder(tmp_path: Path) -> None:
    assert python("import os; print(os.getcwd())", tmp_path).stdout.strip() == str(tmp_path.resolve())


# --- how commands end --------------------------------------------------------------------------------------------


def test_exit_code_output_and_use_are_reported() -> None:
    ran = python("import sys; x = bytearray(200_000_000); print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (ran.exit_code, ran.stdout, ran.stderr, ran.timed_out) == (3, "out\n", "err\n", False)
    assert ran.peak_memory_bytes > 200_000_000
    assert 0 < ran.cpu_seconds < 10
    assert ran.stdout_digest == hashlib.sha256(b"out\n").hexdigest()


def test_cpu_time_counts_children_and_not_sleep() -> None:
    busy = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(10_000_000))'])"
    assert python(busy).cpu_seconds > 2 * shell("sleep 0.3").cpu_seconds
    assert shell("sleep 0.3").wall_seconds >= 0.3


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_end_by_a_signal_is_its_negative_number(number: signal.Signals) -> None:
    assert shell(f"kill -{number.value} $$").exit_code == -number


def test_missing_program_is_127_with_its_name() -> None:
    ran = run(Command(("/no/such/program",), Path("/")), Limits())
    assert (ran.exit_code, ran.stderr) == (127, "cannot run /no/such/program: No such file or directory")


def test_missing_folder_is_127_with_its_name(tmp_path: Path) -> None:
    ran = run(Command(("true",), tmp_path / "gone"), Limits())
    assert (ran.exit_code, ran.stderr) == (127, f"cannot run true: the folder {tmp_path / 'gone'} does not exist")


def test_argument_that_no_command_can_have_is_127() -> None:
    assert run(Command(("echo", "a\0b"), Path("/"), marks=True), Limits()).exit_code == 127


def test_file_larger_than_the_limit_cannot_be_written(tmp_path: Path) -> None:
    code = f"f = open({str(tmp_path / 'big')!r}, 'wb')\nfor _ in range(20): f.write(b'x' * 1_000_000); f.flush()"
    ran = python(code, file_bytes=5_000_000)
    assert ran.exit_code == 1
    assert "File too large" in ran.stderr
    assert (tmp_path / "big").stat().st_size <= 5_000_000


# --- time-outs ---------------------------------------------------------------------------------------------------


def test_timeout_ends_the_command_and_keeps_what_it_wrote() -> None:
    ran = python("import time; print('begun', flush=True); time.sleep(60)", seconds=0.5)
    assert (ran.timed_out, ran.exit_code, ran.stdout) == (True, -9, "begun\n")
    assert 0.5 <= ran.wall_seconds + 0.1 < 5


@on_linux
def test_timeout_ends_children_that_ignore_sigterm(nap: str) -> None:
    code = f"""
import signal, subprocess, sys, time
stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('begun', flush=True); time.sleep({nap})"
child = subprocess.Popen([sys.executable, "-c", stubborn])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
time.sleep({nap})
"""
    ran = python(code, seconds=1.5)
    assert (ran.timed_out, ran.stdout) == (True, "begun\n")
    assert layers.ends(nap)


@pytest.mark.parametrize("stream", ["1", "2"])
def test_endless_output_does_not_hold_the_timeout_off(stream: str) -> None:
    started = time.monotonic()
    ran = shell(f"exec yes >&{stream}", seconds=0.5)
    assert (ran.timed_out, ran.exit_code) == (True, -9)
    assert time.monotonic() - started < 3


def test_very_long_limits_are_no_error() -> None:
    assert shell("echo fine", seconds=1e300).stdout == "fine\n"


# --- what is left ------------------------------------------------------------------------------------------------

LEAVES = {
    "a child in the group": "sleep NAP & echo $!",
    "a child that closed its output": "sleep NAP > /dev/null 2>&1 & echo $!",
    "a session of its own": "setsid sleep NAP & echo $!",
    "a session of its own, output closed": "setsid sleep NAP > /dev/null 2>&1 & echo $!",
    "an orphan's orphan": "(setsid sh -c 'sleep NAP & echo $!' &)\nsleep 0.2",
    "one without the environment it was given": "(setsid env -i sleep NAP > /dev/null 2>&1 &)\nsleep 0.2; echo 1",
}


@on_linux
@pytest.mark.parametrize("kind", LEAVES)
def test_nothing_is_left_running(kind: str, nap: str) -> None:
    started = time.monotonic()
    ran = shell(LEAVES[kind].replace("NAP", nap))
    assert (ran.exit_code, ran.stdout.strip().isdigit()) == (0, True)
    assert layers.running(nap) == []
    assert time.monotonic() - started < 1.5


PARENT = """
import sys, tempfile
from pathlib import Path
sys.path.append(sys.argv[4])
import layers
from llmopt.data import Command, Limits
tempfile.tempdir = sys.argv[2]
nap = sys.argv[5]
code = f"import signal, subprocess, time; signal.signal(2, signal.SIG_IGN);" \\
    f"child = subprocess.Popen(['sleep', '{nap}']); time.sleep({nap})"
try:
    layers.open_layer(sys.argv[3])(Command((sys.executable, "-c", code), Path("/")), Limits())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@on_linux
def test_interrupt_of_the_parent_leaves_no_child(temporary: Path, layer: str, nap: str) -> None:
    support = str(Path(layers.__file__).parent)
    own = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PARENT, "", str(temporary), layer, support, nap],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(layers.running(nap)) < 3:  # itself, the command and its child
        assert own.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    own.send_signal(signal.SIGINT)
    out, err = own.communicate(timeout=10)
    assert (out, err) == ("interrupted\n", "")
    assert layers.ends(nap)
    assert list(temporary.iterdir()) == []


@pytest.fixture
def descriptors() -> Iterator[None]:
    """No file descriptor is lost; the launcher's socket stays."""
    shell("true")
    before = len(list(Path("/dev/fd").iterdir()))
    yield
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.usefixtures("descriptors")
def test_no_descriptor_is_lost_however_a_command_ends() -> None:
    for _ in range(3):
        python("print(1)", marks=True)
        shell("sleep 60", seconds=0.05)
        run(Command(("/no/such/program",), Path("/"), marks=True), Limits())


# --- output ------------------------------------------------------------------------------------------------------


def test_much_output_is_quick_and_bounded() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    ran = python("import sys\nfor n in range(100): sys.stdout.write(chr(97 + n % 26) * 1_000_000)", output_bytes=10_000)
    seconds = time.monotonic() - started
    assert seconds < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB
    assert ran.stdout == "a" * 5000 + "\n… 99990000 bytes left out …\n" + chr(97 + 99 % 26) * 5000
    whole = b"".join(bytes([97 + n % 26]) * 1_000_000 for n in range(100))
    assert ran.stdout_digest == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 25])
def test_head_and_tail_are_what_is_kept(size: int) -> None:
    text = "".join(chr(97 + n) for n in range(size))
    kept = shell(f"printf '%s' {text}", output_bytes=10).stdout
    assert kept == (text if size <= 10 else f"{text[:5]}\n… {size - 10} bytes left out …\n{text[-5:]}")


def test_keeping_no_output_keeps_none() -> None:
    assert shell("yes | head -c 100000", output_bytes=0).stdout == "\n… 100000 bytes left out …\n"


def test_output_that_is_not_utf_8_is_shown_with_replacements() -> None:
    ran = python("import sys; sys.stdout.buffer.write(b'caf\\xe9 \\xff\\n')")
    assert ran.stdout == "caf\ufffd \ufffd\n"
    assert ran.stdout_digest == hashlib.sha256(b"caf\xe9 \xff\n").hexdigest()


def test_both_streams_are_read_at_once() -> None:
    ran = python("import sys\nfor _ in range(300): sys.stderr.write('e' * 1000); sys.stdout.write('o' * 1000)")
    assert (ran.exit_code, len(ran.stdout) > 60_000, len(ran.stderr) > 60_000) == (0, True, True)


# --- marks -------------------------------------------------------------------------------------------------------


def test_marks_are_stamped_by_the_parent_whatever_the_child_says() -> None:
    code = """
import os, time
fd = int(os.environ["LLMOPT_MARKS_FD"])
os.write(fd, b"begin\\n")
time.sleep(0.3)
time.perf_counter = lambda: 0.0
os.write(fd, b"end\\n")
"""
    ran = python(code, marks=True)
    assert [label for label, _ in ran.marks] == ["begin", "end"]
    assert 0.25 <= ran.marks[1][1] - ran.marks[0][1] < 2
    assert ran.marks[1][1] <= ran.wall_seconds + 0.1


def test_mark_that_comes_in_pieces_is_one() -> None:
    pipe = "import os, time; fd = int(os.environ['LLMOPT_MARKS_FD'])"
    code = f"{pipe}; os.write(fd, b'be'); time.sleep(0.2); os.write(fd, b'gin\\n')"
    assert [label for label, _ in python(code, marks=True).marks] == ["begin"]


def test_flood_of_marks_is_bounded() -> None:
    code = "import os; fd = int(os.environ['LLMOPT_MARKS_FD'])\nfor _ in range(100): os.write(fd, b'm\\n' * 30_000)"
    assert len(python(code, marks=True).marks) == 100_000


def test_commands_without_marks_get_no_pipe() -> None:
    assert shell("echo ${LLMOPT_MARKS_FD-none}").stdout == "none\n"


# --- cores and names ---------------------------------------------------------------------------------------------


@on_linux
def test_command_is_pinned_and_the_parent_is_not() -> None:
    before = os.sched_getaffinity(0)
    core = max(before)
    ran = run(
        Command((sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"), Path("/")), Limits(cores=(core,))
    )
    assert ran.stdout == f"{{{core}}}\n"
    assert os.sched_getaffinity(0) == before


def test_unknown_sandbox_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="known: auto, strict, off, bubblewrap"):
        sandbox.open_sandbox("magic")
    assert "NOT closed off" in sandbox.describe(sandbox.open_sandbox("off"))
