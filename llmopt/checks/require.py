"""An edit with less evidence than is required is not accepted, however fast it is."""

from __future__ import annotations

from collections.abc import Mapping

from llmopt import evidence
from llmopt.data import Base, Candidate, Check, Finding


def after(checks: Mapping[str, Check], least: str = "") -> dict[str, Check]:
    """The checks, and after them the one that weighs the evidence they left.

    `least` is a level of `evidence.LEVELS`; "" asks for tests where there are any, else for the workload's output.
    """
    seen: dict[str, dict[str, str]] = {}  # by the candidate's commit

    def noted(check: Check) -> Check:
        def look(candidate: Candidate, base: Base) -> Finding:
            finding = check(candidate, base)
            seen.setdefault(candidate.commit, {}).update(finding.evidence)
            return finding

        return look

    def require(candidate: Candidate, base: Base) -> Finding:
        level = least or ("tests" if base.gate else "output")
        missing = evidence.shortfall(seen.get(candidate.commit, {}), level)
        return Finding(not missing, f"{missing} (--require lowers what is asked for)" if missing else "")

    return {**{name: noted(check) for name, check in checks.items()}, "require": require}
