"""A whole `llmopt optimize` with the real clients: the key is in nothing that is left, whatever the server says."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import pytest
import shop
from model_server import Answer, ModelServer
from shop import DECLINE, GOOD, git, llmopt

KEY = "zq-7f3e1d9c5b8a24601357"
PASSWORD = "pr0xy-pw-55aa77cc"
FAST = ("--workload", "bench.py", "--no-rules", "--function", "customers", "--max-pairs", "7")
CURIOUS = {
    **shop.FILES,
    # The target looks for the key itself, and the key stands in a source that is sent.
    "shop/orders.py": shop.FILES["shop/orders.py"].replace("seen = []", f"seen = []  # not {KEY}", 1),
    "tests/test_environment.py": f"""
        import os


        def test_no_key_is_seen():
            assert {KEY[:8]!r} not in str(os.environ)
        """,
}


def holds(path: Path, secret: bytes) -> bool:
    """Is it in a file, as it is or compressed as git's objects are?"""
    content = path.read_bytes()
    if secret in content:
        return True
    try:
        return secret in zlib.decompress(content)
    except zlib.error:
        return False


def left_behind(folder: Path, repo: Path) -> list[str]:
    """Files below the folder, and git's objects, packed or not, that hold a secret, but for the source itself."""
    own = {git(repo, "rev-parse", "HEAD:shop/orders.py")}
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        name = path.parent.name + path.name
        if path == repo / "shop" / "orders.py" or name in own:
            continue
        found += [f"{path}" for secret in (KEY, PASSWORD) if holds(path, secret.encode())]
    every = ("--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    objects = git(repo, "cat-file", *every).splitlines()
    for name, kind in (line.split() for line in objects):
        content = subprocess.run(["git", "-C", str(repo), "cat-file", kind, name], capture_output=True, check=True)
        # Versions of the source that has it are in it by the user's own doing.
        if kind != "blob" and KEY.encode() in content.stdout:
            found.append(f"{kind} {name}")
    return found


ANSWERS = {
    "a reply that repeats it": [
        Answer(GOOD.replace("seen = []\n", f"seen = []  # not {KEY}\n") + KEY),
        Answer(DECLINE),
    ],
    "errors that echo it": [
        Answer(f"overloaded: x-api-key {KEY}", status=500, headers=(("retry-after-ms", "1"),)),
        Answer(f"no such thing: Bearer {KEY}", status=400),
    ],
    "a redirect": [Answer(raw="x", status=307, headers=(("location", f"http://127.0.0.1:9/{KEY}"),))],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["anthropic", "openai"])
@pytest.mark.parametrize("what", ANSWERS)
def test_key_is_nowhere(kind: str, what: str, tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop", CURIOUS)
    (tmp_path / "tmp").mkdir()
    with ModelServer(ANSWERS[what], keys=(KEY,)) as server:
        url = server.url + ("/v1" if kind == "openai" else "")
        done = llmopt(
            *(repo, "optimize", *FAST, "--model", f"{kind}:x", "--verbose", "--record", tmp_path / "transcript.jsonl"),
            **{f"{kind.upper()}_API_KEY": KEY, f"{kind.upper()}_BASE_URL": url},
            TMPDIR=str(tmp_path / "tmp"),
            LLMOPT_DEBUG="1",
            HTTPS_PROXY=f"http://me:{PASSWORD}@127.0.0.1:9",
        )
        asked = server.asked()
    assert asked, done.err
    assert not [request.path for request in asked if KEY in str(request.body)]
    assert KEY not in done.out + done.err
    assert PASSWORD not in done.out + done.err
    assert left_behind(tmp_path, repo) == []
    assert (repo / ".llmopt").is_dir()
    if what == "a reply that repeats it":
        assert "MASKED_" in (tmp_path / "transcript.jsonl").read_text(), done.err


@pytest.mark.slow
def test_wrong_key_and_odd_urls_are_told_without_them(tmp_path: Path) -> None:
    repo = shop.repository(tmp_path / "shop")
    with ModelServer(keys=("another",)) as server:
        for spec, more in (
            (f"openai:x@{server.url}", {}),
            ("openai:x", {"OPENAI_BASE_URL": f"http://me:{PASSWORD}@[::1"}),
            (f"openai:x@http://me:{PASSWORD}@127.0.0.1:9", {}),
            (f"openai:x@{server.url}/v1?key={PASSWORD}", {}),
            ("openai:x", {"OPENAI_BASE_URL": f"{server.url}/v1?key={PASSWORD}"}),
        ):
            done = llmopt(repo, "optimize", "--dry-run", "--workload", "bench.py", "--model", spec, **more)
            done_too = llmopt(repo, "doctor", "--workload", "bench.py", "--model", spec, OPENAI_API_KEY=KEY, **more)
            for text in (done.out, done.err, done_too.out, done_too.err):
                assert KEY not in text
                assert PASSWORD not in text, (spec, text)
    assert os.environ.get("OPENAI_API_KEY") != KEY
    assert left_behind(tmp_path, repo) == []
