"""A verdict and what a person says of it in; the verdict that the run goes on with out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from llmopt.data import Proposal, Verdict
from llmopt.errors import EnoughError

STAGE = "person"  # at which an edit that passed all checks is turned down by hand
TIMED = ("timing", "confirmation")
BY_HAND, EDITED = "by hand", "edited"  # names of evidence
SUFFIX = ", edited by hand"


@dataclass(frozen=True)
class Question:
    """What a person is shown, and what can be answered. `files` are the texts to edit by hand."""

    verdict: Verdict
    diff: str
    files: Mapping[str, str]
    may_keep: bool
    may_hint: bool


@dataclass(frozen=True)
class Answer:
    """`what` is "keep", "skip", "edit" or "stop"; `hint` goes to whoever proposed it; `files` are texts edited."""

    what: str
    hint: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


Ask = Callable[[Question], Answer]


def decide(
    proposal: Proposal,
    verdict: Verdict,
    ask: Callable[[Proposal, Verdict], Answer],
    judge: Callable[[Proposal], Verdict],
) -> Verdict:
    """Ask until it is decided: what is edited by hand is judged as a new proposal, and asked about again.

    Raises EnoughError where the person stops the run.
    """
    hints: list[str] = []
    while True:
        answer = ask(proposal, verdict)
        hints += [answer.hint] if answer.hint else []
        if answer.what == "stop":
            raise EnoughError("stopped by hand")
        if answer.what != "edit":
            settled = kept(verdict) if answer.what == "keep" else skipped(verdict)
            return replace(settled, hint=" ".join(hints))
        proposal = edited(proposal, answer.files)
        found = judge(proposal)
        verdict = replace(found, evidence={**found.evidence, EDITED: "by hand"})


def may_keep(verdict: Verdict) -> bool:
    """Whether a person may keep it: it behaves the same as far as was checked, and at most its gain is in doubt."""
    return verdict.accepted or (bool(verdict.commit) and verdict.stage in TIMED and verdict.interval != (0.0, 0.0))


def kept(verdict: Verdict) -> Verdict:
    """Kept; on the person's word where the judge's says otherwise."""
    if verdict.accepted:
        return verdict
    said = f"kept by a person, though turned down at {verdict.stage}: {verdict.reason}"
    return replace(verdict, accepted=True, put_aside=False, evidence={**verdict.evidence, BY_HAND: said})


def skipped(verdict: Verdict) -> Verdict:
    """Not kept, whatever the judge says."""
    return replace(verdict, accepted=False, stage=STAGE, reason="skipped by hand") if verdict.accepted else verdict


def edited(proposal: Proposal, files: Mapping[str, str]) -> Proposal:
    """The proposal with other texts."""
    author = proposal.author.removesuffix(SUFFIX) + SUFFIX
    return replace(proposal, author=author, files=dict(files), edits=(), problem="")
