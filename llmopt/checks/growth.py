"""What calls with ever new arguments left in memory, on base and candidate, in; an objection and the evidence out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEAST_BYTES = 16.0  # per call: less is noise of the allocator
# A cache that still grows after so many different inputs has no bound that its author meant; bounds of some hundred are
# usual. Where a function is too slow for that many calls, growth is told, and nothing more.
ENOUGH_CALLS = 2000


@dataclass(frozen=True)
class Growth:
    objection: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


def of(base: Mapping[str, Any], candidate: Mapping[str, Any]) -> Growth:
    """Of two reports of the job "slope": {"growth": {Function.key: {"bytes" per call, "calls", "bound"}}}.

    Growth that the base has as well is none of the edit's.
    """
    before, after = _measured(base), _measured(candidate)
    if not after:
        return Growth(evidence={"memory": "growth not measured"})
    grown = {key: each for key, each in after.items() if _is_more(before.get(key), each)}
    texts = [_told(key, each, before.get(key)) for key, each in grown.items()]
    endless = [key for key, each in grown.items() if not each["bound"] and each["calls"] >= ENOUGH_CALLS]
    objection = _objection(endless[0], grown[endless[0]], before.get(endless[0])) if endless else ""
    return Growth(objection, {"memory": "; ".join(texts) or "no growth over distinct inputs"})


def _measured(report: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """It comes from the candidate's process: what is malformed is left out."""
    found = report.get("growth")
    names = ("bytes", "calls", "bound")
    return {
        str(key): each
        for key, each in (found.items() if isinstance(found, Mapping) else ())
        if isinstance(each, Mapping) and all(isinstance(each.get(name), (int, float)) for name in names)
    }


def _is_more(before: Mapping[str, float] | None, after: Mapping[str, float]) -> bool:
    return after["bytes"] > LEAST_BYTES + 2 * (before["bytes"] if before else 0.0)


def _told(key: str, after: Mapping[str, float], before: Mapping[str, float] | None) -> str:
    text = f"{key} keeps {_bytes(after)} per call (base {_bytes(before)}) after {after['calls']:.0f} calls"
    return f"{text}, up to {after['bound']:.0f} entries" if after["bound"] else text


def _objection(key: str, after: Mapping[str, float], before: Mapping[str, float] | None) -> str:
    return (
        f"memory grows without a bound: {_told(key, after, before)}, each with other arguments\n"
        "give the cache a bound, such as lru_cache(maxsize=1024), or keep it for one call or in the instance "
        "(--max-memory-growth inf lets it grow)"
    )


def _bytes(measured: Mapping[str, float] | None) -> str:
    return f"{max(0.0, measured['bytes'] if measured else 0.0):.0f} bytes"
