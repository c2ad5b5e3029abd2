"""A task in, what it is run with out: the base as a folder, the expert's version beside it, an interpreter with needs.

Everything lies below one folder, and what is there is not made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tasks import Sdist, Task

SHORT = 12  # digits of a digest in a name


@dataclass(frozen=True)
class Built:
    """Where a task's parts are; `base` and `expert` differ in the expert's files only."""

    task: Task
    folder: Path
    python: Path

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def expert(self) -> Path:
        return self.folder / "expert"

    @property
    def workload(self) -> str:
        return f"bench/{self.task.workload.name}"


def built(task: Task, folder: Path) -> Built:
    """The task's folders, made if the task is new or changed; SystemExit for an archive that is not the known one."""
    place = Built(task, folder / task.name, python_with(task.needs, folder / "venvs"))
    stamp, wanted = place.folder / "built", digest(repr(task), task.workload.read_text())
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(place.folder, ignore_errors=True)
        for sdist, target in (
            (task.before, place.base),
            (task.before, place.expert),
            (task.after, place.folder / "new"),
        ):
            unpack(archive(sdist, folder / "sdists"), target)
        for path in task.expert:
            replace(place.expert / path, place.folder / "new" / path)
        shutil.rmtree(place.folder / "new")
        for side in (place.base, place.expert):
            (side / "bench").mkdir(exist_ok=True)
            shutil.copy(task.workload, side / "bench")
        stamp.write_text(wanted)
    return place


def replace(old: Path, new: Path) -> None:
    """Put a file or a whole folder in the place of another."""
    if new.is_dir():
        shutil.rmtree(old)
        shutil.copytree(new, old)
    else:
        shutil.copy(new, old)


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:SHORT]


def archive(sdist: Sdist, folder: Path) -> Path:
    """The sdist's archive, downloaded by pip where it is not there yet."""
    path = folder / f"{sdist.stem}.tar.gz"
    if not path.exists():
        line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder)]
        subprocess.run([*line, sdist.requirement], check=True)
    if hashlib.sha256(path.read_bytes()).hexdigest() != sdist.sha256:
        raise SystemExit(f"{path} is not the archive that the task names")
    return path


def unpack(path: Path, target: Path) -> None:
    """The archive's one folder as `target`."""
    scratch = target.with_name(f"{target.name}.part")
    with tarfile.open(path) as opened:
        opened.extractall(scratch, filter="data")
    (inner,) = scratch.iterdir()
    inner.rename(target)
    scratch.rmdir()


def python_with(needs: tuple[str, ...], folder: Path) -> Path:
    """The interpreter of an environment with these packages; environments are shared among tasks of the same needs."""
    place = folder / digest(sys.version, *needs)
    if not (place / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([str(place / "bin" / "python"), "-m", "pip", "install", "-q", *needs], check=True)
        (place / "ready").touch()
    return place / "bin" / "python"


def checkout(place: Built, target: Path) -> Path:
    """The base as a git repository of one commit: nothing of what came later can be read from it."""
    shutil.copytree(place.base, target)
    name = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-c", "core.hooksPath=/dev/null"]
    for line in (["init", "-q"], ["add", "-A", "-f"], [*name, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *line], cwd=target, check=True)
    return target


def written_out(repository: Path, revision: str, target: Path) -> Path:
    """The files of a commit as a plain folder."""
    target.mkdir(parents=True)
    packed = subprocess.run(["git", "archive", revision], cwd=repository, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", str(target)], input=packed, check=True)
    return target


def environment(place: Built, tree: Path) -> dict[str, str]:
    """What a process needs to import the package from `tree`, with a fixed order of hashes."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return known | {"PYTHONPATH": str(tree / place.task.root), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
