"""What commands used: the target's alone and all of it, whatever llmopt itself uses; and a launcher that lasts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import layers
import pytest

from llmopt.data import Command, Limits, Ran, Sandbox
from llmopt.sandbox import cpu, launched, process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems are asked without a launcher")

MEGABYTE = 1_000_000
MARK = "import os, time; fd = int(os.environ['LLMOPT_MARKS_FD']); mark = lambda: os.write(fd, b'm\\n')\n"
BUSY = "def busy(seconds):\n    end = time.thread_time() + seconds\n    while time.thread_time() < end: pass\n"


open_layers: list[Sandbox] = [process.run]


@pytest.fixture(params=layers.RUNNING)
def layer(request: pytest.FixtureRequest) -> Iterator[str]:
    """A test that asks for it runs under every layer that runs here; the others are about the launcher alone."""
    name: str = request.param
    open_layers[:] = [layers.open_layer(name)]
    yield name
    open_layers[:] = [process.run]


def python(code: str, marks: bool = False, **limits: float) -> Ran:
    command = Command((sys.executable, "-I", "-c", code), Path("/"), marks=marks)
    return open_layers[0](command, Limits(**limits))  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists()


# A child that lives on for a while after its 0.2 s of work are done, which the pipe tells.
WORKER = """
done, tell = os.pipe()
worker = os.fork()
if worker == 0:
    busy(0.2); os.write(tell, b"x"); time.sleep(0.5); os._exit(0)
os.read(done, 1)
"""

# --- peak memory -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("layer")
def test_peak_memory_is_that_of_the_child_and_not_of_llmopt() -> None:
    held = b"x" * (300 * MEGABYTE)
    launched.launcher.cache_clear()  # one that is started while llmopt is large, too
    ran = python("pass")
    assert len(held) == 300 * MEGABYTE
    assert 5 * MEGABYTE < ran.peak_memory_bytes < 40 * MEGABYTE


@pytest.mark.usefixtures("layer")
def test_peak_memory_of_a_grandchild_counts() -> None:
    large = f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'b\"x\" * {200 * MEGABYTE}'])"
    between = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {large!r}])"
    assert 200 * MEGABYTE < python(between).peak_memory_bytes < 300 * MEGABYTE


@pytest.mark.usefixtures("layer")
def test_memory_of_one_command_does_not_show_in_the_next() -> None:
    assert python(f"b'x' * {200 * MEGABYTE}").peak_memory_bytes > 200 * MEGABYTE
    assert python("pass").peak_memory_bytes < 40 * MEGABYTE


# --- CPU time at marks -------------------------------------------------------------------------------------------


def at_marks(code: str) -> list[float]:
    """CPU seconds between each mark and the next."""
    ran = python(MARK + BUSY + code, marks=True)
    assert ran.exit_code == 0, ran.stderr
    assert len(ran.mark_cpu_seconds) == len(ran.marks) > 1
    assert ran.mark_cpu_seconds[-1] <= ran.cpu_seconds + 0.01
    return [late - early for early, late in zip(ran.mark_cpu_seconds, ran.mark_cpu_seconds[1:], strict=False)]


@pytest.mark.usefixtures("layer")
def test_cpu_time_between_marks_is_work_and_not_sleep() -> None:
    asleep, at_work = at_marks("mark(); time.sleep(0.3); mark(); busy(0.2); mark()")
    assert asleep < 0.05
    assert 0.19 < at_work < 0.25


@pytest.mark.usefixtures("layer")
def test_cpu_time_of_the_last_mark_is_known_though_the_process_ends_with_it() -> None:
    (at_work,) = at_marks("mark(); busy(0.1); mark(); os._exit(0)")
    assert 0.09 < at_work < 0.15


@pytest.mark.usefixtures("layer")
def test_cpu_time_at_marks_counts_threads_children_and_living_children() -> None:
    threads = "import threading; t = [threading.Thread(target=busy, args=(0.1,)) for _ in range(2)]\n"
    assert 0.19 < at_marks(threads + "mark(); [x.start() for x in t]; [x.join() for x in t]; mark()")[0] < 0.3
    assert 0.17 < at_marks(f"mark(){WORKER}os.waitpid(worker, 0); mark()")[0] < 0.3  # known to the tick
    ran = python(f"{MARK}{BUSY}mark(){WORKER}mark(); time.sleep(0.5)", marks=True)  # ended with the group
    assert 0.19 < ran.mark_cpu_seconds[1] - ran.mark_cpu_seconds[0] < 0.3


@pytest.mark.usefixtures("layer")
def test_child_that_lives_at_one_mark_and_is_waited_for_at_the_next_counts_once() -> None:
    assert abs(at_marks(f"{WORKER}mark(); os.waitpid(worker, 0); mark()")[0]) < 0.05


@pytest.mark.usefixtures("layer")
def test_marks_in_one_chunk_share_a_reading() -> None:
    ran = python(MARK + "os.write(fd, b'a\\nb\\nc\\n')", marks=True)
    assert len(ran.mark_cpu_seconds) == 3
    assert len(set(ran.mark_cpu_seconds)) == 1


@pytest.mark.usefixtures("layer")
def test_cpu_time_is_not_read_without_marks_nor_of_a_process_that_is_gone() -> None:
    assert python("pass").mark_cpu_seconds == ()
    child = subprocess.Popen(["true"])
    child.wait()
    assert cpu.Clock(child.pid).seconds() is None


def test_children_that_outlive_a_process_keep_their_cpu_time_in_its_last_reading() -> None:
    line = f"{sys.executable} -c 'sum(range(5_000_000)); print(1, flush=True); import time; time.sleep(60)' & read line"
    parent = subprocess.Popen(["sh", "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert parent.stdin
    assert parent.stdout
    parent.stdout.readline()
    clock = cpu.Clock(parent.pid)
    before = clock.seconds()
    parent.stdin.close()
    os.waitid(os.P_PID, parent.pid, os.WEXITED | os.WNOWAIT)
    after, never_seen = clock.seconds(), cpu.Clock(parent.pid).seconds()
    os.killpg(parent.pid, signal.SIGKILL)
    parent.stdout.close()
    parent.wait()
    assert before
    assert after
    assert never_seen
    assert before > 0.03
    assert before <= after < before + 0.03
    assert never_seen < before / 2


# --- a layer's own use -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "began"), [("{:.6f}", -2.0), ("", 0.0), ("no time", 0.0)], ids=["a time", "nothing", "nonsense"]
)
def test_begin_is_when_its_writer_says_however_late_it_is_read(told: str, began: float) -> None:
    seen: list[float] = []
    now = time.monotonic()
    process._Begin(seen.append).add(told.format(time.time() - 2.0).encode() + b"\n", now)
    assert abs(seen[0] - now - began) < 0.01


@pytest.mark.usefixtures("layer")
def test_what_a_layer_takes_to_start_is_not_the_commands() -> None:
    run = open_layers[0]
    used = [run(Command(("true",), Path("/")), Limits()) for _ in range(5)]
    assert all(ran.wall_seconds > 0 for ran in used)
    assert min(ran.cpu_seconds for ran in used) < 0.008


# --- the launcher ------------------------------------------------------------------------------------------------


def launchers_pid() -> int:
    """It is what a command sees as its parent."""
    return int(python("import os; print(os.getppid())").stdout)


def test_commands_share_one_launcher_that_knows_no_variable_of_llmopts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    launched.launcher.cache_clear()
    pid = launchers_pid()
    assert pid == launchers_pid() != os.getpid()
    assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_launcher_that_was_ended_is_replaced() -> None:
    before = launchers_pid()
    os.kill(before, signal.SIGKILL)
    time.sleep(0.1)
    assert launchers_pid() != before


def test_command_that_ends_its_launcher_has_failed_and_is_ended() -> None:
    code = "import os, signal, time; print(os.getpid(), flush=True); os.kill(os.getppid(), signal.SIGKILL)"
    ran = python(f"{code}; time.sleep(60)")
    assert ran.exit_code == -signal.SIGKILL
    assert gone(int(ran.stdout))
    assert python("print(1)").stdout == "1\n"


@pytest.mark.usefixtures("layer")
def test_target_gets_no_descriptor_but_its_own() -> None:
    code = "import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd')))"
    assert python(code).stdout == "[0, 1, 2, 3]\n"  # the last is the listing itself
    assert python(code, marks=True).stdout == "[0, 1, 2, 3, 4]\n"


@pytest.mark.usefixtures("layer")
def test_commands_run_at_once_from_several_threads() -> None:
    ran: list[Ran] = []
    code = "import time; print(1, flush=True); time.sleep({0}); raise SystemExit({1})"
    threads = [threading.Thread(target=lambda n=n: ran.append(python(code.format(0.3 + 0.2 * n, n)))) for n in range(3)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < sum(each.wall_seconds for each in ran)
    assert sorted(each.exit_code for each in ran) == [0, 1, 2]
    assert all(each.wall_seconds >= 0.3 + 0.2 * each.exit_code and each.stdout == "1\n" for each in ran)


def test_killed_llmopt_leaves_neither_launcher_nor_command(tmp_path: Path) -> None:
    told = tmp_path / "pids"
    child = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()} {os.getppid()}'); time.sleep(60)"
    code = f"""
import sys
from pathlib import Path
from llmopt.data import Command, Limits
from llmopt.sandbox import process
process.run(Command((sys.executable, "-c", {child!r}, {str(told)!r}), Path("/")), Limits())
"""
    llmopt = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)})
    while not told.exists() or len(told.read_text().split()) < 2:
        assert llmopt.poll() is None
        time.sleep(0.01)
    llmopt.kill()
    llmopt.wait()
    assert all(gone(int(pid)) for pid in told.read_text().split())


def test_very_large_request_and_limit_arrive_whole() -> None:
    many = tuple("x" * 100_000 for _ in range(8))
    command = Command((sys.executable, "-c", "import sys; print(sum(map(len, sys.argv)))", *many), Path("/"))
    assert process.run(command, Limits(file_bytes=10**30)).stdout == "800002\n"
