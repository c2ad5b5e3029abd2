"""llmopt as a library: quick to import, typed like its settings, silent, and failing by its own errors."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_type_hints

import pytest
import shop

import llmopt
from llmopt import api, events
from llmopt.config import Settings
from llmopt.errors import LlmoptError, ProjectError, UsageError
from llmopt.loop import Stopped


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("GIT_", "LLMOPT_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop")


def test_every_setting_is_a_keyword_of_optimize_and_no_other_name_is() -> None:
    assert get_type_hints(api.Searching).keys() == Settings.model_fields.keys()


def test_what_the_package_promises_is_there_and_nothing_else_is_made_up() -> None:
    assert all(getattr(llmopt, name) is not None for name in llmopt.__all__)
    assert set(llmopt.__all__) <= set(dir(llmopt))
    with pytest.raises(AttributeError, match="no attribute 'optimise'"):
        llmopt.optimise  # type: ignore[attr-defined]  # noqa: B018
    assert (Path(llmopt.__file__).parent / "py.typed").is_file()


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import sys, llmopt; print([n for n in sys.modules if n.startswith(('llmopt.', 'pydantic', 'rich'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_type_checker_sees_settings_and_results(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "import llmopt\n"
        "low: float = llmopt.compare('.', 'main', workloads='bench.py').interval[0]\n"
        "name: str = llmopt.profile('.').functions[0].function.key\n"
        "llmopt.verify('.', llmopt.Patch('text'), workload='bench.py')\n"
        "llmopt.optimize(max_time='10m').outcome.speedup.upper()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line] == ["4", "5"], done.stdout
    assert 'Unexpected keyword argument "workload"' in done.stdout


REFUSED = {
    "profile": (lambda folder: api.profile(folder / "nowhere"), UsageError, "does not exist"),
    "a setting": (lambda folder: api.profile(folder, workload="b"), UsageError, "did you mean 'workloads'?"),
    "a change": (lambda folder: api.verify(folder, "topik"), UsageError, "'topik' is no revision"),
    "a side": (lambda folder: api.compare(folder, "main", "topik"), UsageError, "'topik' is no revision"),
    "a ratio": (lambda folder: api.compare(folder, "main", resolution=0.5), UsageError, "no ratio above 1"),
    "no git": (lambda folder: api.optimize(folder.parent), ProjectError, "in no git repository"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_failures_are_raised_and_nothing_is_printed(folder: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    call, kind, said = REFUSED[what]
    with pytest.raises(kind, match=said) as caught:
        call(folder)
    assert isinstance(caught.value, LlmoptError)
    assert capfd.readouterr() == ("", "")


def test_a_patch_that_does_not_apply_is_a_result_and_no_failure(folder: Path) -> None:
    patch = llmopt.Patch("--- a/shop/orders.py\n+++ b/shop/orders.py\n@@ -1 +1 @@\n-nothing\n+something\n")
    found = llmopt.verify(folder, patch, workloads="bench.py", python=sys.executable)
    assert (found.accepted, found.stage) == (False, "apply")
    assert "patch does not apply to HEAD" in found.reason
    assert (found.speedup, found.interval) == (None, None)
    assert llmopt.as_json(found)["reason"] == found.reason


def test_edits_that_find_no_place_are_a_result_too(folder: Path) -> None:
    edits = llmopt.Edits("shop/orders.py\n<<<<<<< SEARCH\nnothing of it\n=======\nsomething\n>>>>>>> REPLACE\n")
    found = llmopt.verify(folder, edits, workloads="bench.py", python=sys.executable)
    assert (found.accepted, found.stage) == (False, "apply")
    assert "edit does not apply to HEAD" in found.reason


def test_events_tell_what_goes_on_while_it_goes_on(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[events.Event] = []
    found = llmopt.profile(folder, workloads="bench.py", python=sys.executable, on_event=heard.append)
    assert [event.text for event in heard if isinstance(event, events.Step)] == [
        "profiling, first pass: where the time goes",
        "profiling, second pass: lines, calls and arguments of the hot functions",
    ]
    assert capfd.readouterr() == ("", "")
    assert found.functions[0].function.key == "shop/orders.py::customers"
    assert "def customers" in found.sources["shop/orders.py"]
    again = llmopt.dossier(folder, "report", known=found, workloads="bench.py", python=sys.executable)
    assert "# Make this hot code faster, `report`" in again
    assert 'if order["customer"] not in seen:' in again


@pytest.mark.slow
def test_a_profile_is_used_again_for_the_same_code_only(folder: Path) -> None:
    settings = {"workloads": "bench.py", "python": sys.executable}
    found = llmopt.profile(folder, **settings)  # type: ignore[arg-type]

    def steps() -> list[str]:
        heard: list[events.Event] = []
        llmopt.dossier(folder, known=found, on_event=heard.append, **settings)  # type: ignore[arg-type]
        return [event.text for event in heard if isinstance(event, events.Step)]

    assert steps() == []
    (folder / "shop" / "orders.py").write_text((folder / "shop" / "orders.py").read_text() + "\n\nMORE = 1\n")
    assert "profiling, first pass: where the time goes" in steps()


def test_a_second_call_on_a_repository_is_refused_while_one_goes_on_in_any_thread(folder: Path) -> None:
    settings = {"workloads": "bench.py", "python": sys.executable}
    refused: list[str] = []

    def meanwhile(event: events.Event) -> None:
        if not refused:
            with pytest.raises(LlmoptError) as caught:
                llmopt.verify(folder, llmopt.Patch("text"), **settings)  # type: ignore[arg-type]
            refused.append(str(caught.value))

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(llmopt.profile, folder, on_event=meanwhile, **settings).result()  # type: ignore[arg-type]
    assert found.functions[0].function.name == "customers"
    assert "works on this repository" in refused[0]


def test_every_event_reaches_the_method_of_a_view_that_made_it() -> None:
    class Noting:
        def __init__(self) -> None:
            self.called: list[str] = []

        def __getattr__(self, name: str) -> object:
            return lambda *arguments: self.called.append(name)

    noting = Noting()
    telling = events.Telling(events.shown_on(noting))  # type: ignore[arg-type]
    names = [name for name in vars(events.View) if not name.startswith("_")]
    arguments = {"header": [["line"]], "budget": [events.Budget()], "event": [Stopped("enough")], "check": ["a", "b"]}
    for name in names:
        getattr(telling, name)(*arguments.get(name, ["text"]))
    assert noting.called == names
