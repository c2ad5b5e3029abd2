"""`llmopt check`: what is staged and the kept profile in; the slow patterns in hot functions that it touches out.

Nothing of the target runs and no model is asked. This is a commit hook: it looks for what is hot first, and imports
what reads code closely only then.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmopt import git, hot, output, scopes, touched
from llmopt.errors import UsageError
from llmopt.hot import Known

if TYPE_CHECKING:
    from llmopt.data import Hotspot, Scope

CLEAN, FOUND = 0, 5
FAIL_ON = ("none", "rules", "any")
MAKE_ONE = "`llmopt profile` makes one"
STATE = ".llmopt"
MOST_TIME = "5m"  # of --fix
LEAST_SHARE = 0.01  # of the run, in a function's own code: a gain in less of it could not be told from noise


@dataclass(frozen=True)
class Options:
    """What is said about one call."""

    fix: bool = False
    fail_on: str = "none"
    changed_since: str = ""
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Found:
    """A hot function that is touched: its key, line and own share of the run, what the rules would rewrite, and the
    patterns whose shape it has."""

    function: str
    line: int
    share: float
    rules: tuple[str, ...]
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """What was found. `reason` says why nothing could be looked at; `profile` of which workloads and when it is."""

    touched: int = 0
    found: tuple[Found, ...] = ()
    cold: tuple[str, ...] = ()
    profile: str = ""
    reason: str = ""


def run(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str], options: Options) -> int:
    """Look at what is staged (or pushed, or changed since a revision); the exit code is 0 unless --fail-on asks."""
    if options.fail_on not in FAIL_ON:
        raise UsageError(f"--fail-on {options.fail_on} is not known", f"known: {', '.join(FAIL_ON)}")
    root = git.top(path)
    scope = scope_of(root, options.changed_since, environ)
    checked = check(root, path, scope)
    report(checked, scope, options)
    if options.fix and any(each.rules for each in checked.found):
        return fix(path, flags, checked, options)
    return exit_code(checked, options.fail_on)


def is_nothing(environ: Mapping[str, str]) -> bool:
    """Is nothing of what is staged hot? Then it is said, and there is no more to do."""
    root = git.top(Path())
    scope = scope_of(root, "", environ)
    checked = check(root, Path(), scope)
    if checked.found:
        return False
    report(checked, scope, Options())
    return True


def scope_of(root: Path, since: str, environ: Mapping[str, str]) -> Scope:
    """As of `llmopt optimize --staged`, but the index is a tree and no commit: nothing is built on it."""
    from llmopt.data import Scope

    if since or scopes.of_hook(root, environ):
        scope = scopes.asked(root, staged=not since, since=since, environ=environ)
        assert scope
        return scope if scope.new else replace(scope, new=git.snapshot(root)[0])
    return Scope("--staged", git.head(root), git.staged_tree(root), staged=True)


def check(root: Path, path: Path, scope: Scope) -> Checked:
    """Find what is touched, then what of it is hot, then what is slow in that."""
    changes = scopes.changes(root, scope.old, scope.new)
    if not changes:
        return Checked(reason="no Python file is changed")
    known, reason = usable(root, path, scope)
    if not known:
        return Checked(reason=reason)
    files = {spot["function"]["path"] for each in known for spot in each.spots}
    spread = any(touched.between(change.old, change.new).names for change in changes)  # else no other file is touched
    keys = touched.keys(changes, scopes.texts(root, scope.new, sorted(files)) if spread else {})
    hottest = heat(known)
    texts = {change.path: change.new for change in changes}
    texts |= scopes.texts(root, scope.new, {key.partition("::")[0] for key in keys & hottest.keys()} - texts.keys())
    return Checked(
        touched=len(keys),
        found=tuple(looked_into(known, frozenset(keys & hottest.keys()), texts)),
        cold=tuple(sorted(keys - hottest.keys())),
        profile=", ".join(dict.fromkeys(spec for each in known for spec in each.workloads)) + f", {age(known[0])}",
    )


def usable(root: Path, path: Path, scope: Scope) -> tuple[list[Known], str]:
    """The kept profiles that still say something, and why there are none."""
    place = path.resolve() if path.is_dir() else path.resolve().parent
    folder = "" if place == root else place.relative_to(root).as_posix()
    kept = hot.read(root / STATE, folder)
    if not kept:
        return [], f"there is no profile to tell what is hot; {MAKE_ONE}"
    now, before = time.time(), scope.old or scope.new
    reasons = [hot.why_stale(each, now, lambda paths: scopes.texts(root, before, paths)) for each in kept]
    fresh = [each for each, stale in zip(kept, reasons, strict=True) if not stale]
    return fresh, "" if fresh else f"the kept profile is out of date ({reasons[0]}); {MAKE_ONE}"


def heat(known: Sequence[Known]) -> dict[str, float]:
    """Own share of each hot function, the largest over the profiles. What only calls hot functions is not meant."""
    found: dict[str, float] = {}
    for each in known:
        for key, share in each.shares.items():
            found[key] = max(share, found.get(key, 0.0))
    return {key: share for key, share in found.items() if share >= LEAST_SHARE}


def age(known: Known) -> str:
    days = int((time.time() - known.at) / 86400)
    return "of today" if days == 0 else f"{days} day{'' if days == 1 else 's'} old"


def looked_into(known: Sequence[Known], keys: frozenset[str], texts: Mapping[str, str]) -> Iterator[Found]:
    """What is slow in each hot function, the hottest first."""
    spots: dict[str, Hotspot] = {}
    for each in known if keys else ():
        spots |= {spot.function.key: spot for spot in hot.hotspots(each, keys) if spot.function.key not in spots}
    for spot in sorted(spots.values(), key=lambda spot: -spot.own_share):
        yield _look(spot, texts.get(spot.function.path, ""))


def _look(spot: Hotspot, text: str) -> Found:
    from llmopt import syntax
    from llmopt.models import rules
    from llmopt.search import patterns

    made = rules.rewrite(text, spot.function.name, spot.arguments)
    own = [each for each in syntax.definitions(syntax.parse(text)) if each.name == spot.function.name]
    advice = patterns.matching(own[-1].text(text.split("\n"))) if own else ()
    line = own[-1].node.lineno if own else spot.function.line
    return Found(spot.function.key, line, spot.own_share, tuple(each.explanation for each in made), advice)


def exit_code(checked: Checked, fail_on: str) -> int:
    """0, or 5 where --fail-on asks for it and there is such a thing."""
    any_rule = any(each.rules for each in checked.found)
    any_pattern = any(each.patterns for each in checked.found)
    asked = {"none": False, "rules": any_rule, "any": any_rule or any_pattern}
    return FOUND if asked[fail_on] else CLEAN


def report(checked: Checked, scope: Scope, options: Options) -> None:
    """The result on standard output; --quiet leaves only what was found."""
    if options.json and not options.fix:
        print(json.dumps(as_json(checked, scope)))
    elif checked.found or not options.quiet:
        output.say("\n".join(lines(checked, scope, options)))
    sys.stdout.flush()  # before the log of --fix, which goes to standard error


def as_json(checked: Checked, scope: Scope) -> dict[str, Any]:
    """The documented keys of `llmopt check --json`."""
    return {
        "scope": scope.name,
        "touched": checked.touched,
        "hot": [
            {
                "function": each.function,
                "line": each.line,
                "share": round(each.share, 4),
                "rules": list(each.rules),
                "patterns": list(each.patterns),
            }
            for each in checked.found
        ],
        "not_worth": list(checked.cold),
        "profile": checked.profile,
        "reason": checked.reason,
    }


def lines(checked: Checked, scope: Scope, options: Options) -> list[str]:
    """What a person reads: one line where nothing is hot."""
    if checked.reason:
        return [f"llmopt check: {checked.reason}"]
    count = f"{checked.touched} function{'' if checked.touched == 1 else 's'} touched"
    if not checked.found:
        return [f"llmopt check: {count}, none of them hot: not worth a look ({checked.profile})"]
    said = [f"llmopt check: {count}, {len(checked.found)} hot ({checked.profile})"]
    for each in checked.found:
        path, _, name = each.function.partition("::")
        said.append(f"{path}:{each.line}: {name}: {100 * each.share:.0f} % of the run")
        said += [f"  {explanation}" for explanation in each.rules]
        said += [f"  look at: {advice}" for advice in each.patterns]
        said += ["  no known slow pattern"] if not (each.rules or each.patterns) else []
    if checked.cold:
        said.append(f"not hot, not worth a look: {', '.join(key.rpartition('::')[2] for key in checked.cold[:8])}")
    if any(each.rules for each in checked.found) and not options.fix:
        said.append("Nothing was measured. `llmopt check --fix` tries the rewrites, and keeps what is proven faster.")
    return said


def fix(path: Path, flags: Mapping[str, Any], checked: Checked, options: Options) -> int:
    """Put the rewrites through the funnel of `llmopt optimize`; what passes goes into the files, not into the index."""
    from llmopt.commands import optimize

    functions = [each.function for each in checked.found if each.rules]
    given = {name: value for name, value in flags.items() if value is not None}
    asked = optimize.Options(
        json=options.json, quiet=options.quiet, staged=not options.changed_since, changed_since=options.changed_since
    )
    fixed = {"keep": "worktree", "max_time": MOST_TIME, **given, "functions": functions, "model": "rules"}
    return optimize.run(path, fixed, asked)
