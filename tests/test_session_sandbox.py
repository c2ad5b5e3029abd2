"""A run's sandbox: chosen by its settings, named in what it says, and the same when it is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import layers
import pytest
import shop

from llmopt import config, session
from llmopt.errors import UsageError
from llmopt.session import Session

needs_layer = pytest.mark.skipif(not layers.CONFINING, reason="nothing confines here")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop.repository(tmp_path_factory.mktemp("sandboxed") / "shop")


@contextmanager
def opened(repo: Path, resume: str = "", **flags: Any) -> Iterator[Session]:
    with session.start(repo, {"workloads": ["bench.py"], **flags}, {}, resume=resume) as found:
        yield found


def test_unconfined_run_says_so_only_where_it_was_not_asked_for(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(repo, sandbox="off") as found:
        assert found.target.layer == "off"
        assert "NOT closed off" in found.target.confinement
        assert not any("not confined" in notice for notice in found.notices)
    monkeypatch.setattr("llmopt.sandbox.unusable", lambda layer: "" if layer == "process" else "broken here")
    with opened(repo, sandbox="auto") as found:
        assert any("the code under test is not confined (" in notice for notice in found.notices)
    with pytest.raises(UsageError, match="broken here"), opened(repo, sandbox="strict"):
        pass


@needs_layer
def test_run_is_resumed_under_its_own_layer_or_not_at_all(repo: Path) -> None:
    layer = layers.CONFINING[0]
    with opened(repo, sandbox="strict") as found:
        name = found.name
        assert found.target.layer == layer
        assert found.target.confinement.startswith(layer)
    said = f"was begun with --sandbox {layer}, and this would go on with off"
    with pytest.raises(UsageError, match=said), opened(repo, name, sandbox="off"):
        pass
    with opened(repo, name) as found:
        assert found.target.layer == layer


@needs_layer
def test_variable_and_path_are_there_only_when_allowed(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmopt import target

    monkeypatch.setenv("DATABASE_URL", "postgres://localhost")
    data = tmp_path / "rows.csv"
    data.write_text("rows")
    line = 'echo "${DATABASE_URL-none}"; cat "$(echo /)"' + f'"{data}" 2>/dev/null; true'
    for flags, said in (({}, ["none"]), ({"allow_env": ["DATABASE_URL"], "allow_read": [str(data)]}, None)):
        with opened(repo, **flags) as found:
            tree = found.trees.of(found.base)
            ran = target.run(found.target, tree, ("/bin/sh", "-c", line), found.workload_limits).ran
        assert ran.stdout.split() == (said or ["postgres://localhost", "rows"])


def test_path_that_does_not_exist_is_refused(repo: Path) -> None:
    with pytest.raises(UsageError, match="--allow-read /no/such does not exist"), opened(repo, allow_read=["/no/such"]):
        pass


@pytest.mark.parametrize(
    ("text", "size"), [("512MB", 512 * 1024**2), ("1.5 GiB", 3 * 1024**3 // 2), ("2g", 2 * 1024**3), (1048576, 1 << 20)]
)
def test_sizes_are_read_as_people_write_them(text: object, size: int) -> None:
    assert config.check({"max_memory": text}, {}).max_memory == size


@pytest.mark.parametrize("text", ["lots", "12", "-1GB", "5 bytes", 0])
def test_size_that_is_none_is_refused(text: object) -> None:
    with pytest.raises(UsageError, match="max_disk"):
        config.check({"max_disk": text}, {"max_disk": "a file"})
