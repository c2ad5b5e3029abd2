"""Values in, the short texts in which every report says them out."""

from __future__ import annotations

import math
import shlex

from llmopt import output, person
from llmopt.data import Decision, Hotspot, Profile, Proposal, TestCommand, Usage, Verdict
from llmopt.judge import describe
from llmopt.loop import Event, Localized, Stopped


def duration(seconds: float) -> str:
    """ "0.4 ms", "830 ms", "12.3 s", "4 min 05 s"."""
    if seconds < 1:
        return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def coarse(seconds: float) -> str:
    """For times that run on a screen, or are guesses: "12 s", "4 min 05 s", "1 h 20 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole // 60 % 60:02d} min"


def expected(seconds: float) -> str:
    """ " (about 12 s)"; "" where it is not known, or not worth a word."""
    return f" (about {coarse(seconds)})" if seconds >= 1 else ""


def precise(seconds: float) -> str:
    """A duration with three digits, for those that are compared: "1.23 ms", "12.3 s"."""
    if seconds >= 120:
        return duration(seconds)
    unit, size = next(((unit, size) for unit, size in (("s", 1.0), ("ms", 1e-3)) if seconds >= size), ("µs", 1e-6))
    return f"{seconds / size:#.3g}".rstrip(".") + f" {unit}"


def size(count: float) -> str:
    """Bytes: "12.3 MB", "1.20 GB"."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def percent(share: float) -> str:
    """ "12 %", with one digit below 10 %."""
    return f"{100 * share:.{0 if share >= 0.0995 else 1}f} %"


def count(number: int, noun: str) -> str:
    """ "1 test", "3 tests"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def headroom(value: float) -> str:
    """The speedup if it cost nothing: "1.8x", "over 100x"."""
    return "over 100x" if value > 100 or math.isinf(value) else f"{value:.2f}x" if value < 10 else f"{value:.0f}x"


def still_hot(share: float, most: float) -> str:
    """What a function costs by itself, and what it could give: with all it calls, where that is more."""
    with_calls = " with all it calls" if most * (1 - share) > 1.05 else ""
    return f"{percent(share)} of the run (at most {headroom(most)}{with_calls})"


def described(speedup: float, interval: tuple[float | None, float | None]) -> str:
    """A speedup with its interval as reports hold it, None for a bound that is not known."""
    low, high = interval
    return describe(speedup, (low or 0.0, math.inf if high is None else high))


def quoted(text: str) -> str:
    """As one word of a shell's line."""
    return shlex.quote(output.one_line(text))


def tokens(usage: Usage) -> str:
    """ "no tokens used" or "12.3k tokens, $0.04"."""
    if not usage.known:
        return "tokens and cost not known (an agent's own)"
    if not usage.tokens:
        return "no tokens used"
    number = f"{usage.tokens / 1000:.1f}k" if usage.tokens >= 1000 else str(usage.tokens)
    return f"{number} tokens, ${usage.cost_usd:.2f}"


def spent(usage: Usage, usd: float | None, most: int | None) -> str:
    """The same against a budget: "12.3k of 500k tokens, $0.04 of $2"."""
    if not usage.known or (usd is None and most is None):
        return tokens(usage)
    of_tokens = f" of {_thousands(most)}" if most is not None else ""
    of_usd = f" of ${usd:g}" if usd is not None else ""
    return f"{_thousands(usage.tokens)}{of_tokens} tokens, ${usage.cost_usd:.2f}{of_usd}"


def _thousands(number: int) -> str:
    return f"{number / 1000:.1f}".removesuffix(".0") + "k" if number >= 1000 else str(number)


def short(function: str) -> str:
    """A function's key as people say it: the file's name and the qualified name."""
    path, _, name = output.one_line(function).partition("::")
    return f"{path.rsplit('/', 1)[-1]}::{name}"


def verdict(value: Verdict) -> str:
    """One line: what was tried on which function, and how it ended."""
    if value.accepted:
        shown = f"{describe(value.speedup, value.interval)} {short(value.function)}"
        return f"kept {by_hand(value)}{shown} ({output.one_line(value.author)})"
    if not value.is_edit:
        return output.one_line(f"no edit of {short(value.function)} ({value.author}): {value.reason}")
    end = "put aside" if value.put_aside else "turned down"
    before = f" (as in run {value.evidence['known']})" if "known" in value.evidence else ""
    return output.one_line(
        f"{end} at {value.stage}: {short(value.function)} ({value.author}): {first_line(value.reason)}{before}"
    )


def by_hand(value: Verdict) -> str:
    """ "by hand: " where a person answers for it, and not the judge."""
    return "by hand: " if person.BY_HAND in value.evidence else ""


def first_line(text: str, width: int = 200) -> str:
    """The first line that says something, cut to a width; models and tests write it, so without terminal escapes."""
    line = next((line.strip() for line in output.plain(text).splitlines() if line.strip()), "")
    line = line.rstrip(":")
    return line if len(line) <= width else line[: width - 1] + "…"


def hotspot(value: Hotspot) -> str:
    """One line about a hot function."""
    return (
        f"{short(value.function.key)}: self {percent(value.self_share)}, inclusive {percent(value.inclusive_share)}, "
        f"headroom {headroom(value.headroom)}"
    )


def event(value: Event) -> list[str]:
    """The plain log lines of an event."""
    if isinstance(value, Profile):
        lines = [f"profiled {count(len(value.seconds), 'workload')} in {duration(sum(value.seconds))}"]
        return lines + [f"note: {notice}" for notice in value.notices]
    if isinstance(value, Localized):
        return _localized(value)
    if isinstance(value, Proposal):
        plan = f": {first_line(value.plan)}" if value.plan.strip() else ""
        return [f"trying {value.author} on {short(value.hotspot.function.key)}{plan}"]
    if isinstance(value, Verdict):
        return [verdict(value)]
    assert isinstance(value, Stopped)
    return [f"stopped: {value.reason}"]


def _localized(value: Localized) -> list[str]:
    lines = [f"hot: {hotspot(spot)}" for spot in value.hotspots[:5]]
    if value.skipped:
        lines.append(f"skipped {count(len(value.skipped), 'function')} that could not gain enough")
    return lines


def decision(value: Decision, most: int = 0) -> str:
    """The state of a running measurement: "5 pairs, about 1.31x", "9 of 30 pairs, 1.31x [1.20, 1.43]"."""
    known = value.interval[0] > 0
    shown = describe(value.speedup, value.interval) if known else f"about {value.speedup:.2f}x"
    pairs = f"{value.pairs} of {count(most, 'pair')}" if most else count(value.pairs, "pair")
    return f"{pairs}, {shown}"


def command(tests: TestCommand) -> str:
    """The test command as people type it."""
    if tests.kind == "command":
        return " ".join(tests.arguments)
    return shlex.join(("python", "-m", tests.kind, *tests.arguments))
