"""A profile in, the functions worth a model's time out, ranked by what they cost themselves (pure).

The shares of several workloads are their weighted mean; headroom is taken per workload and combined as a weighted
geometric mean, like the speedup it bounds.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from llmopt.data import Caller, Detail, Function, Hotspot, Profile, ReadFile, Stack
from llmopt.errors import EditError
from llmopt.profilers.names import MODULE, is_inside, spans

LARGEST_HEADROOM = 1000.0  # of a function that is the whole run, where the formula divides by zero
SAMPLE_SECONDS = 0.004  # between two looks of the sampler, at the slowest rate
DISTURBANCE = 0.02  # of a share, by the sampling itself
CHAIN = 40  # callers told, nearest first: as deep as a recursive descent parser that reads a join
CALLEES = 8
# What is not the user's product. Tests lie at any depth, the other folders and files right below the user's folder:
# packages have modules of these names too.
TEST_FOLDERS = {"test", "tests", "site-packages", "node_modules"}
OTHER_FOLDERS = {
    *("benchmark", "benchmarks", "bench", "asv_bench", "perf", "workloads", "testing"),
    *("doc", "docs", "example", "examples", "tools", "scripts", "build", "dist"),
}
OTHER_FILES = {"setup.py", "noxfile.py", "tasks.py", "fabfile.py", "versioneer.py", "workload.py"}
OTHER_NAMES = re.compile(r"conftest\.py|(test|bench|benchmark)_.*|.*_(test|bench|benchmark)\.py")


@dataclass(frozen=True)
class Skipped:
    """A function that is not worth a model's time, and why."""

    function: Function
    headroom: float
    reason: str


def is_code(path: str, folder: str = "") -> bool:
    """A Python file of the repository that is no test, benchmark, build script, documentation or example.

    What `folder` (the user's, relative to the root) already lies in is not held against the file.
    """
    file = PurePosixPath(path)
    if file.is_absolute() or file.suffix != ".py" or path.startswith("<"):
        return False
    below = file.relative_to(folder) if folder and file.is_relative_to(folder) else file
    *folders, name = (part.lower() for part in below.parts)
    if any(part in TEST_FOLDERS or part.startswith(".") for part in folders) or OTHER_NAMES.fullmatch(name):
        return False
    return folders[0] not in OTHER_FOLDERS if folders else name not in OTHER_FILES


def hotspots(
    profile: Profile,
    read_source: ReadFile,
    *,
    min_speedup: float,
    is_target: Callable[[str], bool] = is_code,
    weights: Sequence[float] = (),
) -> tuple[list[Hotspot], list[Skipped]]:
    """The functions whose path is a target, by own share; those that could not reach `min_speedup` are skipped.

    `weights` are the workloads', equal if not given.
    """
    parts = _normalised(weights or [1.0] * len(profile.seconds))
    shares, details = _Shares(profile), {each.function: each for each in profile.details}
    ends_in = functools.cache(functools.partial(_ends, read_source))  # a file is parsed once
    found: list[Hotspot] = []
    skipped: list[Skipped] = []
    for index, function in enumerate(profile.functions):
        if not is_target(function.path) or _mean(shares.inclusive[index], parts) <= 0:
            continue
        bound = headroom(shares.inclusive[index], parts)
        if reason := _reason_to_skip(function, bound, min_speedup):
            skipped.append(Skipped(function, bound, reason))
        elif (end_line := ends_in(function.path).get((function.name, function.line))) is None:
            skipped.append(Skipped(function, bound, "not found in the source of its file"))
        else:
            found.append(_hotspot(profile, shares, details, index, parts, bound, end_line))
    found.sort(key=lambda hotspot: (-hotspot.own_share, -hotspot.inclusive_share, hotspot.function.key))
    skipped.sort(key=lambda one: (-one.headroom, one.function.key))
    return found, skipped


def headroom(inclusive: Sequence[float], parts: Sequence[float]) -> float:
    """The speedup of all workloads if the function cost nothing: prod (1 / (1 - share_w)) ** part_w."""
    floor = 1 / LARGEST_HEADROOM
    return math.exp(-sum(part * math.log(max(floor, 1 - share)) for share, part in zip(inclusive, parts, strict=True)))


def headroom_of(profile: Profile, keys: Container[str], weights: Sequence[float]) -> float:
    """The most speedup there can be if these functions, with all they call, cost nothing.

    Unlike the estimate by which functions are ranked it errs on the large side: by three standard errors of the sampled
    share, and by what sampling itself disturbs.
    """
    chosen = {index for index, function in enumerate(profile.functions) if function.key in keys}
    shares = [0.0] * len(profile.seconds)
    for stack in profile.stacks:
        if chosen.intersection(stack.frames):
            shares[stack.workload] += stack.share
    most = [
        share + 3 * math.sqrt(share * max(0.0, 1 - share) * SAMPLE_SECONDS / seconds) + DISTURBANCE
        for share, seconds in zip(shares, profile.seconds, strict=True)
    ]
    return math.inf if max(most) > 1 - 1 / LARGEST_HEADROOM else headroom(most, _normalised(weights))


def below(profile: Profile, keys: Container[str]) -> frozenset[str]:
    """The repository's functions that run below one of these in the call tree: what they call, and what that calls."""
    found: set[str] = set()
    chosen = {index for index, function in enumerate(profile.functions) if function.key in keys}
    for stack in profile.stacks:
        first = next((place for place, index in enumerate(stack.frames) if index in chosen), len(stack.frames))
        found |= {
            profile.functions[index].key for index in stack.frames[first + 1 :] if is_inside(profile.functions[index])
        }
    return frozenset(found)


def _reason_to_skip(function: Function, bound: float, min_speedup: float) -> str:
    if bound < min_speedup:
        return f"at most {bound:.3f}x if it cost nothing, below the {min_speedup:.3f}x that is worth a try"
    return "runs at module level, not in a function" if function.name == MODULE else ""


def _ends(read_source: ReadFile, path: str) -> dict[tuple[str, int], int]:
    """The last line of each function of a file, by name and line of `def`."""
    try:
        source = read_source(path)
    except EditError:
        return {}
    return {(span.name, span.line): span.end for span in spans(source)}


class _Shares:
    """Self, own and inclusive shares of each function in each workload; recursion counts once a stack."""

    def __init__(self, profile: Profile) -> None:
        count = len(profile.seconds)
        self.self_: dict[int, list[float]] = {i: [0.0] * count for i in range(len(profile.functions))}
        self.own: dict[int, list[float]] = {i: [0.0] * count for i in range(len(profile.functions))}
        self.inclusive: dict[int, list[float]] = {i: [0.0] * count for i in range(len(profile.functions))}
        inside = [is_inside(function) for function in profile.functions]
        for stack in profile.stacks:
            for index in set(stack.frames):
                self.inclusive[index][stack.workload] += stack.share
            self.self_[stack.frames[-1]][stack.workload] += stack.share
            own = next((index for index in reversed(stack.frames) if inside[index]), None)
            if own is not None:
                self.own[own][stack.workload] += stack.share


def _hotspot(
    profile: Profile,
    shares: _Shares,
    details: Mapping[str, Detail],
    index: int,
    parts: Sequence[float],
    bound: float,
    end_line: int,
) -> Hotspot:
    function = profile.functions[index]
    detail = details.get(function.key)
    return Hotspot(
        function=function,
        end_line=end_line,
        self_share=_mean(shares.self_[index], parts),
        own_share=_mean(shares.own[index], parts),
        inclusive_share=_mean(shares.inclusive[index], parts),
        headroom=bound,
        calls=detail.calls if detail else None,
        chain=tuple(
            _caller(profile.functions[caller], _mean(shares.inclusive[caller], parts), details)
            for caller in _chain(profile, index, parts)
        ),
        callees=tuple(_callees(profile, index, parts)),
        lines=(detail or NO_DETAIL).lines,
        arguments=(detail or NO_DETAIL).arguments,
        callers=(detail or NO_DETAIL).callers,
        repeats=(detail or NO_DETAIL).repeats,
    )


NO_DETAIL = Detail("", 0)


def _caller(function: Function, share: float, details: Mapping[str, Detail]) -> Caller:
    detail = details.get(function.key)
    return Caller(function, share, detail.calls if detail else None)


def _chain(profile: Profile, index: int, parts: Sequence[float]) -> list[int]:
    """The repository's callers of a function along its heaviest call path, nearest first."""
    paths = [(path, stack.share * parts[stack.workload]) for stack in profile.stacks if (path := _above(stack, index))]
    kept = [(_without(path, profile), weight) for path, weight in paths]
    chain: list[int] = []
    while len(chain) < CHAIN:
        weights: defaultdict[int, float] = defaultdict(float)
        for path, weight in kept:
            if len(path) > len(chain):
                weights[path[len(chain)]] += weight
        if not weights:
            break
        heaviest = max(weights, key=lambda caller: (weights[caller], -caller))
        kept = [(path, w) for path, w in kept if len(path) > len(chain) and path[len(chain)] == heaviest]
        chain.append(heaviest)
    return chain


def _above(stack: Stack, index: int) -> tuple[int, ...]:
    """The callers of the outermost frame of the function, nearest first."""
    return stack.frames[: stack.frames.index(index)][::-1] if index in stack.frames else ()


def _without(path: Iterable[int], profile: Profile) -> tuple[int, ...]:
    """The path without code outside the repository, and with each function once: its nearest frame."""
    return tuple(dict.fromkeys(caller for caller in path if is_inside(profile.functions[caller])))


def _callees(profile: Profile, index: int, parts: Sequence[float]) -> Iterator[tuple[Function, float]]:
    """The functions called directly, with the share of the run below those calls; largest first."""
    weights: defaultdict[int, float] = defaultdict(float)
    for stack in profile.stacks:
        frames = stack.frames
        for callee in {b for a, b in itertools.pairwise(frames) if a == index and b != index}:
            weights[callee] += stack.share * parts[stack.workload]
    for callee, share in sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:CALLEES]:
        yield profile.functions[callee], share


def _mean(shares: Sequence[float], parts: Sequence[float]) -> float:
    return sum(share * part for share, part in zip(shares, parts, strict=True))


def _normalised(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]
