"""The hooks as a user has them: installed by the real pre-commit from a git URL, run by `git commit` and `git push`.

llmopt is installed once for all tests, with what it needs, into pre-commit's own environment.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import iniconfig  # a small real package, which pytest brings
import pytest
import shop
from shop import Done, git

from llmopt import git as plumbing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parent.parent.parent
ORDERS = "shop/orders.py"
CODE = shop.ONE_OF_THREE
OLD = CODE.replace("seen = []", "seen: list[str] = []")
SLOWER = OLD.replace("return len(seen)", "return len([name for name in names if name in seen] and seen)")
TESTS = """
from shop.orders import customers, title, total


def test_customers():
    assert customers(list("bacabd")) == 4
    assert customers([]) == 0


def test_others():
    assert (total([1, 2]), title(["a"])) == (3, ["A"])
"""
WORK = """
from shop.orders import customers


def workload():
    print(customers(["customer %d" % (i % 900) for i in range(4000)]))
"""
INI = """
from iniconfig import IniConfig

TEXT = "".join("[section %d]\\n" % number + "name = value ; and more\\nother = 1\\n" * 1 for number in range(3000))


def workload():
    print(len(list(IniConfig("an.ini", data=TEXT))))
"""
SETTINGS = f"""
[tool.llmopt]
python = "{sys.executable}"
workloads = ["bench.py"]
test = "python -m pytest tests -p no:rerunfailures"
"""  # that plugin opens a socket, which Landlock refuses where there is no bubblewrap
CONFIG = """
default_install_hook_types: [pre-commit, pre-push]
repos:
- repo: {url}
  rev: {rev}
  hooks:
{hooks}
"""


@dataclass(frozen=True)
class Source:
    """llmopt as a git URL on disk, and pre-commit's folder, in which it is installed once."""

    url: str
    rev: str
    home: Path

    def config(self, *hooks: str) -> str:
        return CONFIG.format(url=self.url, rev=self.rev, hooks="\n".join(f"  - {hook}" for hook in hooks)).lstrip()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The checkout as it is, uncommitted work included, in a bare repository."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("no git checkout of llmopt to install from")
    folder = tmp_path_factory.mktemp("source")
    git(folder, "init", "--quiet", "--bare", "llmopt.git")
    commit, _ = plumbing.snapshot(CHECKOUT)
    git(CHECKOUT, "push", "--quiet", "--no-verify", str(folder / "llmopt.git"), f"{commit}:refs/heads/main")
    return Source(f"file://{folder / 'llmopt.git'}", commit, folder / "home")


@dataclass(frozen=True)
class Shop:
    """A repository with the hooks installed, and its remote."""

    folder: Path
    home: Path

    def run(self, *command: str) -> Done:
        """A command of the user's, who has nothing of llmopt on the PATH."""
        environment = shop.environment(PRE_COMMIT_HOME=str(self.home), NO_COLOR="1")
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=environment, timeout=800)
        return Done(done.returncode, done.stdout, done.stderr)

    def commit(self, *arguments: str) -> Done:
        return self.run("git", "commit", "--message", "a change", *arguments)

    def write(self, text: str, *, add: bool = True) -> None:
        (self.folder / ORDERS).write_text(text)
        if add:
            git(self.folder, "add", ORDERS)

    @property
    def text(self) -> str:
        return (self.folder / ORDERS).read_text()


def opened(source: Source, folder: Path, *hooks: str, files: dict[str, str] | None = None) -> Shop:
    files = files or {**shop.FILES, ORDERS: OLD, "tests/test_orders.py": TESTS, "bench.py": WORK}
    files["pyproject.toml"] = files.get("pyproject.toml", "") + SETTINGS
    files[".pre-commit-config.yaml"] = source.config(*hooks)
    made = Shop(shop.repository(folder / "a shop", files), source.home)
    git(folder, "init", "--quiet", "--bare", "remote.git")
    git(made.folder, "remote", "add", "origin", str(folder / "remote.git"))
    git(made.folder, "push", "--quiet", "--set-upstream", "origin", "main")
    done = made.run("pre-commit", "install", "--install-hooks")
    assert done.code == 0, done.out + done.err
    return made


def profiled(made: Shop) -> None:
    done = shop.llmopt(made.folder, "profile", "--quiet")
    assert done.code == 0, done.err


def test_a_commit_is_told_what_is_slow_in_hot_code_and_goes_on(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "id: llmopt-check")
    made.write(OLD.replace("result += amount", "result = result + amount"))
    without = made.commit()
    assert without.code == 0, without.out + without.err
    assert "there is no profile to tell what is hot" in without.err
    profiled(made)
    made.write(made.text.replace("name.title()", "name.title().strip()"))
    cold = made.commit()
    assert cold.code == 0
    assert "1 function touched, none of them hot: not worth a look" in cold.err
    made.write(made.text.replace("seen: list[str] = []", "seen = []"))
    hot = made.commit()
    assert hot.code == 0
    assert f"{ORDERS}:8: customers: " in hot.err
    assert "seen-set: " in hot.err


def test_with_fail_on_a_commit_stops_and_unstaged_and_untracked_work_stays(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "{id: llmopt-check, args: [--fail-on, rules]}")
    profiled(made)
    made.write(CODE)
    made.write(CODE.replace("name not in seen", "name.strip() not in seen"), add=False)  # in the same function
    (made.folder / "new.py").write_text("not tracked")
    before = shop.state(made.folder)
    done = made.commit()
    assert done.code == 1
    assert "exit code: 5" in done.err
    assert "seen-set: " in done.err
    assert shop.state(made.folder) == before


def test_fix_puts_proven_edits_into_the_files_and_not_into_the_commit(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "{id: llmopt-check, args: [--fix]}")
    profiled(made)
    made.write(CODE)
    mine = CODE.replace("name.title()", "name.upper()")
    made.write(mine, add=False)
    done = made.commit()
    assert done.code == 1, done.out + done.err
    assert "files were modified by this hook" in done.err
    assert "set()" in made.text  # the fix, beside what is not staged
    assert "name.upper()" in made.text
    assert git(made.folder, "show", f":{ORDERS}") + "\n" == CODE
    assert git(made.folder, "log", "--format=%s") == "The shop"


def test_fix_yields_to_unstaged_work_in_the_same_lines(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "{id: llmopt-check, args: [--fix]}")
    profiled(made)
    made.write(CODE)
    made.write(CODE.replace("if name not in seen:", "if name.strip() not in seen:"), add=False)
    before = shop.state(made.folder)
    done = made.commit()
    assert done.code == 1
    assert "Rolling back fixes" in done.err  # pre-commit's own
    assert shop.state(made.folder) == before


def test_a_push_that_is_slower_fails_and_one_that_is_not_goes_on(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "id: llmopt-guard")
    made.write(SLOWER)
    assert made.commit().code == 0
    there = git(made.folder, "rev-parse", "origin/main")
    slower = made.run("git", "push")
    assert slower.code == 1
    assert "exit code: 4" in slower.out + slower.err
    assert "slower: 0." in slower.out + slower.err
    assert git(made.folder, "ls-remote", "origin", "main").startswith(there)
    made.write(OLD.replace("result += amount", "result = result + amount"))
    assert made.commit("--amend").code == 0
    fine = made.run("git", "push")
    assert fine.code == 0, fine.out + fine.err
    assert git(made.folder, "ls-remote", "origin", "main").startswith(git(made.folder, "rev-parse", "HEAD"))


def test_the_first_push_of_a_repository_has_nothing_to_compare(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "{id: llmopt-guard, verbose: true}")
    git(tmp_path, "init", "--quiet", "--bare", "other.git")
    done = made.run("git", "push", str(tmp_path / "other.git"), "main:main")
    assert done.code == 0, done.out + done.err
    assert "nothing to compare" in done.out + done.err


def test_what_is_pushed_is_optimized_on_a_branch_and_the_push_goes_on(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "id: llmopt-optimize")
    made.write(CODE)
    assert made.commit().code == 0
    made.write(CODE.replace("name.title()", "name.upper()"), add=False)
    before = git(made.folder, "rev-parse", "HEAD"), git(made.folder, "ls-files", "--stage"), made.text
    done = made.run("git", "push")
    said = done.out + done.err
    assert done.code == 0, said
    assert "faster, end to end" in said
    branch = git(made.folder, "for-each-ref", "--format=%(refname:short)", "refs/heads/llmopt")
    assert "set()" in git(made.folder, "show", f"{branch}:{ORDERS}")
    assert "name.title()" in git(made.folder, "show", f"{branch}:{ORDERS}")
    assert (git(made.folder, "rev-parse", "HEAD"), git(made.folder, "ls-files", "--stage"), made.text) == before
    assert git(made.folder, "ls-remote", "origin", "main").startswith(before[0])


def test_try_repo_runs_the_manifest_as_it_is(source: Source, tmp_path: Path) -> None:
    made = opened(source, tmp_path, "id: llmopt-check")
    made.write(CODE)
    done = made.run("pre-commit", "try-repo", source.url, "llmopt-check", "--ref", source.rev, "--verbose")
    assert done.code == 0, done.out + done.err
    assert "there is no profile" in done.out


def test_a_real_package_is_checked_when_it_is_committed_and_measured_when_it_is_pushed(
    source: Source, tmp_path: Path
) -> None:
    package = Path(iniconfig.__file__).parent
    files = {f"iniconfig/{path.name}": path.read_text() for path in package.glob("*.py")}
    made = opened(source, tmp_path, "id: llmopt-check", "id: llmopt-guard", files={**files, "bench.py": INI})
    profiled(made)
    parser = made.folder / "iniconfig" / "_parse.py"
    old = parser.read_text()
    new = old.replace("in enumerate(line_iter):", "in enumerate(list(line_iter)):")
    parser.write_text(new)
    git(made.folder, "add", "iniconfig")
    mine = new.replace("in enumerate(list(line_iter)):", "in enumerate(tuple(line_iter)):")
    parser.write_text(mine)  # not staged, on the same line
    done = made.commit()
    assert done.code == 0, done.err
    assert "iniconfig/_parse.py:" in done.err
    assert "parse_lines: " in done.err
    assert parser.read_text() == mine
    assert git(made.folder, "show", "HEAD:iniconfig/_parse.py") + "\n" == new
    slower = "        sum(ord(each) for each in line * 9)\n        name, data = _parseline("
    parser.write_text(new.replace("        name, data = _parseline(", slower))
    assert made.commit("--all").code == 0
    parser.write_text(parser.read_text() + "# not staged\n")
    pushed = made.run("git", "push")
    assert pushed.code == 1
    assert "slower: 0." in pushed.out + pushed.err
    assert parser.read_text().endswith("# not staged\n")
