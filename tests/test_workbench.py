"""What a model's tools run on a real repository: snippets in the sandbox, edits in the first stages, lines."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import layers
import pytest
import shop

from llmopt import encoding, session, stages, workbench
from llmopt.data import Base, Function, Grants, Limits, Profile
from llmopt.errors import LlmoptError
from llmopt.sandbox import reach
from llmopt.search.code import open_code
from llmopt.search.facts import Facts
from llmopt.search.masks import Masks
from llmopt.search.tools import Workshop
from llmopt.session import Session

needs_layer = pytest.mark.skipif(not layers.CONFINING, reason="nothing confines here")
FILES = {**shop.FILES, "private/__init__.py": "", "private/plans.py": "PLAN = 'a plan that nobody is to see'\n"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    repo = shop.repository(tmp_path_factory.mktemp("workbench") / "shop", FILES)
    flags = {"workloads": ["bench.py"], "exclude": ["private/"]}
    with session.start(repo, flags, {}) as found:
        yield found


@pytest.fixture(scope="module")
def base(opened: Session) -> Base:
    return replace(stages.unmeasured_base(opened), repetitions=(1,), outputs=("",))


@pytest.fixture(scope="module")
def bench(opened: Session, base: Base) -> Workshop:
    masks = Masks(encoding.reader(opened.trees.of(base.commit)))
    bare = Workshop(masks, Facts((3, 11, 4)), open_code(masks.read, ("",)))
    return stages.workshop(opened, base, Profile(base.commit, base.seconds, (), ()), bare)


@needs_layer
def test_a_snippet_runs_beside_the_packages_code(bench: Workshop) -> None:
    assert bench.run is not None
    ran = bench.run("from shop.orders import total\nprint(total([{'amount': 2}]))")
    assert (ran.exit_code, ran.stdout) == (0, "2\n"), ran.stderr


@needs_layer
def test_what_a_snippet_printed_before_its_time_was_over_is_told(
    opened: Session, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "SNIPPET", Limits(seconds=3.0))
    ran = workbench.snippet(opened, base, "import time\nprint('so far')\ntime.sleep(60)")
    assert ran.timed_out
    assert ran.stdout == "so far\n"


@needs_layer
def test_a_snippet_that_never_ends_is_ended(opened: Session, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbench, "SNIPPET", Limits(seconds=1.0, output_bytes=1000))
    started = time.monotonic()
    ran = workbench.snippet(opened, base, "while True:\n    print('x' * 1000)")
    assert ran.timed_out
    assert len(ran.stdout) < 3000
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("layer", layers.CONFINING)
def test_a_snippet_changes_nothing_sees_nothing_excluded_and_reaches_nothing_outside(
    layer: str, opened: Session, base: Base, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("outside")
    tree, checkout = opened.trees.of(base.commit).path, opened.place.root
    grants = Grants(read=reach.interpreter(opened.project.interpreter, opened.project.root))
    opened = replace(opened, target=replace(opened.target, sandbox=layers.open_layer(layer, grants), layer=layer))
    closed = [str(tmp_path / "outside"), *(f"{root}/private/plans.py" for root in (tree, checkout, "."))]
    code = f"""
import os, pathlib, socket
pathlib.Path("shop/orders.py").write_text("raise SystemExit")
for path in {closed}:
    try:
        print(open(path).read())
    except OSError as error:
        print(type(error).__name__)
try:
    socket.create_connection(("192.0.2.1", 9), 1)
except OSError:
    print("no network")
print([str(path) for path in pathlib.Path(".").rglob("*plans*")])
"""
    ran = workbench.snippet(opened, base, code)
    lines = ran.stdout.split("\n")
    assert "outside" not in lines
    assert "nobody is to see" not in ran.stdout
    assert lines[-3:] == ["no network", "[]", ""], ran
    assert "def customers" in (tree / "shop" / "orders.py").read_text()
    assert not list(tree.rglob("llmopt_snippet*"))


def test_no_snippet_runs_where_nothing_confines_it(opened: Session, base: Base, bench: Workshop) -> None:
    bare = replace(opened, target=replace(opened.target, layer="off"))
    profile = Profile(base.commit, base.seconds, (), ())
    assert stages.workshop(bare, base, profile, replace(bench, run=None)).run is None


@pytest.mark.slow
def test_an_edit_is_tried_and_a_second_time_answered_from_the_journal(
    opened: Session, base: Base, bench: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.attempt is not None
    text = bench.masks.read("shop/orders.py")
    slow = '    seen = []\n    for order in orders:\n        if order["customer"] not in seen:\n'
    slow += '            seen.append(order["customer"])\n    return seen\n'
    fast = text.replace(slow, '    return list(dict.fromkeys([order["customer"] for order in orders]))\n')
    good = bench.attempt({"shop/orders.py": fast})
    assert good.accepted, good.reason
    assert "times as fast, the whole run" in good.evidence["timing"]
    wrong = bench.attempt({"shop/orders.py": fast.replace("list(dict.fromkeys(", "sorted(set(")})
    assert (wrong.accepted, wrong.stage) == (False, "calls")
    test = bench.attempt({"tests/test_orders.py": ""})
    assert (test.accepted, test.stage) == (False, "guard")
    monkeypatch.setattr(workbench, "tried", None)
    assert bench.attempt({"shop/orders.py": fast}) == good


def test_lines_of_any_function_can_be_observed(bench: Workshop) -> None:
    assert bench.observe is not None
    line = 1 + bench.masks.read("shop/orders.py").split("\n").index("def total(orders):")
    detail = bench.observe(Function("shop/orders.py", "total", line))
    assert detail is not None
    assert detail.calls == 1
    assert max(cost.hits for cost in detail.lines) == 4001
    nothing = bench.observe(Function("shop/orders.py", "missing", 1))
    assert nothing is not None
    assert nothing.lines == ()


def test_nothing_is_run_when_the_run_has_no_time_left(opened: Session, base: Base, bench: Workshop) -> None:
    late = replace(opened, started=time.monotonic() - opened.settings.max_time)
    assert late.seconds_left() < 1 < math.inf
    tools = stages.workshop(late, base, Profile(base.commit, base.seconds, (), ()), bench)
    assert tools.attempt is not None
    with pytest.raises(LlmoptError, match="no time left"):
        tools.attempt({})
