"""`llmopt report [RUN]`: a run's journal in; a page, Markdown, JSON or a profile for another viewer out."""

from __future__ import annotations

import json
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from llmopt import journal, output, session
from llmopt.data import Profile
from llmopt.errors import ProjectError, UsageError
from llmopt.profilers import pprof, speedscope
from llmopt.reports import gather, html, markdown

STDOUT = "-"


def run(path: Path, name: str, kind: str, file: str, open_it: bool) -> int:
    """Write the report of a run; without `file` a page lies in the run's folder and text goes to standard output."""
    folder = journal.find_run(session.state_of(path), name)
    if file and file != STDOUT and not Path(file).absolute().parent.is_dir():
        raise UsageError(f"--output {file}: there is no folder {Path(file).absolute().parent}")
    written = [_put(target, content) for target, content in KINDS[kind](folder, file)]
    for each in [each for each in written if each]:
        output.say(f"{each}")
    if open_it and written[0]:
        webbrowser.open(written[0].absolute().as_uri())
    return 0


def _put(target: Path | None, content: bytes) -> Path | None:
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return None
    try:
        target.write_bytes(content)
    except OSError as problem:
        raise ProjectError(f"cannot write {target}: {problem.strerror}", "name another file with --output") from None
    return target


Written = Iterator[tuple[Path | None, bytes]]  # None is standard output


def _page(folder: Path, file: str) -> Written:
    text = html.page(gather.report(folder))
    yield _target(file, folder / "report.html"), text.encode("utf-8", "replace")


def _markdown(folder: Path, file: str) -> Written:
    yield _target(file, None), markdown.body(gather.report(folder)).encode("utf-8", "replace")


def _json(folder: Path, file: str) -> Written:
    yield _target(file, None), (json.dumps(journal.plain(gather.report(folder)), indent=1) + "\n").encode()


def _speedscope(folder: Path, file: str) -> Written:
    text = json.dumps(speedscope.document(_profiles(folder)))
    yield _target(file, folder / "profile.speedscope.json"), text.encode()


def _pprof(folder: Path, file: str) -> Written:
    """Two files, for `pprof -diff_base BEFORE AFTER`; with --output the names get "before" and "after" into them."""
    if file == STDOUT:
        raise UsageError("--pprof writes two files", "name them with --output FILE.pb.gz")
    wanted = Path(file) if file else folder / "profile.pb.gz"
    stem, _, suffix = wanted.name.partition(".")
    for name, profile in _profiles(folder).items():
        yield wanted.with_name(f"{stem}-{name}.{suffix or 'pb.gz'}"), pprof.document(profile)


def _profiles(folder: Path) -> dict[str, Profile]:
    if found := gather.profiles(folder):
        return found
    raise ProjectError(f"run {folder.name} took no profile", "it ended before; `llmopt profile` takes one")


def _target(file: str, default: Path | None) -> Path | None:
    return None if file == STDOUT else Path(file) if file else default


KINDS: dict[str, Callable[[Path, str], Written]] = {
    "html": _page,
    "markdown": _markdown,
    "json": _json,
    "speedscope": _speedscope,
    "pprof": _pprof,
}
