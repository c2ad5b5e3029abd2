"""Instructions and energy: counted by what runs here, and by reports and folders as other machines have them."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import layers
import pytest

from llmopt.data import Command, Limits, Ran, Sandbox
from llmopt.sandbox import counters

with_perf = pytest.mark.skipif(bool(counters.reason("perf")), reason=f"perf: {counters.reason('perf')}")
with_cachegrind = pytest.mark.skipif(bool(counters.reason("cachegrind")), reason=counters.reason("cachegrind"))
either = pytest.mark.parametrize(
    "counter", [pytest.param("perf", marks=with_perf), pytest.param("cachegrind", marks=with_cachegrind)]
)
MILLION = 1_000_000


open_layers: list[Sandbox] = []


@pytest.fixture(autouse=True, params=layers.RUNNING)
def layer(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name: str = request.param
    open_layers[:] = [layers.open_layer(name, writes=(tmp_path,))]
    return name


def counted(code: str, counter: str, **more: object) -> Ran:
    environment = {"PYTHONHASHSEED": "0"}
    command = Command((sys.executable, "-S", "-c", code), Path("/"), environment, counter=counter)
    return open_layers[0](dataclasses.replace(command, **more), Limits(seconds=60))  # type: ignore[arg-type]


# --- instructions ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@either
def test_same_code_counts_the_same_and_more_work_counts_more(counter: str) -> None:
    once, again = (counted("sum(range(100_000))", counter).instructions for _ in range(2))
    more = counted("sum(range(1_000_000))", counter).instructions
    assert once
    assert again
    assert more
    assert abs(again / once - 1) < 0.001
    assert 900_000 * 5 < more - once < 900_000 * 200


@pytest.mark.slow
@either
def test_instructions_of_started_programs_are_in_the_sum(counter: str) -> None:
    alone = counted("pass", counter).instructions
    both = counted("import sys, subprocess; subprocess.run([sys.executable, '-I', '-S', '-c', '1'])", counter)
    assert alone
    assert both.instructions
    assert both.instructions > 1.9 * alone


@either
@pytest.mark.parametrize("code", [3, -signal.SIGSEGV, -signal.SIGTERM])
def test_exit_code_is_the_commands_own(counter: str, code: int) -> None:
    ending = f"import os; os.kill(os.getpid(), {-code})" if code < 0 else f"raise SystemExit({code})"
    ran = counted(f"print('out'); {ending}", counter)
    assert ran.exit_code == code
    assert ran.stdout in ("out\n", "")


@either
def test_marks_arrive_under_a_counter_with_the_cpu_time_of_the_command(counter: str) -> None:
    code = "import os\nfor _ in range(2):\n    os.write(3, b'm\\n'); sum(range(300_000))"
    ran = counted(code, counter, marks=True)
    assert [label for label, _ in ran.marks] == ["m", "m"]
    assert ran.mark_cpu_seconds[1] > ran.mark_cpu_seconds[0] > 0


@pytest.mark.slow
@with_cachegrind
def test_forked_process_that_would_count_its_parents_work_again_gives_no_number() -> None:
    fork = "import os\nif os.fork() == 0: os._exit(0)\nos.wait()"
    assert counted("sum(range(300_000))", "cachegrind").instructions
    assert counted(f"sum(range(300_000))\n{fork}", "cachegrind").instructions is None


@with_cachegrind
def test_killed_process_gives_no_number() -> None:
    kill = """
import subprocess
child = subprocess.Popen(["sh", "-c", "echo begun; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
child.kill()
"""
    ran = counted(kill, "cachegrind")
    assert (ran.exit_code, ran.instructions) == (0, None)


@with_cachegrind
def test_target_reads_nothing_of_the_counter_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ran = counted("import sys; print('out'); print('err', file=sys.stderr)", "cachegrind")
    assert (ran.stdout, ran.stderr) == ("out\n", "err\n")
    assert list(tmp_path.iterdir()) == []


def test_command_without_a_counter_or_with_one_that_does_not_work_runs_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted("print(1)", "").instructions is None
    counters.reason.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        assert counters.available() == ""
        assert counters.reason("perf") == "perf is not installed"
        assert counters.reason("cachegrind") == "valgrind is not installed"
        ran = counted("print(1)", "cachegrind")
        assert (ran.exit_code, ran.stdout, ran.instructions) == (0, "1\n", None)
    finally:
        counters.reason.cache_clear()


def test_counter_that_is_no_counter_counts_nothing() -> None:
    assert counters.reason("magic") == "no such counter"
    assert counted("print(1)", "magic").instructions is None


def test_program_that_is_installed_and_cannot_count_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    perf = tmp_path / "perf"
    perf.write_text("#!/bin/sh\necho 'Access to performance monitoring is limited.' >&2; exit 255\n")
    perf.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert counters.reason.__wrapped__("perf") == "Access to performance monitoring is limited."


@pytest.mark.skipif(not shutil.which("perf"), reason="perf is not installed")
@pytest.mark.parametrize(("line", "code"), [("exit 5", 5), ("kill -11 $$", -11), ("exit 0", 0)])
def test_perf_hides_no_crash_of_the_command(line: str, code: int, tmp_path: Path) -> None:
    counter = counters.COUNTERS["perf"]
    ended = subprocess.run(counter.wrapped(("sh", "-c", line), tmp_path), capture_output=True)
    assert counter.exit_code(ended.returncode) == code


# As perf 6.1 writes them: a plain machine, one with two kinds of cores, one without counters, one that was too busy.
PLAIN = "# started on Sun Nov 22 08:52:38 2026\n\n1234567,,instructions:u,4190217,100.00,,\n"
HYBRID = "1000,,cpu_atom/instructions:u/,990,20.00,,\n2000,,cpu_core/instructions:u/,4000,80.00,,\n"
NONE = "<not supported>,,instructions:u,0,100.00,,\n"
BUSY = "<not counted>,,instructions:u,0,0.00,,\n"


@pytest.mark.parametrize(
    ("report", "number"), [(PLAIN, 1_234_567), (HYBRID, 3000), (NONE, None), (BUSY, None), ("", None)]
)
def test_perf_report_is_read(report: str, number: int | None) -> None:
    assert counters.perf_instructions(report) == number


def test_count_that_was_not_written_to_its_end_is_none(tmp_path: Path) -> None:
    path = tmp_path / "count.7"
    path.write_text("events: Ir\nfn=main\n1 500\nsummary: 500\n")
    assert counters.cachegrind_instructions(path) == 500
    path.write_text("events: Ir\nfn=main\n1 500\n")
    assert counters.cachegrind_instructions(path) is None


# --- energy ------------------------------------------------------------------------------------------------------


def domain(powercap: Path, name: str, kind: str, microjoules: int, most: int = 1000 * MILLION) -> Path:
    folder = powercap / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(kind + "\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder


def energy_of(line: str, powercap: Path) -> float | None:
    return open_layers[0](Command(("sh", "-c", line), Path("/")), Limits(), powercap).joules  # type: ignore[call-arg]


def test_energy_is_the_sum_of_the_packages_and_of_nothing_in_them(tmp_path: Path) -> None:
    folders = [
        domain(tmp_path, "intel-rapl:0", "package-0", 5 * MILLION),
        domain(tmp_path, "intel-rapl:1", "package-1", 7 * MILLION),
        domain(tmp_path, "intel-rapl:0:0", "core", 1),
        domain(tmp_path, "intel-rapl:2", "psys", 1),
    ]
    after = (8_500_000, 9_000_000, 50 * MILLION, 60 * MILLION)
    line = "; ".join(f"echo {value} > {folder}/energy_uj" for folder, value in zip(folders, after, strict=True))
    assert energy_of(line, tmp_path) == 3.5 + 2.0
    assert counters.energy_available(tmp_path)


def test_energy_counter_that_starts_again_from_zero_is_followed(tmp_path: Path) -> None:
    folder = domain(tmp_path, "intel-rapl:0", "package-0", 95 * MILLION, most=100 * MILLION)
    assert energy_of(f"echo 2000000 > {folder}/energy_uj", tmp_path) == 7.0


def test_machine_without_energy_counters_gives_none(tmp_path: Path) -> None:
    assert energy_of("true", tmp_path / "missing") is None
    domain(tmp_path, "intel-rapl:0", "package-0", 1)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("not a number")
    assert energy_of("true", tmp_path) is None
    assert not counters.energy_available(tmp_path)


# --- in words ----------------------------------------------------------------------------------------------------


def test_description_names_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    name = counters.available()
    line = counters.describe(tmp_path / "missing")
    assert line.startswith("wall, CPU, peak memory")
    assert line.endswith("; no energy counters (RAPL) here")
    assert (f"instructions by {name}" in line) if name else ("no instruction counter here: perf" in line)
    domain(tmp_path, "intel-rapl:0", "package-0", 1)
    assert "energy (RAPL)" in counters.describe(tmp_path)
