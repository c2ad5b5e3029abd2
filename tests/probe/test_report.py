"""When the processes of a program report, and that reporting never keeps one from ending."""

from __future__ import annotations

from pathlib import Path

from interpreters import OWN
from probing import probing

BURN = """
    import os, signal, subprocess, sys, time
    def burn():
        for i in range(300_000): str(i)
"""
ENDED = "assert os.wait()[1] == signal.SIGTERM\n"


def burnt(tmp_path: Path, python: str, source: str, **options: object) -> list[bool]:
    """Whether `burn` was sampled, for each process that reported."""
    run = probing(tmp_path, python, {"main.py": BURN + source}).run("main.py", sample=options)
    return ["burn" in {name for _, name, _ in report["functions"]} for report in run.reports["sample"]]


def test_sigterm_keeps_its_action(tmp_path: Path, python: str) -> None:
    assert burnt(tmp_path, python, "    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL; burn()") == [True]


def test_process_in_a_long_native_call_is_ended_all_the_same(tmp_path: Path, python: str) -> None:
    source = f"""
    import hashlib
    child = os.fork()
    if child == 0:
        hashlib.pbkdf2_hmac("sha256", b"p", b"s", 2_000_000_000)
    time.sleep(0.2)
    os.kill(child, signal.SIGTERM)
    {ENDED}
    """
    assert burnt(tmp_path, python, source) == [False]


def test_forked_child_that_waits_reports_before_sigterm_ends_it(tmp_path: Path, python: str) -> None:
    source = f"""
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        burn()
        os.write(done, b".")
        while True: time.sleep(60)
    os.read(ready, 1)
    os.kill(child, signal.SIGTERM)
    {ENDED}
    """
    assert sorted(burnt(tmp_path, python, source)) == [False, True]


def test_started_program_reports_before_sigterm_ends_it(tmp_path: Path, python: str) -> None:
    source = """
    if len(sys.argv) == 1:
        child = subprocess.Popen([sys.executable, __file__, "child"], stdout=subprocess.PIPE)
        child.stdout.read(1)
        child.terminate()
        assert child.wait() == -signal.SIGTERM
    else:
        burn()
        print(flush=True)
        time.sleep(60)
    """
    assert sorted(burnt(tmp_path, python, source)) == [False, True]


def test_program_that_terminates_itself_reports(tmp_path: Path) -> None:
    source = f"""
    if os.fork() == 0:
        burn()
        os.kill(os.getpid(), signal.SIGTERM)
    {ENDED}
    """
    assert sorted(burnt(tmp_path, OWN, source)) == [False, True]


def test_programs_own_handler_gets_the_one_signal_that_was_sent(tmp_path: Path, python: str) -> None:
    source = """
    got = []
    ready, done = os.pipe()
    signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    child = os.fork()
    if child == 0:
        os.write(done, b".")
        while not got: burn()
        burn()
        os._exit(len(got))
    os.read(ready, 1)
    os.kill(child, signal.SIGTERM)
    assert os.wait()[1] >> 8 == 1
    """
    assert len(burnt(tmp_path, python, source)) == 2


def test_program_without_the_probe_is_ended_at_once(tmp_path: Path) -> None:
    source = """
    child = subprocess.Popen(["sleep", "60"])
    began = time.monotonic()
    child.terminate()
    assert child.wait() == -signal.SIGTERM
    assert time.monotonic() - began < 0.5
    """
    assert burnt(tmp_path, OWN, source) == [False]


def test_os_exit_leaves_though_the_report_fails(tmp_path: Path) -> None:
    source = """
    import llmopt_report
    if os.fork() == 0:
        llmopt_report._finishers.insert(0, lambda: 1 / 0)
        os._exit(3)
    assert os.wait()[1] >> 8 == 3
    """
    assert burnt(tmp_path, OWN, source) == [False]


def test_waiting_for_reports_is_bounded_in_all(tmp_path: Path) -> None:
    source = """
    import llmopt_report
    llmopt_report.PATIENCE_SECONDS = 0.3
    children = []
    for _ in range(20):
        children.append(os.fork())
        if children[-1] == 0:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
            time.sleep(60)
    time.sleep(0.1)
    began = time.monotonic()
    for child in children:
        os.kill(child, signal.SIGTERM)
        assert os.waitpid(child, 0)[1] == signal.SIGTERM
    assert 0.3 < time.monotonic() - began < 2
    """
    assert burnt(tmp_path, OWN, source) == [False]
