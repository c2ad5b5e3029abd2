"""An open session in, its profile out: the hot functions, largest self share first."""

from __future__ import annotations

from dataclasses import replace

from llmopt import encoding, git, stages
from llmopt.data import Hotspot
from llmopt.events import View
from llmopt.reports.profiled import Profiled
from llmopt.session import Session


def run(opened: Session, view: View, known: Profiled | None = None) -> Profiled:
    """Run each workload once plainly, then under both passes of the profiler; nothing where `known` still holds."""
    if known and (again := remembered(opened, known)):
        return again
    for notice in opened.notices:
        view.notice(notice)
    base = stages.unmeasured_base(opened)
    profile = stages.profile(opened, base, view.stage)
    found = stages.localized(opened, profile)
    read = encoding.reader(opened.trees.of(base.commit))
    return Profiled(
        by_self(found.hotspots),
        found.skipped,
        profile,
        opened.project,
        base,
        git.tree_of(opened.place.root, opened.base),
        opened.scope.name if opened.scope else "",
        {path: read(path) for path in dict.fromkeys(spot.function.path for spot in found.hotspots)},
    )


def remembered(opened: Session, known: Profiled) -> Profiled | None:
    """An earlier profile as this session's own; None where code or workloads are not what they were."""
    same = known.tree == git.tree_of(opened.place.root, opened.base) and known.project == opened.project
    if not same or opened.scope or known.scope:
        return None
    base, taken = replace(known.base, commit=opened.base), replace(known.profile, commit=opened.base)
    opened.journal.add("profile", taken, key=opened.base)
    return replace(known, base=base, profile=taken)


def by_self(hotspots: tuple[Hotspot, ...]) -> tuple[Hotspot, ...]:
    """Largest self share first."""
    return tuple(sorted(hotspots, key=lambda spot: (-spot.self_share, -spot.inclusive_share)))
