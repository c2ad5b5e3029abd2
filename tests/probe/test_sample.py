"""The sampler in real processes of every interpreter there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from interpreters import OWN
from probing import probing, self_shares

from llmopt.errors import ProjectError

SPLIT = """
    def work(n):
        total = 0
        for i in range(n):
            total += len(str(i))
        return total
    def large(): return [work(400) for _ in range(1200)]
    def small(): return [work(400) for _ in range(300)]
    def main():
        for _ in range(4): large(), small()
    main()
"""


def below(report: Any, name: str) -> float:
    """Share of the samples with a function of that name on the stack."""
    total = sum(seconds for _, seconds in report["stacks"])
    names = [function[1].rpartition(".")[2] for function in report["functions"]]
    return float(sum(seconds for stack, seconds in report["stacks"] if name in [names[i] for i in stack])) / total


def test_shares_follow_the_cpu_time(tmp_path: Path, python: str) -> None:
    (report,) = probing(tmp_path, python, {"split.py": SPLIT}).run("split.py", sample={}).reports["sample"]
    assert 0.6 < below(report, "large") / below(report, "main") < 0.95
    assert 0.05 < below(report, "small") / below(report, "main") < 0.4
    assert below(report, "main") > 0.7
    sampled = sum(seconds for _, seconds in report["stacks"])
    assert sampled <= report["cpu"] + 1e-9  # the same differences of clock readings, added in another order
    assert report["cpu"] <= 1.2 * report["wall"]


def test_native_call_weighs_on_its_python_caller(tmp_path: Path, python: str) -> None:
    source = """
        import hashlib
        def native():
            return hashlib.pbkdf2_hmac("sha256", b"p", b"s", 400_000)
        def interpreted():
            for i in range(100_000): str(i)
        native(); interpreted()
    """
    (report,) = probing(tmp_path, python, {"native.py": source}).run("native.py", sample={}).reports["sample"]
    assert self_shares(report)["native"] > 0.5
    assert max(report["lines"], key=lambda line: line[2])[1] == 4


def test_long_operator_is_not_charged_to_the_function_called_after_it(tmp_path: Path, python: str) -> None:
    source = """
        def trivial(x): return x
        def multiply():
            number = 3 ** 600_000
            for _ in range(5):
                product = number * number
                trivial(product)
        multiply()
    """
    (report,) = probing(tmp_path, python, {"multiply.py": source}).run("multiply.py", sample={}).reports["sample"]
    shares = self_shares(report)
    assert shares["multiply"] > 0.7 > 0.2 > shares.get("trivial", 0)


# All full collections fall to `small`, which makes a twentieth of the objects.
COLLECTED = """
    import gc
    kept = []
    def large():
        gc.set_threshold(700, 10, 10 ** 6)
        for i in range(20_000): kept.append([i])
    def small():
        gc.set_threshold(700, 0, 0)
        for i in range(1_000): kept.append([i])
    def main():
        for _ in range(60): large(), small()
    main()
"""


def test_full_collections_are_charged_to_all_who_allocate(tmp_path: Path, python: str) -> None:
    (report,) = probing(tmp_path, python, {"kept.py": COLLECTED}).run("kept.py", sample={}).reports["sample"]
    assert report["collecting"] > 0.3 * report["cpu"]
    assert below(report, "small") < 0.2
    sampled = sum(seconds for _, seconds in report["stacks"])
    assert sum(seconds for _, _, seconds in report["lines"]) > 0.9 * sampled
    assert sampled <= report["cpu"] + 1e-9


def test_a_collection_that_the_program_asks_for_is_its_own(tmp_path: Path, python: str) -> None:
    source = """
        import gc
        gc.disable()
        kept = [[i] for i in range(300_000)]
        def ask():
            for _ in range(5): gc.collect()
        ask()
    """
    (report,) = probing(tmp_path, python, {"ask.py": source}).run("ask.py", sample={}).reports["sample"]
    assert self_shares(report)["ask"] > 0.5
    assert report["collecting"] == 0


def test_waiting_is_not_sampled(tmp_path: Path) -> None:
    source = """
        import time
        time.sleep(0.3)
        for i in range(200_000): str(i)
    """
    (report,) = probing(tmp_path, OWN, {"wait.py": source}).run("wait.py", sample={}).reports["sample"]
    assert report["wall"] > 0.3
    assert sum(seconds for _, seconds in report["stacks"]) <= report["wall"] - 0.29


def test_thread_is_sampled_while_the_main_thread_waits_for_it(tmp_path: Path, python: str) -> None:
    source = """
        import threading
        def in_thread():
            for i in range(600_000): str(i)
        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()
    """
    (report,) = probing(tmp_path, python, {"threads.py": source}).run("threads.py", sample={}).reports["sample"]
    assert self_shares(report)["in_thread"] > 0.6


def test_sleeping_threads_get_nothing(tmp_path: Path) -> None:
    source = """
        import threading, time
        def sleeper(): time.sleep(30)
        def worker():
            for i in range(600_000): str(i)
        for _ in range(3): threading.Thread(target=sleeper, daemon=True).start()
        worker()
    """
    (report,) = probing(tmp_path, OWN, {"idle.py": source}).run("idle.py", sample={}).reports["sample"]
    shares = self_shares(report)
    assert shares["worker"] > 0.8
    assert shares.get("sleeper", 0) < 0.1


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pool_workers_report_though_they_are_terminated(tmp_path: Path, python: str, method: str) -> None:
    source = """
        import multiprocessing, sys
        def burn(n):
            for i in range(n): str(i)
            return n
        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            with context.Pool(2) as pool:
                assert pool.map(burn, [250_000] * 4, chunksize=1) == [250_000] * 4
            process = context.Process(target=burn, args=(250_000,))
            process.start()
            process.join()
            assert process.exitcode == 0
    """
    reports = probing(tmp_path, python, {"pool.py": source}).run("pool.py", method, sample={}).reports["sample"]
    burnt = [sum(s for stack, s in r["stacks"] if "burn" in {r["functions"][i][1] for i in stack}) for r in reports]
    assert len(reports) >= 3  # the parent, a worker (the other may have been ended before it began), the process
    assert sum(seconds > 0 for seconds in burnt) >= 2


def test_forked_child_reports_only_its_own_time(tmp_path: Path) -> None:
    source = """
        import os
        def parent():
            for i in range(800_000): str(i)
        def child():
            for i in range(800_000): str(i)
        parent()
        if os.fork() == 0:
            child()
            os._exit(0)
        os.wait()
    """
    first, second = probing(tmp_path, OWN, {"fork.py": source}).run("fork.py", sample={}).reports["sample"]
    shares = sorted((self_shares(first), self_shares(second)), key=lambda shares: shares.get("child", 0))
    assert shares[0]["parent"] > 0.6
    assert "child" not in shares[0]
    assert shares[1]["child"] > 0.6
    assert "parent" not in shares[1]


FROM_THREAD = {
    "forked": "if os.fork() == 0: burn(), os._exit(0)\n    os.wait()",
    "started": "subprocess.run([sys.executable, __file__, 'child'], check=True)",
}


@pytest.mark.parametrize("way", FROM_THREAD)
def test_child_of_a_thread_is_sampled(tmp_path: Path, python: str, way: str) -> None:
    """Our threads block the signal, and a child inherits that."""
    source = f"""
        import os, subprocess, sys, threading
        def burn():
            for i in range(300_000): str(i)
        def in_thread():
            {FROM_THREAD[way].replace("    ", " " * 12)}
        if len(sys.argv) == 1:
            thread = threading.Thread(target=in_thread)
            thread.start()
            thread.join()
        else:
            burn()
    """
    reports = probing(tmp_path, python, {"main.py": source}).run("main.py", sample={}).reports["sample"]
    assert sum(self_shares(report).get("burn", 0) > 0.5 for report in reports) == 1


def test_locals_live_no_longer_than_without_us(tmp_path: Path, python: str) -> None:
    source = """
        import gc, weakref
        class Thing: pass
        def burn():
            thing = Thing()
            for i in range(300_000): str(i)
            return weakref.ref(thing)
        gc.disable()
        assert burn()() is None
    """
    probing(tmp_path, python, {"locals.py": source}).run("locals.py", sample={})


def test_timer_is_off_during_a_fork_and_on_after_it(tmp_path: Path, python: str) -> None:
    """Linux before 4.19 starts a fork again at each signal."""
    source = """
        import os, signal, llmopt_sample
        on = lambda: signal.getitimer(signal.ITIMER_PROF)[1] > 0
        assert on()
        hold, go_on = llmopt_sample._sampler.hold, llmopt_sample._sampler.go_on
        hold(); assert not on()
        hold(); go_on(); assert on()  # two threads fork at once
        go_on(); assert on()
        for _ in range(3):
            if os.fork() == 0:
                assert on()
                os._exit(0)
            assert on()
            assert os.wait()[1] == 0
    """
    probing(tmp_path, python, {"fork.py": source}).run("fork.py", sample={})


def test_timer_is_not_started_for_a_program_that_took_the_signal(tmp_path: Path) -> None:
    source = """
        import os, signal
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        def burn():
            for i in range(300_000): str(i)
        if os.fork() == 0:
            burn()
            os._exit(0)
        burn()
        assert os.wait()[1] == 0
    """
    probing(tmp_path, OWN, {"taken.py": source}).run("taken.py", sample={})


EXECS = {
    "preexec_fn": "import subprocess; subprocess.run(burner, preexec_fn=lambda: None, check=True)",
    "execvp": "import os; os.execvp(burner[0], burner)",
    "fork and execv": "import os\nif os.fork() == 0: os.execv(burner[0], burner)\nassert os.wait()[1] == 0",
    "posix_spawn": "import os\npid = os.posix_spawn(burner[0], burner, {})\nassert os.waitpid(pid, 0)[1] == 0",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", EXECS)
def test_timer_does_not_kill_the_program_that_is_started(tmp_path: Path, way: str) -> None:
    """Without our handler, the first tick of an inherited timer would end it ("Profiling timer expired")."""
    burner = "import sys\nburner = [sys.executable, '-I', '-S', '-c', 'for i in range(1500000): str(i)']\n"
    probed = probing(tmp_path, OWN, {"starts.py": burner + EXECS[way]}).run("starts.py", sample={})
    assert probed.ran.cpu_seconds > 0.1


@pytest.mark.parametrize("options", [{}, {"windowed": True}])
def test_only_the_window_is_sampled(tmp_path: Path, options: dict[str, Any]) -> None:
    source = """
        import llmopt_sample, time
        def burn_outside():
            for i in range(400_000): str(i)
        def burn_inside():
            for i in range(400_000): str(i)
        burn_outside()
        for _ in range(2):
            llmopt_sample.resume()
            burn_inside()
            time.sleep(0.1)
            llmopt_sample.pause()
            burn_outside()
    """
    (report,) = probing(tmp_path, OWN, {"window.py": source}).run("window.py", sample=options).reports["sample"]
    assert report["windowed"]
    assert set(self_shares(report)) <= {"burn_inside", "<module>"}
    assert report["wall"] > 0.2 + 0.8 * report["cpu"]
    assert report["cpu"] < 0.8 * (report["wall"])


def test_windows_shorter_than_a_tick_of_the_timer_are_sampled_together(tmp_path: Path) -> None:
    source = """
        import sys, time
        sampler = sys.modules["llmopt_sample"]
        def timed():
            end = time.process_time() + 0.001
            while time.process_time() < end: pass
        for _ in range(400):
            sampler.resume()
            timed()
            sampler.pause()
    """
    [report] = probing(tmp_path, OWN, {"short.py": source}).run("short.py", sample={}).reports["sample"]
    seconds = sum(seconds for _, seconds in report["stacks"])
    assert 0.6 * report["cpu"] < seconds < 1.2 * report["cpu"]
    assert report["cpu"] > 0.3


def test_child_started_in_a_window_is_sampled(tmp_path: Path) -> None:
    source = """
        import llmopt_sample, subprocess, sys
        burn = "def burn():\\n  for i in range(400_000): str(i)\\nburn()"
        subprocess.run([sys.executable, "-c", burn.replace("burn", "early")], check=True)
        llmopt_sample.resume()
        subprocess.run([sys.executable, "-c", burn], check=True)
        llmopt_sample.pause()
    """
    windowed = {"windowed": True}
    reports = probing(tmp_path, OWN, {"child.py": source}).run("child.py", sample=windowed).reports["sample"]
    names = {name for report in reports for name in self_shares(report)}
    assert "burn" in names
    assert "early" not in names


def test_scaffolding_is_not_on_the_stacks(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "pkg/__main__.py": "import pkg.load", "pkg/load.py": SPLIT}
    (report,) = probing(tmp_path, OWN, files).run("-m", "pkg", sample={}).reports["sample"]
    assert below(report, "main") > 0.6
    inner = [[report["functions"][i][0] for i in stack[:-1]] for stack, _ in report["stacks"]]
    assert not [
        path
        for paths in inner
        for path in paths
        if path.startswith(("<frozen importlib", "<frozen runpy")) or "llmopt_" in path
    ]


def test_deep_recursion_keeps_both_ends_of_the_stack(tmp_path: Path) -> None:
    source = """
        import sys
        sys.setrecursionlimit(5000)
        def leaf():
            for i in range(300_000): str(i)
        def down(n):
            return down(n - 1) if n else leaf()
        down(2000)
    """
    (report,) = probing(tmp_path, OWN, {"deep.py": source}).run("deep.py", sample={}).reports["sample"]
    stack = max((stack for stack, _ in report["stacks"]), key=len)
    names = [report["functions"][i][1] for i in stack]
    assert len(names) == 256
    assert (names[0], names[-1]) == ("<module>", "leaf")


def test_program_that_takes_the_signal_is_told(tmp_path: Path) -> None:
    source = "import signal\nsignal.signal(signal.SIGPROF, lambda *_: None)\nfor i in range(100_000): str(i)"
    (report,) = probing(tmp_path, OWN, {"taken.py": source}).run("taken.py", sample={}).reports["sample"]
    assert report["taken"]


def test_sitecustomize_of_the_user_still_runs(tmp_path: Path, python: str) -> None:
    site = "import builtins\nbuiltins.from_the_user = 7"
    files = {"sitecustomize.py": site, "main.py": "assert from_the_user == 7"}
    assert "sample" in probing(tmp_path, python, files).run("main.py", sample={}).reports


def test_code_of_the_original_checkout_is_an_error(tmp_path: Path) -> None:
    source = """
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("mod", sys.argv[1])
        spec.loader.exec_module(sys.modules.setdefault("mod", importlib.util.module_from_spec(spec)))
    """
    here = probing(tmp_path, OWN, {"main.py": source, "mod.py": "x = 1"})
    original = here.project.root / "mod.py"
    original.write_text("x = 1")
    with pytest.raises(ProjectError, match=r"imports .*original/mod\.py from your checkout"):
        here.run("main.py", str(original), sample={})


def test_handler_imports_nothing(tmp_path: Path) -> None:
    """It may interrupt the import of the very module, which is then half there."""
    source = """
        import builtins, sys, llmopt_sample
        sampler = llmopt_sample._sampler
        def forbidden(*_): raise SystemExit("an import in the handler")
        def deep(): (lambda: sampler.add(sys._getframe(), 1.0))()
        original, builtins.__import__ = builtins.__import__, forbidden
        deep()
        builtins.__import__ = original
    """
    probing(tmp_path, OWN, {"main.py": source}).run("main.py", sample={})
