"""Bad input: each ends in one clear line and a documented exit code, and nothing of the user's is lost."""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest
import shop
from model_server import Answer, ModelServer
from shop import GOOD, WRONG, Done, answers, git, llmopt

from llmopt import sandbox

IN_ITS_PLACE = not sandbox.unusable("bubblewrap")  # the tree can stand in the checkout's place
FAST = ("--workload", "bench.py", "--no-rules", "--function", "customers")
EQUIVALENCE = ("calls", "near tests", "output", "tests")
ESCAPE = "\x1b"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return shop.repository(tmp_path / "shop [x] *? of mine")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository for calls that end before a run begins."""
    return shop.repository(tmp_path_factory.mktemp("shared") / "shop")


def own(*arguments: object, folder: Path, prefix: tuple[str, ...] = (), **more: str) -> Done:
    """A call of llmopt as it is, without the --python that `shop.llmopt` adds; `prefix` is what starts it."""
    line = [*prefix, sys.executable, "-m", "llmopt", *(str(argument) for argument in arguments)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=240, env=shop.environment(**more))
    return Done(done.returncode, done.stdout, done.stderr)


def assert_refused(done: Done, code: int, *words: str) -> None:
    """One line on standard error that says these words, and nothing on standard output."""
    assert done.code == code, done.err
    assert done.out == ""
    last = done.err.splitlines()[-1]
    assert last.startswith("llmopt: "), done.err
    assert all(line.startswith("[") for line in done.err.splitlines()[:-1]), done.err  # the log
    assert "internal error" not in last
    for word in words:
        assert word in last


def with_files(folder: Path, **files: str) -> Path:
    """The shop with other files; "tests__test_orders" stands for tests/test_orders.py."""
    named = {f"{name.replace('__', '/')}.py": text for name, text in files.items()}
    return shop.repository(folder / "shop", {**shop.FILES, **named})


# --- the command line and the configuration ---------------------------------------------------------------------

USAGE = {
    "unknown flag": (("optimize", "--nope"), "No such option: --nope"),
    "unknown command": (("optimise",), "No such command 'optimise'"),
    "flag without value": (("optimize", "--model"), "'--model' requires an argument"),
    "no number": (("optimize", "--min-speedup", "fast"), "'--min-speedup'"),
    "too small": (("optimize", "--min-speedup", "0.5"), "greater than or equal to 1"),
    "no time": (("optimize", "--max-time", "soon"), "max_time = 'soon' in the arguments: a time is written as 90s"),
    "no way to keep": (("optimize", "--keep", "all"), "'branch', 'commit', 'worktree', 'patch' or 'index'"),
    "no folder": (("optimize", "nowhere"), "nowhere does not exist"),
    "no folder to list": (("runs", "nowhere"), "nowhere does not exist"),
    "no folder to set up": (("init", "nowhere"), "nowhere does not exist"),
    "no interpreter": (("optimize", "--python", "/nowhere/python"), "--python /nowhere/python is no interpreter"),
    "no root": (("optimize", "--root", "../else", *FAST), "../else is no folder of"),
    "no workload": (("optimize", "--workload", "bnch.py"), "did you mean bench.py?"),
    "no weight": (("optimize", "--workload", "bench.py@0"), "bench.py@0 is 0"),
    "no model": (("optimize", *FAST, "--model", "gpt-5"), "did you mean openai:gpt-5?"),
    "no rules": (("optimize", *FAST, "--model", "rule"), "did you mean rules?"),
    "no kind of model": (("optimize", *FAST, "--model", "oracle:x"), "unknown kind of model in 'oracle:x'"),
    "no transcript": (("optimize", *FAST, "--model", "replay:nowhere.jsonl"), "nowhere.jsonl"),
    "no run to resume": (("optimize", "--resume", "20200101-000000"), "no run is called '20200101-000000'"),
    "no run to show": (("show", "../.."), "no run is called '../..'"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_one_line_and_exit_code_2(shared: Path, name: str) -> None:
    arguments, words = USAGE[name]
    before = shop.state(shared)
    assert_refused(own(*arguments, folder=shared), 2, words)
    assert shop.state(shared) == before


CONFIGURATION = {
    "unknown setting": ("[tool.llmopt]\nworkload = 'bench.py'\n", "did you mean 'workloads'?"),
    "malformed": ("[tool.llmopt\n", "pyproject.toml cannot be read"),
    "wrong value": ("[tool.llmopt]\nattempts = 'many'\n", "attempts = 'many'"),
    "no table": ("[tool]\nllmopt = 3\n", "[tool.llmopt] is not a table"),
}


@pytest.mark.parametrize("name", CONFIGURATION)
def test_a_wrong_configuration_is_one_line_and_exit_code_2(tmp_path: Path, name: str) -> None:
    text, words = CONFIGURATION[name]
    folder = shop.repository(tmp_path / "shop", {**shop.FILES, "pyproject.toml": text})
    assert_refused(own("optimize", folder=folder), 2, words, str(folder / "pyproject.toml"))


@pytest.mark.slow
def test_a_wrong_variable_is_one_line_and_exit_code_2(shared: Path) -> None:
    assert_refused(own("optimize", folder=shared, LLMOPT_KEEP="all"), 2, "keep = 'all' in the environment")
    size = "max_memory = 'big' in the environment: a size is written as 512MB or 8GB"
    assert_refused(own("optimize", folder=shared, LLMOPT_MAX_MEMORY="big"), 2, size)


def test_a_run_that_could_not_begin_leaves_no_run_and_no_ref(repo: Path) -> None:
    assert_refused(own("optimize", "--workload", "nowhere.py", folder=repo), 2)
    assert not list((repo / ".llmopt" / "runs").iterdir())
    assert git(repo, "for-each-ref", "refs/llmopt") == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--model", "antropic:x"),
        ("--model", "anthropic:x"),
        ("--test", "python -m nothing"),
        ("--no-git", "--model", "x"),
    ],
)
def test_a_run_that_ended_before_it_found_anything_is_not_offered_to_be_resumed(
    repo: Path, arguments: tuple[str, ...]
) -> None:
    assert own("optimize", *FAST, *arguments, folder=repo).code in (1, 2)
    assert own("runs", folder=repo).out.startswith("No runs yet")
    assert "no runs yet" in own(folder=repo).out
    assert git(repo, "for-each-ref", "refs/llmopt") == ""


def test_a_function_that_the_workload_does_not_run_is_refused_by_name(repo: Path) -> None:
    refused = own("profile", "--workload", "bench.py", "--function", "costumers", folder=repo)
    assert_refused(refused, 2, "--function costumers: the workload was not seen to run", "did you mean customers?")


def test_a_missing_key_is_told_before_anything_runs(shared: Path) -> None:
    done = own("optimize", *FAST, "--model", "anthropic:claude-opus-5-5", "--json", folder=shared)
    assert_refused(done, 1, "ANTHROPIC_API_KEY is not set", "export ANTHROPIC_API_KEY")
    assert "tests pass" not in done.err


def test_quiet_errors_are_the_only_line(shared: Path) -> None:
    done = own("optimize", *FAST, "--model", "openai:gpt-x", "--quiet", "--json", folder=shared)
    assert_refused(done, 1, "OPENAI_API_KEY is not set")
    assert done.err.count("\n") == 1


# --- folders that are no checkout --------------------------------------------------------------------------------


def test_a_folder_without_git_is_refused_and_stays_empty(tmp_path: Path) -> None:
    assert_refused(own("optimize", folder=tmp_path), 1, "is in no git repository", "git init", "--no-git")
    assert_refused(own("show", folder=tmp_path), 2, "there are no runs yet", "`llmopt optimize` makes the first")
    assert_refused(own("check", "--quiet", folder=tmp_path), 1, f"{tmp_path} is in no git repository")
    assert own("runs", folder=tmp_path).out.startswith("No runs yet")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_has_nothing_to_make_faster(tmp_path: Path) -> None:
    refused = own("optimize", "--no-git", folder=tmp_path)
    assert_refused(refused, 1, f"{tmp_path} has neither benchmarks nor tests", "--workload")
    git(tmp_path, "init", "--quiet")
    assert_refused(own("optimize", folder=tmp_path), 1, "neither benchmarks nor tests")


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare")
    assert_refused(own("optimize", folder=tmp_path), 1, "bare repository", "git clone")


def test_without_git_on_the_path_it_is_asked_for(shared: Path) -> None:
    assert_refused(own("optimize", folder=shared, PATH="/nowhere"), 1, "git is not on the PATH", "install git")


@pytest.mark.slow
def test_a_repository_without_commits_is_a_start(tmp_path: Path) -> None:
    folder = shop.write(tmp_path / "shop", shop.FILES)
    git(folder, "init", "--quiet")
    done = llmopt(folder, "profile", "--workload", "bench.py", "--json")
    assert done.code == 0, done.err
    assert done.json["functions"][0]["function"] == "customers"
    assert git(folder, "for-each-ref") == ""


# --- tests -------------------------------------------------------------------------------------------------------


def test_a_project_without_tests_is_refused_unless_that_is_allowed(tmp_path: Path) -> None:
    files = {name: text for name, text in shop.FILES.items() if not name.startswith(("tests/", "pyproject"))}
    folder = shop.repository(tmp_path / "shop", files)
    assert_refused(
        own("optimize", *FAST, "--json", folder=folder), 1, "no tests were found", "--test", "--allow-no-tests"
    )


def test_tests_that_all_fail_are_refused(tmp_path: Path) -> None:
    folder = with_files(tmp_path, tests__test_orders="def test_total():\n    assert False\n")
    words = ("no test passes on the unchanged code", "tests/test_orders.py::test_total", "--test")
    assert_refused(llmopt(folder, "optimize", *FAST), 1, *words)


@pytest.mark.slow
def test_failing_and_flaky_tests_are_reported_and_left_out_of_the_gate(tmp_path: Path) -> None:
    bad = """
        from pathlib import Path


        def test_fails():
            assert False


        def test_flaky():
            seen = Path("flaky")  # in the tree, of which both runs of the base have the same
            seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
            assert len(seen.read_text()) % 2
        """
    folder = with_files(tmp_path, tests__test_bad=textwrap.dedent(bad))
    with ModelServer([Answer(WRONG)]) as server:
        model = ("--attempts", "1", "--model", f"openai:local-model@{server.url}/v1")
        done = llmopt(folder, "optimize", *FAST, *model, "--json", NO_PROXY="*")
    assert done.code == 3, done.err
    notices = [line for line in done.err.splitlines() if "left out" in line]
    assert [line.partition("tests/test_bad.py::")[2] for line in notices] == ["test_fails", "test_flaky"]
    assert "customers differs from the base" in done.json["rejected"][0]["reason"]


def test_an_interpreter_without_pytest_is_told(repo: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "environment", with_pip=False)
    python = ("--python", tmp_path / "environment")
    done = own("optimize", *FAST, *python, "--quiet", folder=repo)
    assert_refused(done, 1, "the project has tests that need pytest", "has no pytest", "--python or --test")
    assert_refused(own("optimize", *FAST, *python, "--test", "pytest", folder=repo), 1, "-m pip install pytest")


# --- workloads ---------------------------------------------------------------------------------------------------

WORKLOADS = {
    "crashes": ("raise ValueError('no data')", ("exit code 1", "ValueError: no data", 'File "work.py"')),
    "exits": ("raise SystemExit(3)", ("exit code 3",)),
    "hangs": ("import time\ntime.sleep(60)", ("timed out after 2 s (--workload-timeout)", "more time")),
    "is loud": ("import sys\nprint('x' * 5_000_000)\nsys.exit('too loud')", ("exit code 1: too loud",)),
    "colours": ("import sys\nsys.exit('\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07 \\x9b31m')", ("red",)),
    "leaves": ("def workload():\n    import os\n    os._exit(0)", ("its timed part", "os._exit()")),
    "does not parse": ("def workload(:\n    pass", ("SyntaxError",)),
}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_that_does_not_run_is_told(tmp_path: Path, name: str) -> None:
    text, words = WORKLOADS[name]
    folder = with_files(tmp_path, work=f"{text}\n")
    started = time.monotonic()
    done = llmopt(folder, "profile", "--workload", "work.py", "--workload-timeout", "2s", "--json")
    assert_refused(done, 1, "workload work.py", *words)
    assert time.monotonic() - started < 30
    assert len(done.err) < 2000
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f]", done.err)
    assert "llmopt-scratch" not in done.err


def test_a_function_that_is_not_there_is_told(shared: Path) -> None:
    done = llmopt(shared, "profile", "--workload", "shop.orders:rebate")
    assert_refused(done, 1, "workload shop.orders:rebate", "has no attribute 'rebate'")


@pytest.mark.slow
def test_megabytes_of_output_do_no_harm(tmp_path: Path) -> None:
    folder = with_files(tmp_path, bench=textwrap.dedent(shop.FILES["bench.py"]) + "    print('x' * 5_000_000)\n")
    done = llmopt(folder, "profile", "--workload", "bench.py", "--json")
    assert done.code == 0, done.err
    assert done.json["functions"][0]["function"] == "customers"
    assert "xxx" not in done.out + done.err


@pytest.mark.slow
def test_code_at_module_level_only_is_nothing_to_do(tmp_path: Path) -> None:
    slow = "total = 0\nfor number in range(300_000):\n    total += number\n"
    files = {"work.py": slow, "test_work.py": "def test_nothing():\n    pass\n"}
    folder = shop.repository(tmp_path / "script", files)
    done = llmopt(folder, "optimize", "--workload", "python work.py", "--json")
    assert done.code == 0, done.err
    assert (done.json["accepted"], done.json["rejected"]) == ([], [])


# --- repositories that are not plain ------------------------------------------------------------------------------


def tried(folder: Path, reply: str = WRONG, root: Path | None = None, **more: str) -> str:
    """Let a wrong edit be tried in the folder; the candidate's commit. The user's state stays."""
    before = shop.state(root or folder)
    with ModelServer([Answer(reply)]) as server:
        model = ("--attempts", "1", "--model", f"openai:local-model@{server.url}/v1")
        done = llmopt(folder, "optimize", *FAST, *model, "--json", NO_PROXY="*", **more)
    assert done.code == 3, done.err
    [rejected] = done.json["rejected"]
    assert rejected["stage"] in EQUIVALENCE, rejected
    assert shop.state(root or folder) == before
    return str(llmopt(folder, "show", "--json").json["verdicts"][0]["commit"])


@pytest.mark.slow
def test_line_ends_and_encodings_stay_in_an_edited_file(repo: Path) -> None:
    source = repo / "shop" / "orders.py"
    text = f"# -*- coding: latin-1 -*-\n# café\n{source.read_text()}"
    source.write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    (repo / "shop" / "broken.py").write_bytes(b"# caf\xe9: no declared encoding\n")
    commit = tried(repo)
    line = ["git", "show", f"{commit}:shop/orders.py"]
    edited = subprocess.run(line, cwd=repo, capture_output=True, check=True, env=shop.environment()).stdout
    assert b"sorted(set(" in edited
    assert edited.startswith(b"# -*- coding: latin-1 -*-\r\n# caf\xe9\r\n")
    assert edited.count(b"\r\n") == edited.count(b"\n")


@pytest.mark.slow
def test_odd_files_links_and_a_submodule_are_no_hindrance(repo: Path, tmp_path: Path) -> None:
    other = shop.repository(tmp_path / "rates", {"rates/__init__.py": "FACTOR = 1\n"})
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other), "vendor/rates")
    (repo / "shop" / "naïve [a] *?.py").write_text("X = 1\n")
    (repo / "dangling").symlink_to("nowhere")
    (repo / "loop").symlink_to("loop")
    (repo / "outside").symlink_to("/etc")
    (repo / os.fsdecode(b"bad\xff.txt")).write_text("no UTF-8 in the name\n")
    os.mkfifo(repo / "pipe")
    bench = (repo / "bench.py").read_text()
    (repo / "bench.py").write_text("import sys\nsys.path.insert(0, 'vendor/rates')\nimport rates\n" + bench)
    git(repo, "add", "shop", "dangling", "loop", "outside", "bench.py")
    git(repo, "commit", "--quiet", "--message", "Odd things")
    commit = tried(repo)
    assert git(repo, "diff", "--name-only", f"{commit}^", commit) == "shop/orders.py"


@pytest.mark.slow
def test_ignored_build_products_come_along(repo: Path) -> None:
    (repo / ".gitignore").write_text("__pycache__/\n*.so\nshop/version.py\n")
    git(repo, "commit", "--quiet", "--all", "--message", "Ignore")
    (repo / "shop" / "version.py").write_text("VERSION = '1'\n")
    (repo / "shop" / "_fast.so").write_bytes(b"built in place")
    bench = (repo / "bench.py").read_text()
    check = "import pathlib, shop.version\nassert pathlib.Path(shop.version.__file__).with_name('_fast.so').exists()\n"
    (repo / "bench.py").write_text(check + bench)
    assert llmopt(repo, "profile", "--workload", "bench.py", "--quiet").code == 0


@pytest.mark.slow
def test_a_project_below_the_root_of_a_monorepo_is_measured_there(tmp_path: Path) -> None:
    files = {f"services/shop one/{name}": text for name, text in shop.FILES.items()}
    root = shop.repository(tmp_path / "mono", {**files, "README": "All of it.\n"})
    project = root / "services" / "shop one"
    reply = WRONG.replace("shop/orders.py", "services/shop one/shop/orders.py")
    commit = tried(project, reply, root)
    assert git(root, "diff", "--name-only", f"{commit}^", commit) == "services/shop one/shop/orders.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layout", "confined"), [("path", "auto"), ("hook", "off"), *([("hook", "bubblewrap")] if IN_ITS_PLACE else [])]
)
def test_an_editable_install_of_the_checkout_is_never_what_is_measured(
    tmp_path: Path, layout: str, confined: str
) -> None:
    files = {f"src/{name}" if name.startswith("shop/") else name: text for name, text in shop.FILES.items()}
    repo = shop.repository(tmp_path / "shop", {**files, "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n'})
    venv.create(tmp_path / "environment", with_pip=False)
    [packages] = (tmp_path / "environment" / "lib").glob("python*/site-packages")
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "tests.pth").write_text(f"{ours}\n")
    install_editable(packages, repo / "src", layout)
    reply = WRONG.replace("shop/orders.py", "src/shop/orders.py")
    with ModelServer([Answer(reply)]) as server:
        model = ("--attempts", "1", "--model", f"openai:local-model@{server.url}/v1")
        python = ("--python", tmp_path / "environment")
        done = own("optimize", *FAST, *model, *python, "--sandbox", confined, "--json", folder=repo, NO_PROXY="*")
    if (layout, confined) == ("hook", "off"):
        assert_refused(done, 1, "src/shop/__init__.py from your checkout, not from the tree", "roots")
    else:  # the tests saw the wrong edit: they ran the candidate
        assert done.code == 3, done.err
        assert done.json["rejected"][0]["stage"] in EQUIVALENCE


def install_editable(packages: Path, source: Path, layout: str) -> None:
    """What an editable install leaves: a path, or a hook of the import system that wins over every path."""
    if layout == "path":
        (packages / "__editable__.shop.pth").write_text(f"{source}\n")
        return
    finder = f"""
        import importlib.util
        import sys

        MAPPING = {{"shop": {str(source / "shop")!r}}}


        class Finder:
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                if name not in MAPPING:
                    return None
                folder = MAPPING[name]
                return importlib.util.spec_from_file_location(
                    name, folder + "/__init__.py", submodule_search_locations=[folder]
                )


        sys.meta_path.insert(0, Finder)
        """
    (packages / "_shop_hook.py").write_text(textwrap.dedent(finder))
    (packages / "__editable__.shop.pth").write_text("import _shop_hook\n")


# --- states of a checkout -----------------------------------------------------------------------------------------


def detached(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "--detach")


def merging(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "other")
    (repo / "other.txt").write_text("other\n")
    git(repo, "add", "other.txt")
    git(repo, "commit", "--quiet", "--message", "Other")
    git(repo, "checkout", "--quiet", "main")
    (repo / "ours.txt").write_text("ours\n")
    git(repo, "add", "ours.txt")
    git(repo, "commit", "--quiet", "--message", "Ours")
    git(repo, "merge", "--quiet", "--no-commit", "other")


def dirty(repo: Path) -> None:
    (repo / "staged.txt").write_text("staged\n")
    git(repo, "add", "staged.txt")
    (repo / "staged.txt").write_text("changed since\n")
    (repo / "new.txt").write_text("not tracked\n")
    (repo / "pyproject.toml").write_text((repo / "pyproject.toml").read_text() + "# changed\n")


def nameless(repo: Path) -> None:
    git(repo, "config", "--unset", "user.name")
    git(repo, "config", "--unset", "user.email")
    (repo / "new.txt").write_text("not tracked\n")


def everything(repo: Path) -> tuple[str, ...]:
    """What must stay, also where HEAD is no branch."""
    files = {p: p.read_bytes() for p in repo.rglob("*.txt") if ".llmopt" not in p.parts and ".git" not in p.parts}
    merge = repo / ".git" / "MERGE_HEAD"
    return (
        (repo / ".git" / "HEAD").read_text(),
        git(repo, "show-ref", "--heads"),
        git(repo, "ls-files", "--stage"),
        git(repo, "status", "--porcelain"),
        merge.read_text() if merge.exists() else "",
        str(sorted(files.items())),
    )


@pytest.mark.parametrize("put", [pytest.param(detached, marks=pytest.mark.slow), merging, dirty, nameless])
def test_any_state_of_a_checkout_is_a_base_and_stays(repo: Path, tmp_path: Path, put: object) -> None:
    assert callable(put)
    put(repo)
    before = everything(repo)
    home = tmp_path / "home"
    home.mkdir()
    outside = {"HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = llmopt(repo, "profile", "--workload", "bench.py", "--json", **outside)
    assert done.code == 0, done.err
    assert done.json["functions"][0]["function"] == "customers"
    assert everything(repo) == before


def test_a_merge_with_conflicts_is_told_by_the_workload(repo: Path) -> None:
    git(repo, "checkout", "--quiet", "-b", "other")
    (repo / "shop" / "orders.py").write_text("other = 1\n")
    git(repo, "commit", "--quiet", "--all", "--message", "Other")
    git(repo, "checkout", "--quiet", "main")
    (repo / "shop" / "orders.py").write_text("ours = 1\n")
    git(repo, "commit", "--quiet", "--all", "--message", "Ours")
    subprocess.run(["git", "merge", "other"], cwd=repo, capture_output=True, env=shop.environment())
    before = everything(repo)
    assert_refused(llmopt(repo, "profile", "--workload", "bench.py"), 1, "<<<<<<<", "SyntaxError")
    assert everything(repo) == before


@pytest.mark.slow
def test_the_variables_of_a_git_hook_change_nothing(repo: Path, tmp_path: Path) -> None:
    index = tmp_path / "index of the hook"
    hook = {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(tmp_path), "GIT_PREFIX": "x/"}
    done = llmopt(repo, "profile", "--workload", "bench.py", "--json", **hook)
    assert done.code == 0, done.err
    assert not index.exists()


# --- disks ---------------------------------------------------------------------------------------------------------


def mounted(script: str) -> tuple[str, ...]:
    """What starts a command after a mount that it alone sees; skips where mounting is not allowed."""
    probe = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True) if os.geteuid() == 0 else None
    if probe is None or probe.returncode:
        pytest.skip("mounting needs root and a system that lets it")
    return ("unshare", "-m", "sh", "-c", f'{script} && exec "$@"', "sh")


def read_only(folder: Path) -> str:
    name = shlex.quote(str(folder))
    return f"mount --bind {name} {name} && mount -o remount,ro,bind {name}"


def python() -> tuple[str, str]:
    return "--python", sys.executable


def test_a_read_only_checkout_is_told(repo: Path) -> None:
    prefix = mounted(read_only(repo))
    done = own("optimize", *FAST, *python(), folder=repo, prefix=prefix)
    assert_refused(done, 1, ".llmopt", "Read-only file system", "--no-git")
    done = own("init", "--yes", *python(), folder=repo, prefix=prefix)
    assert_refused(done, 1, "pyproject.toml", "Read-only file system")
    done = own("optimize", *FAST, *python(), folder=repo, prefix=mounted(read_only(repo / ".git")))
    assert_refused(done, 1, "cannot write git objects", "--no-git")


@pytest.mark.slow
def test_a_read_only_checkout_is_optimized_on_a_copy(repo: Path, tmp_path: Path) -> None:
    home = tmp_path / "state"
    arguments = ("optimize", *FAST, *python(), "--no-git", "--model", answers(tmp_path / "m", GOOD), "--json")
    prefix = mounted(read_only(repo))
    done = own(*arguments, folder=repo, prefix=prefix, XDG_STATE_HOME=str(home))
    assert done.code == 0, done.err
    [patch] = home.rglob("kept.patch")
    git(repo, "apply", str(patch))
    assert "dict.fromkeys" in (repo / "shop" / "orders.py").read_text()


def test_a_full_disk_for_temporary_files_is_told(repo: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    before = shop.state(repo)
    prefix = mounted(f"mount -t tmpfs -o size=16k none {small}")
    done = own("optimize", *FAST, *python(), folder=repo, prefix=prefix, TMPDIR=str(small))
    assert_refused(done, 1, str(small))
    assert shop.state(repo) == before


def test_a_full_disk_for_the_journal_is_told(repo: Path) -> None:
    (repo / ".llmopt").mkdir()
    before = shop.state(repo)
    prefix = mounted(f"mount -t tmpfs -o size=8k none {shlex.quote(str(repo / '.llmopt'))}")
    done = own("optimize", *FAST, *python(), folder=repo, prefix=prefix)
    assert_refused(done, 1, "journal.jsonl", "No space left on device", "make room")
    assert shop.state(repo) == before


# --- endings: interrupts, kills, readers that go ---------------------------------------------------------------------


def processes_of(folder: Path) -> list[str]:
    """Processes whose temporary folder is below this one."""
    mark = f"={folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [path.parent.name] if mark in path.read_bytes() else []
        except OSError:
            continue
    return found


def stopped(
    repo: Path, temporary: Path, at: str, number: int, *arguments: object, environment: Mapping[str, str] | None = None
) -> Done:
    """llmopt ended by a signal a moment after its log said these words."""
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        shop.command("optimize", *FAST, *arguments, "--verbose"),
        cwd=repo,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=shop.environment(TMPDIR=str(temporary), **(environment or {})),
    ) as running:
        assert running.stderr is not None
        seen = next((line for line in running.stderr if at in line), "")
        assert seen, f"the log never said {at!r}"
        time.sleep(0.3)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
        return Done(running.returncode, out, err)


def assert_clean_end(done: Done, temporary: Path) -> None:
    assert done.code == 130
    assert done.err.splitlines()[-1] == "llmopt: interrupted"
    assert "Traceback" not in done.err
    assert list(temporary.iterdir()) == []
    assert processes_of(temporary) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_tests_ends_cleanly(tmp_path: Path, number: int) -> None:
    folder = with_files(tmp_path, tests__test_slow="import time\n\n\ndef test_slow():\n    time.sleep(30)\n")
    done = stopped(folder, tmp_path / "tmp", "tests on the base, first run", number)
    assert_clean_end(done, tmp_path / "tmp")
    assert done.out == ""


def test_sigterm_during_a_model_call_ends_cleanly(repo: Path, tmp_path: Path) -> None:
    model = ("--model", f"manual:{tmp_path / 'm'}", "--json")
    done = stopped(repo, tmp_path / "tmp", "… asking", signal.SIGTERM, *model)
    assert_clean_end(done, tmp_path / "tmp")
    assert done.json["interrupted"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_timing_ends_cleanly(repo: Path, tmp_path: Path, number: int) -> None:
    done = stopped(repo, tmp_path / "tmp", "… timing", number, "--model", answers(tmp_path / "m", GOOD))
    assert_clean_end(done, tmp_path / "tmp")
    assert git(repo, "branch", "--list", "llmopt/*") == ""


@pytest.mark.slow
def test_an_interrupt_after_an_edit_was_kept_loses_nothing(repo: Path, tmp_path: Path) -> None:
    model = ("--model", answers(tmp_path / "m", GOOD), "--json")
    done = stopped(repo, tmp_path / "tmp", "measuring all kept edits", signal.SIGINT, *model)
    assert_clean_end(done, tmp_path / "tmp")
    assert done.json["measured"] == "per edit"
    assert "dict.fromkeys" in git(repo, "show", f"{done.json['branch']}:shop/orders.py")


@pytest.mark.slow
@pytest.mark.parametrize(
    "at",
    [
        "tests on the base, second",
        pytest.param("workload 1", marks=pytest.mark.thorough),
        pytest.param("profiling, second pass", marks=pytest.mark.thorough),
        "… calls:",
    ],
)
def test_a_run_killed_at_any_stage_resumes(repo: Path, tmp_path: Path, at: str) -> None:
    before = shop.state(repo)
    model = ("--attempts", "1", "--model", answers(tmp_path / "m", WRONG))
    stopped(repo, tmp_path / "tmp", at, signal.SIGKILL, *model)
    done = llmopt(repo, "optimize", "--resume", "last", "--json", TMPDIR=str(tmp_path / "tmp"))
    assert done.code == 3, done.err
    assert len(done.json["rejected"]) == 1
    assert len(list((tmp_path / "m").glob("*-request.md"))) == 1
    assert list((tmp_path / "tmp").glob("llmopt-scratch-*")) == []
    assert shop.state(repo) == before


@pytest.mark.parametrize("arguments", ["show", "--help", "runs --json"])
def test_a_reader_that_goes_is_no_error(ended: Path, arguments: str) -> None:
    line = f"{shlex.quote(sys.executable)} -m llmopt {arguments} | true"
    done = subprocess.run(line, shell=True, cwd=ended, capture_output=True, text=True, env=shop.environment())
    assert done.stderr == ""


@pytest.mark.slow
def test_output_has_no_escape_codes_where_there_is_no_terminal(ended: Path) -> None:
    for arguments in (("show",), ("runs",), ("--help",), ("optimize", "--dry-run", *FAST)):
        done = llmopt(ended, *arguments)
        assert done.code == 0, done.err
        assert ESCAPE not in done.out + done.err


def test_no_color_leaves_a_terminal_without_colours(ended: Path) -> None:
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "llmopt", "show"]
    environment = shop.environment(NO_COLOR="1", TERM="xterm-256color")
    with subprocess.Popen(line, cwd=ended, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as running:
        os.close(theirs)
        shown = read_all(ours)
    assert running.returncode == 0
    assert "turned down at" in shown
    assert not re.search(r"\x1b\[[0-9;]*[34][0-9]", shown)


def read_all(descriptor: int) -> str:
    """What a terminal shows until nobody writes to it."""
    seen = b""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # how Linux says that the other end is closed
            chunk = b""
        if not chunk:
            os.close(descriptor)
            return seen.decode(errors="replace")
        seen += chunk


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a run that ended with nothing kept, called with --quiet."""
    folder = tmp_path_factory.mktemp("ended")
    repo = shop.repository(folder / "shop")
    with ModelServer([Answer(WRONG)]) as server:
        model = ("--attempts", "1", "--model", f"openai:local-model@{server.url}/v1")
        done = llmopt(repo, "optimize", *FAST, *model, "--quiet", NO_PROXY="*")
    assert done.code == 3, done.err
    assert done.err == ""
    assert done.out.startswith("Nothing kept: 1 edit tried")
    return repo


def test_a_damaged_journal_is_told_and_hides_no_other_run(ended: Path) -> None:
    [good] = (ended / ".llmopt" / "runs").iterdir()
    bad = good.with_name("20200101-000000")
    bad.mkdir()
    bad.joinpath("journal.jsonl").write_text('{"at": 1, "kind": "start", "key": "start", "value": {}}\nrubbish\n')
    try:
        for arguments in (("optimize", "--resume", bad.name), ("show", bad.name)):
            assert_refused(own(*arguments, folder=ended), 1, "journal.jsonl:2 is not a journal record")
        listed = own("runs", folder=ended)
        assert listed.code == 0, listed.err
        assert good.name in listed.out
        assert "damaged" in listed.out
    finally:
        bad.joinpath("journal.jsonl").unlink()
        bad.rmdir()
