"""The append-only record of a run: every value is written as soon as it exists, and found again on `--resume`.

A journal is a JSON-lines file; each line is {"at": seconds since the epoch, "kind": ..., "key": ..., "value": ...}. A
line that was cut off by a crash is dropped when the file is opened again. `once` is what makes a run resumable: a
stage's value is computed at most once for its key.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pydantic import TypeAdapter, ValidationError

from llmopt.data import Conversation, Model, Outcome, Reply
from llmopt.errors import LlmoptError, ProjectError, UsageError

Value = TypeVar("Value")
FOLDER = ".llmopt"


class Journal:
    """An open journal file. `lines` are the records it held when it was opened, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lines = list(records(path))
        _cut_torn_line(path)
        self._known = {(line["kind"], line["key"]): line["value"] for line in self.lines if line["key"]}
        self._lock = threading.Lock()  # models may be asked side by side
        self._stream = path.open("ab", buffering=0)
        os.fchmod(self._stream.fileno(), 0o600)  # it holds the user's code

    def add(self, kind: str, value: Any, key: str = "") -> None:
        """Append one record; it is on disk when this returns."""
        line = {"at": round(time.time(), 3), "kind": kind, "key": key, "value": plain(value)}
        with self._lock:
            self._write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            if key:
                self._known[kind, key] = line["value"]

    def _write(self, line: bytes) -> None:
        whole = self._stream.tell()
        try:
            while line:
                line = line[self._stream.write(line) :]
            os.fsync(self._stream.fileno())
        except OSError as problem:
            self._stream.truncate(whole)  # a record is there as a whole or not at all
            raise ProjectError(
                f"cannot write {self.path}: {problem.strerror}", "make room, then --resume the run"
            ) from None

    def once(self, kind: str, key: str, of: type[Value], compute: Callable[[], Value]) -> Value:
        """The recorded value of this kind and key, or a computed one, recorded."""
        if (kind, key) in self._known:
            return self._recorded(kind, key, of)
        value = compute()
        self.add(kind, value, key)
        return value

    def _recorded(self, kind: str, key: str, of: type[Value]) -> Value:
        try:
            return TypeAdapter(of).validate_python(self._known[kind, key])
        except ValidationError as problem:
            where = ".".join(str(part) for part in problem.errors()[0]["loc"])
            raise ProjectError(
                f"{self.path}: the {kind} record cannot be used ({where}: {problem.errors()[0]['msg']})",
                "another version of llmopt wrote it: start a new run",
            ) from None

    def value(self, kind: str, key: str) -> Any:
        """The recorded JSON of this kind and key, None if there is none."""
        return self._known.get((kind, key))

    def values(self, kind: str) -> list[Any]:
        """All keyed values of a kind, oldest first."""
        with self._lock:
            return [value for (known, _), value in self._known.items() if known == kind]

    def kinds(self) -> set[str]:
        """The kinds of the records that are there now."""
        return {line["kind"] for line in records(self.path)}

    def seconds(self) -> float:
        """Wall time that earlier sessions of the run took: from each "open" record to the last before the next."""
        total = 0.0
        started = None
        for before, line in zip([None, *self.lines], [*self.lines, None], strict=True):
            if before and started is not None and (line is None or line["kind"] == "open"):
                total += before["at"] - started
            if line and line["kind"] == "open":
                started = line["at"]
        return total

    def remembered(self, model: Model) -> Model:
        """The model, asked at most once for each question: a resumed run pays for nothing twice.

        A question is known by its subject and by how often that was asked before. Its text is no part of the key, so
        that a run also resumes after the prompts have changed.
        """
        asked: Counter[str] = Counter()
        counting = threading.Lock()

        def ask(conversation: Conversation) -> Reply:
            with counting:
                asked[conversation.subject] += 1
                key = f"{conversation.subject} #{asked[conversation.subject]}"

            def call() -> Reply:
                self.add("request", conversation)
                return model(conversation)

            return self.once("reply", key, Reply, call)

        return ask

    def close(self) -> None:
        self._stream.close()


def last_outcome(record: Path) -> Outcome | None:
    """How a run ended, None while it has not; ProjectError for a record that cannot be read."""
    outcome: Any = None
    for line in records(record):
        if line["kind"] == "outcome":
            outcome = line["value"]
    return read_as(Outcome, outcome, record) if outcome else None


def read_as(of: type[Value], value: Any, record: Path) -> Value:
    """A journal's JSON as the value it was; ProjectError for what is none."""
    try:
        return TypeAdapter(of).validate_python(value)
    except ValidationError as problem:
        raise ProjectError(
            f"{record} cannot be read: {problem.errors()[0]['msg']}", "another version of llmopt may have written it"
        ) from None


def plain(value: Any) -> Any:
    """The value as JSON data."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def digest(value: Any) -> str:
    """A short stable name of any value of `llmopt.data`."""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()[:16]


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The whole records of a journal file; the last line may be cut off by a crash and is left out then."""
    if not path.exists():
        return
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                return
            yield _record(line, f"{path}:{number}")


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not {"at", "kind", "key", "value"} <= record.keys():
        raise ProjectError(f"{where} is not a journal record", "the file was changed by hand, or the disk was full")
    return record


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as stream:
            stream.truncate(whole)


def state_folder(root: Path) -> Path:
    """`.llmopt` at the git root, made on first use, for this user's eyes, ignored by a .gitignore of its own.

    ProjectError where it is a link: a repository could then have llmopt write, and change rights, anywhere.
    """
    folder = root / FOLDER
    below = (folder / name for name in ("runs", "bench", "cache", "cache/ci", "cache/hot", "cache/verdicts"))
    if link := next((each for each in (folder, *below) if each.is_symlink()), None):
        raise ProjectError(f"{link} is a symbolic link", "llmopt keeps its journal there; remove the link")
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o700)
        if not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n")
    except OSError as problem:
        raise ProjectError(
            f"cannot write {folder}: {problem.strerror}",
            "llmopt keeps its journal there; make the checkout writable, or use --no-git to work on a copy",
        ) from None
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One run at a time on a repository: two would disturb each other's timing. The lock ends with the process."""
    with _lock_file(folder / "lock") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise LlmoptError(
                f"another llmopt run ({stream.read().strip() or 'unknown'}) works on this repository",
                "wait for it or stop it: two at once would disturb each other's timing",
            ) from None
        stream.truncate(0)
        stream.write(f"process {os.getpid()}")
        stream.flush()
        yield


def _lock_file(path: Path) -> TextIO:
    try:
        return path.open("a+")
    except OSError as problem:
        raise ProjectError(
            f"cannot write {path}: {problem.strerror}", "llmopt keeps its journal there; make it writable"
        ) from None


def new_run(folder: Path) -> str:
    """A fresh name for a run, its folder made: the local time, and a number if that is taken."""
    (folder / "runs").mkdir(exist_ok=True)
    name = datetime.now().strftime("%Y%m%d-%H%M%S")
    for number in range(1, 100):
        run = name if number == 1 else f"{name}-{number}"
        try:
            (folder / "runs" / run).mkdir(mode=0o700)
        except FileExistsError:
            continue
        return run
    raise LlmoptError(f"cannot name a new run in {folder}")


def find_run(folder: Path, name: str) -> Path:
    """The folder of a run; "last" is the newest. UsageError that names the known runs."""
    runs = sorted(p.name for p in (folder / "runs").glob("*") if (p / "journal.jsonl").exists())
    if name == "last" and runs:
        name = runs[-1]
    if name == "last" and not runs:
        raise UsageError(f"there are no runs yet in {folder}", "`llmopt optimize` makes the first")
    if name not in runs:
        known = ", ".join(runs[-5:]) or "none yet"
        raise UsageError(f"no run is called {name!r} in {folder}", f"known: {known}; `llmopt runs` lists them")
    return folder / "runs" / name
