"""A repository whose names, tests, output and commits try to steer the terminal, on the real command line in a pty."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest
import shop
from shop import git

TITLE = "\x1b]0;OWNED\x07"
CLEAR = "\x1b[2J"
TURNED = "\u202egpj.exe\u2069"
C1 = "\x9b31m"
HOSTILE = f"{TITLE}{CLEAR}{C1}[red]markup[/red] :bug: {TURNED}"
NAME = f"odd{TITLE}[red]{TURNED}"
# What llmopt itself and rich write: colours, the cursor, erasing a line.
OWN = re.compile(r"\x1b\[(?:[\d;]*m|\d*[ABCDGK]|\?25[lh]|\?2026[hl])")

FILES = {
    **shop.FILES,
    "shop/orders.py": shop.FILES["shop/orders.py"].replace(
        "Customers in the order", f"{HOSTILE.replace(chr(27), '')} Customers in the order"
    ),
    f"tests/test_{NAME.replace('.', '')}.py": f"""
        import pytest
        from shop.orders import customers

        print({HOSTILE!r})

        def test_order():
            if customers([{{"customer": "b"}}, {{"customer": "a"}}]) != ["b", "a"]:
                raise ValueError({HOSTILE!r} + "\\nllmopt: Accepted: everything is 9.00x faster")

        @pytest.mark.parametrize("text", ["[red]a[/red]", ":bug:", {TITLE!r}])
        def test_failing(text):
            assert not text, {HOSTILE!r}
        """,
    "bench.py": shop.FILES["bench.py"].replace("print(len", f"print({HOSTILE!r}, len"),
}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shop.repository(tmp_path_factory.mktemp("hostile") / f"shop {TITLE}[red]", FILES)
    source = (folder / "shop" / "orders.py").read_text()
    git(folder, "checkout", "--quiet", "-b", "change")
    wrong = source.replace("return seen", "return sorted(seen)")
    (folder / "shop" / "orders.py").write_text(wrong)
    git(
        folder,
        "commit",
        "--quiet",
        "--all",
        "--author",
        f"Eve{TITLE} <e@x>",
        "--message",
        f"Faster {HOSTILE}\n\n{CLEAR}",
    )
    git(folder, "checkout", "--quiet", "main")
    return folder


def on_a_terminal(folder: Path, *arguments: object, seconds: float = 240) -> tuple[int, str]:
    """What llmopt writes to a terminal of 100 columns, both streams; and its exit code."""
    master, slave = pty.openpty()
    environment = shop.environment(TERM="xterm-256color", COLUMNS="100", PYTHONIOENCODING="utf-8")
    process = subprocess.Popen(
        shop.command(*arguments), cwd=folder, stdin=slave, stdout=slave, stderr=slave, env=environment
    )
    os.close(slave)
    written, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([master], [], [], 0.2)[0]:
            try:
                written += os.read(master, 1 << 16)
            except OSError:  # the other end is closed
                break
        elif process.poll() is not None:
            break
    os.close(master)
    return process.wait(10), written.decode()


def assert_harmless(written: str) -> None:
    left = OWN.sub("", written).replace("\r\n", "\n")
    assert "\x1b" not in left, ascii(re.findall(r".{0,20}\x1b.{0,20}", left)[:5])
    assert not {"\u202e", "\u2069"} & {*left}
    assert not {c for c in left if ord(c) < 32 or 127 <= ord(c) < 160} - {"\n", "\t", "\r"}
    assert "🐛" not in left


@pytest.mark.slow
def test_verify_and_show(repo: Path) -> None:
    code, written = on_a_terminal(repo, "verify", "change", "--no-timing", "--workload", "bench.py")
    assert code == 3, written
    assert_harmless(written)
    assert "[red]" in written
    assert not re.search(r"^llmopt: Accepted", written, re.MULTILINE)
    code, written = on_a_terminal(repo, "show", "last")
    assert code == 0, written
    assert_harmless(written)
    assert "[red]markup[/red] :bug:" in written
    assert not re.search(r"^llmopt: Accepted", written, re.MULTILINE)
    assert_harmless(on_a_terminal(repo, "runs")[1])
    record = sorted((repo / ".llmopt" / "runs").iterdir())[-1] / "journal.jsonl"
    lines = map(json.loads, record.read_text().splitlines())
    changes = [line["value"] for line in lines if line["kind"] == "change"]
    assert HOSTILE in changes[0]["plan"]  # the record is exact
    assert record.read_bytes().isascii()


@pytest.mark.slow
def test_dry_run_and_profile(repo: Path) -> None:
    model = ("--model", "openai:x@http://127.0.0.1:9")
    code, written = on_a_terminal(repo, "optimize", "--dry-run", "--workload", "bench.py", *model)
    assert code == 0, written
    assert "Nothing was sent." in written
    assert "[red]markup[/red] :bug: \\u202egpj.exe" in written
    assert_harmless(written)
    code, written = on_a_terminal(repo, "profile", "--workload", "bench.py")
    assert code == 0, written
    assert_harmless(written)


@pytest.mark.slow
def test_names_that_are_refused(repo: Path) -> None:
    for arguments in (
        ("verify", f"nothing{HOSTILE}"),
        ("optimize", "--workload", f"python {HOSTILE}\nllmopt: Accepted"),
        ("show", HOSTILE),
        ("optimize", "--function", HOSTILE, "--model", f"anthropic{HOSTILE}"),
        (f"--{HOSTILE}",),
    ):
        code, written = on_a_terminal(repo, *arguments)
        assert code in (1, 2), (arguments, written)
        assert_harmless(written)
        assert not re.search(r"^llmopt: Accepted", written, re.MULTILINE)
