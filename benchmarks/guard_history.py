"""The guard over performance commits of public repositories: which share of people's edits it would turn down, and why.

    python benchmarks/guard_history.py REPOSITORY... [--most 120] [--save benchmarks/data/guard_history.jsonl]
    python benchmarks/guard_history.py --judged

Each REPOSITORY is a clone with its history, in a folder `owner+name` or `owner+name/repo`. Its commits whose subject
speaks of performance and that change library code are taken as candidates, the newest first; tests, documentation and
whatever else an edit of llmopt would not touch are left out of them. `--save` keeps repository, commit and verdict,
none of the code, and how the refusals were judged by eye. `--judged` counts what is saved, without any repository.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from llmopt.checks import guard, interface

DATA = Path(__file__).parent / "data" / "guard_history.jsonl"
SUBJECT = re.compile(
    r"\b(perf|performance|speed|speeds|speedups?|speed-ups?|speeding|sped|faster|fast[ -]?paths?|"
    r"optimi[sz](e[sd]?|ing|ations?))\b",
    re.IGNORECASE,
)
# About something else than speed: a module called `optimizer`, a fix of an earlier optimisation, its undoing.
OTHER = re.compile(
    r"\brevert|\bmerge\b|back out|\bundo\b|optimi[sz]er|\bfix(es|ed)?\b|\bdocs?\b|\btests?\b|benchmark|\bci\b|"
    r"changelog|typo|release|bump|performance (warning|tips)|\blint|"
    r"\bbug\b|\boptimize(\.py|d? module|d?\()|\(optimi[sz]e\)|"
    r"feature request",
    re.IGNORECASE,
)
# In sqlglot `optimize` is the name of a feature.
ITS_OWN = {"tobymao/sqlglot": re.compile("optimi", re.IGNORECASE)}
NOT_LIBRARY = re.compile(
    r"^(tests?|testing|test-?data|docs?|doc_src|examples?|benchmarks?|asv_bench|asv_benchmarks|scripts?|tools?|bin|release|ci|\.[a-z]+|"
    r"profiling|primer|misc|web|gallery|bench|perf|changelog\.d|fuzz|posts|conda|extra|_tests?|test_.*)$"
)
# Larger ones are rewrites and clean-ups of which speed is one part: no edit of one function that is hot.
MOST_LINES, MOST_FILES = 400, 8


@dataclass(frozen=True)
class Verdict:
    """What the guard said of a commit. `judged` says of each refusal, read by eye, "right" or "false alarm"."""

    repository: str
    commit: str
    files: int
    milliseconds: float
    rules: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()


def git(repository: Path, *arguments: str) -> str:
    line = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(line, capture_output=True, check=True, encoding="utf-8", errors="replace")
    return done.stdout


def name_of(repository: Path) -> str:
    folder = repository.parent if repository.name in ("repo", ".git") else repository
    return folder.name.replace("+", "/")


def commits(repository: Path) -> Iterator[tuple[str, str]]:
    """Commits with one parent whose subject is about performance, newest first, with their subjects."""
    log = git(repository, "log", "--no-merges", "--min-parents=1", "--format=%H %s", "HEAD")
    for line in log.splitlines():
        commit, _, subject = line.partition(" ")
        own = ITS_OWN.get(name_of(repository))
        if SUBJECT.search(subject) and not OTHER.search(subject) and not (own and own.search(subject)):
            yield commit, subject


def changed(repository: Path, commit: str) -> dict[str, int]:
    """The library's Python files that a commit changes, with the number of lines."""
    listing = git(repository, "diff-tree", "-r", "--no-renames", "--numstat", "-z", f"{commit}^", commit)
    found = {}
    for entry in filter(None, listing.split("\0")):
        more, less, path = entry.split("\t")
        if path.endswith(".py") and is_library(PurePosixPath(path)):
            found[path] = int(more) + int(less)
    return found


def is_library(path: PurePosixPath) -> bool:
    named = re.fullmatch(
        r"(test_.*|.*_tests?|conftest|setup|noxfile|versioneer|do2to3|runtests|tests?|tasks|bench.*)", path.stem
    )
    return not named and not any(NOT_LIBRARY.match(part.lower()) for part in path.parts[:-1])


def texts(repository: Path, commit: str, paths: list[str]) -> dict[str, str]:
    """The files of a commit that exist there, with "\\n" line ends."""
    found = {}
    for path in paths:
        if git(repository, "ls-tree", "--name-only", commit, "--", path):
            found[path] = git(repository, "show", f"{commit}:{path}").replace("\r\n", "\n")
    return found


def judge(repository: Path, commit: str, paths: list[str]) -> tuple[Verdict, list[guard.Objection]] | None:
    """The guard's verdict on a commit; None for sources that this Python does not read (Python 2's)."""
    old, new = texts(repository, f"{commit}^", paths), texts(repository, commit, paths)
    if not old or any(not is_readable(text) for text in [*old.values(), *new.values()]):
        return None
    started = time.perf_counter()
    found = [*guard.out_of_bounds(paths, (), (), ()), *guard.objections(old, new)]
    seconds = time.perf_counter() - started
    rules = tuple(each.rule for each in found)
    where = tuple(f"{each.path}:{each.line} {each.what}" for each in found)
    return Verdict(name_of(repository), commit, len(paths), round(1000 * seconds, 1), rules, where), found


def is_readable(text: str) -> bool:
    try:
        guard.parse(text)
    except SyntaxError:
        return False
    return True


def study(repository: Path, skip: int, most: int) -> Iterator[tuple[Verdict, str, list[guard.Objection]]]:
    count = 0
    for commit, subject in commits(repository):
        sizes = changed(repository, commit)
        if not sizes or len(sizes) > MOST_FILES or sum(sizes.values()) > MOST_LINES:
            continue
        count += 1
        if count > skip and (judged := judge(repository, commit, sorted(sizes))):
            yield judged[0], subject, judged[1]
        if count == skip + most:
            return


def judged_before(path: Path) -> dict[tuple[str, str, str], str]:
    """How refusals were judged by eye, by commit, rule and place."""
    lines = path.read_text().splitlines() if path.exists() else []
    verdicts = [json.loads(line) for line in lines]
    return {
        (each["commit"], rule, where): word
        for each in verdicts
        for rule, where, word in zip(each["rules"], each["where"], each["judged"], strict=True)
    }


def summary(verdicts: list[Verdict]) -> Iterator[str]:
    refused = [each for each in verdicts if each.rules]
    alarms = [each for each in refused if set(each.judged) == {"false alarm"}]
    by_construct = [each for each in refused if not set(each.rules) <= interface.WHY.keys()]
    yield f"{len(verdicts)} commits of {len({each.repository for each in verdicts})} repositories"
    yield f"turned down: {len(refused)}, {share(refused, verdicts)}"
    yield f"for more than the interface: {len(by_construct)}, {share(by_construct, verdicts)}"
    yield f"by false alarms alone: {len(alarms)}, {share(alarms, verdicts)}"
    times = sorted(each.milliseconds for each in verdicts)
    most = f"95 % {times[int(0.95 * len(times))]:.0f}, most {times[-1]:.0f}"
    yield f"milliseconds: median {statistics.median(times):.0f}, {most}"
    yield "| rule | commits | of them by false alarm |\n|---|---:|---:|"
    counts = Counter(rule for each in refused for rule in set(each.rules))
    pairs = [pair for each in refused for pair in set(zip(each.rules, each.judged, strict=True))]
    false = Counter(rule for rule, word in pairs if word == "false alarm")
    for rule, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        yield f"| {rule} | {count} | {false[rule]} |"


def share(some: list[Verdict], all_of_them: list[Verdict]) -> str:
    return f"{len(some) / len(all_of_them):.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--most", type=int, default=120, help="commits of each repository")
    parser.add_argument("--skip", type=int, default=0, help="so many of each, the newest, are left out")
    parser.add_argument("--save", type=Path, help="write the verdicts there, keeping what was judged in it")
    parser.add_argument("--judged", action="store_true", help="only count the saved verdicts")
    given = parser.parse_args()
    if given.judged:
        lines = (given.save or DATA).read_text().splitlines()
        print("\n".join(summary([Verdict(**json.loads(line)) for line in lines])))
        return
    words = judged_before(given.save or DATA)
    verdicts = []
    for repository in given.repositories:
        for verdict, subject, found in study(repository, given.skip, given.most):
            known = tuple(
                words.get((verdict.commit, rule, where), "")
                for rule, where in zip(verdict.rules, verdict.where, strict=True)
            )
            verdicts.append(Verdict(**{**asdict(verdict), "judged": known}))
            for each, word in zip(found, known, strict=True):
                print(f"{verdict.repository} {verdict.commit[:10]} [{each.rule}] {each} | {subject[:70]} | {word}")
    if given.save:
        given.save.write_text("".join(json.dumps(asdict(each)) + "\n" for each in verdicts))
    print("\n".join(summary(verdicts)))


if __name__ == "__main__":
    main()
